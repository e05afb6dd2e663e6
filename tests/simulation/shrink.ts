/**
 * Makes a broken world smaller: the same promise must stay broken.
 *
 * @module
 */
import type { ClientPlan, NetworkPlan, Part, Scenario, Step } from "./scenario.ts";
import { simulate } from "./simulate.ts";

/** The promise that a fault is about. */
export function kindOf(fault: string): string {
  return fault.slice(0, fault.indexOf(":"));
}

const PLAIN: NetworkPlan = {
  latency: 1,
  jitter: 0,
  chunk: 0,
  capacity: 65_536,
  promises: false,
  keepAlive: 0,
};

/** All ways to make a step simpler. */
function simpler(step: Step): Step[] {
  const found: Step[] = [];
  const { timeout, abort, parts, part } = step as {
    timeout?: number;
    abort?: number;
    parts?: Part[];
    part?: Part;
  };
  const without = (name: string): void => {
    const { [name]: _gone, ...rest } = step as unknown as Record<string, unknown>;
    found.push(rest as unknown as Step);
  };
  if (timeout !== undefined) without("timeout");
  if (abort !== undefined) without("abort");
  if (parts !== undefined && parts.length > 1) {
    const half = parts.length >> 1;
    found.push(
      { ...step, parts: parts.slice(half) } as Step,
      { ...step, parts: parts.slice(0, half) } as Step,
    );
    parts.forEach((_, at) =>
      found.push({ ...step, parts: parts.filter((_, other) => other !== at) } as Step)
    );
  }
  if ((part?.size ?? 0) > 0) found.push({ ...step, part: { ...part, size: 0 } } as Step);
  return found;
}

/** Makes a scenario smaller; `kind` is the promise that it breaks, `tries` bounds the runs. */
export async function shrink(scenario: Scenario, kind: string, tries: number = 400): Promise<Scenario> {
  let best = scenario;
  let left = tries;
  const fails = async (candidate: Scenario): Promise<boolean> => {
    if (left-- <= 0) return false;
    const { faults } = await simulate(candidate);
    if (!faults.some((fault) => kindOf(fault) === kind)) return false;
    best = candidate;
    return true;
  };
  // Steps, in parts that become smaller.
  for (let size = best.steps.length >> 1; size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at < best.steps.length;) {
      const steps = [...best.steps.slice(0, at), ...best.steps.slice(at + size)];
      if (!await fails({ ...best, steps })) at += size;
    }
  }
  await fails({ ...best, network: PLAIN });
  for (const name of Object.keys(PLAIN) as (keyof NetworkPlan)[]) {
    if (best.network[name] !== PLAIN[name]) {
      await fails({ ...best, network: { ...best.network, [name]: PLAIN[name] } });
    }
  }
  for (let at = 0; at < best.clients.length; at++) {
    const change = (plan: ClientPlan): Promise<boolean> =>
      fails({ ...best, clients: best.clients.map((one, other) => other === at ? plan : one) });
    if (await change({ options: {} })) continue;
    for (const name of Object.keys(best.clients[at]!.options)) {
      const { [name]: _gone, ...options } = best.clients[at]!.options as Record<string, unknown>;
      await change({ ...best.clients[at]!, options });
    }
  }
  while (best.clients.length > 1) {
    const last = best.clients.length - 1;
    const used = best.steps.some((step) => "client" in step && step.client === last);
    if (used || !await fails({ ...best, clients: best.clients.slice(0, last) })) break;
  }
  for (let at = 0; at < best.steps.length; at++) {
    for (let again = true; again;) {
      again = false;
      for (const step of simpler(best.steps[at]!)) {
        if (await fails({ ...best, steps: best.steps.map((one, other) => other === at ? step : one) })) {
          again = true;
          break;
        }
      }
    }
  }
  // Once more, one by one.
  for (let at = 0; at < best.steps.length;) {
    if (!await fails({ ...best, steps: best.steps.filter((_, other) => other !== at) })) at++;
  }
  return best;
}
