/**
 * A scenario for people.
 *
 * @module
 */
import type { Scenario } from "./scenario.ts";
import { describeStep } from "./trace.ts";

/** Its clients and its steps, one a line. */
export function printScenario(
  { seed, topology, servers, space, network, clients, steps, duration }: Scenario,
): string {
  const lines = [`seed ${seed}, ${topology}, ${duration} ms, network ${JSON.stringify(network)}`];
  if (servers !== undefined) lines.push(`servers: ${JSON.stringify(servers)}`);
  if (space !== undefined) lines.push(`space: ${JSON.stringify(space)}`);
  clients.forEach(({ options, shares, pool, named }, at) => {
    const whose = named
      ? " (knows a host name, no sentinels)"
      : shares !== undefined
      ? ` (pool of client ${shares})`
      : pool !== undefined
      ? ` (${pool} pool)`
      : "";
    lines.push(`client ${at}${whose}: ${JSON.stringify(options)}`);
  });
  for (const step of steps) lines.push(`${String(step.at).padStart(8)} ms  ${describeStep(step)}`);
  return lines.join("\n");
}
