/**
 * Reads from replicas return what a key has had: never older than `maxLag` allows, and never what it has not had.
 *
 * @module
 */
import { describeOperation, type History, isLossy, type Operation } from "../history.ts";
import { versionsOf } from "./cache.ts";

/** Milliseconds between two looks at replicas, at the most, beside `maxLag`. */
const LATE = 100;

/** Judges the reads of clients with `readFrom`. */
export function judgeStaleness(history: History): string[] {
  const { operations, flushes, times, scenario, sleeps } = history;
  const reads = operations.filter(({ part, how, client, outcome }) =>
    part.verb === "get" && /^k/.test(part.key) && how === "call" && outcome !== undefined &&
    outcome.error === undefined && scenario.clients[client]!.options.readFrom !== undefined
  );
  if (reads.length === 0 || isLossy(scenario)) return [];
  const writes: Map<string, { operation: Operation; event: number }[]> = new Map();
  for (const operation of operations) {
    const { verb, key } = operation.part;
    if (!/^k/.test(key) || verb === "get" || verb === "range" || operation.how === "pop") continue;
    for (const event of operation.executions) {
      const list = writes.get(key);
      if (list === undefined) writes.set(key, [{ operation, event }]);
      else list.push({ operation, event });
    }
  }
  const versions = new Map([...writes].map(([key, list]) => [key, versionsOf(list, flushes, times)]));
  const none = versionsOf([], flushes, times);
  return reads.filter(({ part, client, outcome, calledAt, settled }) => {
    const { readFrom } = scenario.clients[client]!.options;
    const maxLag = typeof readFrom === "object" ? readFrom.maxLag : Infinity;
    // A process that stood still has looked at nothing.
    const slept = sleeps.filter(({ at }) => at <= times[settled]!).reduce((sum, { ms }) => sum + ms, 0);
    const oldest = calledAt - maxLag - LATE - slept;
    const all = versions.get(part.key) ?? none;
    return !all.some((version, at) =>
      version.value === outcome!.value && version.event <= settled &&
      (all[at + 1]?.at ?? Infinity) >= oldest
    );
  }).map((operation) =>
    `staleness: ${describeOperation(operation)} returned ${
      JSON.stringify(operation.outcome!.value)?.slice(0, 80)
    }`
  );
}
