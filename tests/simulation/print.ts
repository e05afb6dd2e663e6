/**
 * A scenario for people.
 *
 * @module
 */
import type { Scenario } from "./scenario.ts";
import { describeStep } from "./trace.ts";

/** Its clients and its steps, one a line. */
export function printScenario({ seed, network, clients, steps, duration }: Scenario): string {
  const lines = [`seed ${seed}, ${duration} ms, network ${JSON.stringify(network)}`];
  clients.forEach(({ options, shares, pool }, at) => {
    const whose = shares !== undefined
      ? ` (pool of client ${shares})`
      : pool !== undefined
      ? ` (${pool} pool)`
      : "";
    lines.push(`client ${at}${whose}: ${JSON.stringify(options)}`);
  });
  for (const step of steps) lines.push(`${String(step.at).padStart(8)} ms  ${describeStep(step)}`);
  return lines.join("\n");
}
