/**
 * Writes of one client over its shared connection run in the order of the calls, those of a pipeline or a lease in theirs.
 *
 * @module
 */
import { writes } from "../commands.ts";
import { describeOperation, type History, type Operation } from "../history.ts";

/** The last writes that must run in the order of their calls: of all keys, and of each key. */
interface Lane {
  last: Operation | undefined;
  readonly byKey: Map<string, Operation>;
}

/** Judges the order of what was executed. */
export function judgeOrder({ operations, scenario }: History): string[] {
  const faults: string[] = [];
  const last: Map<string | number, Lane> = new Map();
  for (const operation of operations) {
    const { part, how, client, executions, group, outcome } = operation;
    const { options } = scenario.clients[client]!;
    if (!writes(part) || executions.length === 0 || how === "pop" || how === "watch") continue;
    // A write that is sent again after a loss may run behind later ones.
    if (how === "once") continue;
    // A command with an unknown outcome may be in transit, and run after commands that were sent over the
    // next connection.
    if (outcome === undefined || outcome.executed === "unknown") continue;
    if (typeof options.retry === "object" && options.retry.unsafe) continue;
    // Without a shared connection each call has its own. A pipeline goes out in parts, between which others may run.
    const shared = (how === "call" || how === "multi") && options.multiplex !== false;
    const caller = shared ? `client ${client}` : group;
    let lane = last.get(caller);
    if (lane === undefined) last.set(caller, lane = { last: undefined, byKey: new Map() });
    // In a cluster each key has an order of its own, as the keys of a slot move one by one. Channels have none.
    const cluster = scenario.topology === "cluster";
    if (cluster && part.verb.endsWith("publish")) continue;
    // A script that the server has forgotten is sent again, behind later commands with other keys.
    const anyKey = !cluster && part.via !== "script";
    const [first] = executions as [number];
    const later = [anyKey ? lane.last : undefined, lane.byKey.get(part.key)].find((before) =>
      before !== undefined && before.executions[0]! > first
    );
    if (anyKey) lane.last = operation;
    lane.byKey.set(part.key, operation);
    if (later !== undefined) {
      faults.push(`order: ${describeOperation(operation)} ran before ${describeOperation(later)}`);
    }
  }
  return faults;
}
