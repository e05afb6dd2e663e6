/**
 * If servers may lose writes, each result is still a reply of a server to this client between the call and
 * its end. A client that reads from masters receives no reply of a replica.
 *
 * @module
 */
import {
  describeOperation,
  describeOutcome,
  type History,
  isLossy,
  type Operation,
  type Served,
} from "../history.ts";
import { ABSENT, effect } from "./consistency.ts";

function fits(
  operation: Operation,
  served: ReadonlyMap<string, readonly Served[]>,
  owners: readonly number[],
): boolean {
  const { part, client, called, settled, outcome, executions, states } = operation;
  if (part.verb === "get") {
    const own = served.get(`${owners[client]} ${part.key}`) ?? [];
    return own.some(({ event, value }) => event > called && event <= settled && value === outcome!.value);
  }
  const apply = effect(operation);
  return executions.some((event, at) =>
    event > called && event < settled && apply(states[at] ?? ABSENT) !== undefined
  );
}

/** Judges single results. */
export function judgeReplies(history: History): string[] {
  const { operations, scenario, served, owners } = history;
  if (!isLossy(scenario)) return [];
  const byKey: Map<string, Served[]> = new Map();
  for (const one of served) {
    const name = `${one.owner} ${one.key}`;
    const list = byKey.get(name);
    if (list === undefined) byKey.set(name, [one]);
    else list.push(one);
  }
  const faults = operations.filter((operation) => {
    const { part: { key, verb }, how, outcome, client } = operation;
    if (!/^[kn]/.test(key) || how === "pop" || how === "once" || outcome === undefined) return false;
    if (outcome.error !== undefined) return false;
    if (verb === "get" && how === "call" && scenario.clients[client]!.options.cache) return false;
    return !fits(operation, byKey, owners);
  }).map((operation) =>
    `replies: no server replied ${describeOutcome(operation.outcome)} to ${describeOperation(operation)}`
  );
  for (const { key, owner, event, replica } of served) {
    const reads = owners.some((one, at) => {
      // A host name may lead to a replica.
      const { options, named } = scenario.clients[at]!;
      return one === owner && (options.readFrom || named);
    });
    if (replica && !reads) {
      faults.push(
        `replies: a replica replied to a GET of ${key} of a client that reads from masters (${event})`,
      );
    }
  }
  return faults;
}
