/**
 * Writes of one client over its shared connection run in the order of the calls, those of a pipeline or a lease in theirs.
 *
 * @module
 */
import { writes } from "../commands.ts";
import { describeOperation, type History, type Operation } from "../history.ts";

/** Judges the order of what was executed. */
export function judgeOrder({ operations, scenario }: History): string[] {
  const faults: string[] = [];
  const last: Map<string, Operation> = new Map();
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
    const caller = shared ? `client ${client}` : `call ${group}`;
    // In a cluster each key has an order of its own, as the keys of a slot move one by one. Channels have none.
    const cluster = scenario.topology === "cluster";
    if (cluster && part.verb.endsWith("publish")) continue;
    // A script that the server has forgotten is sent again, behind later commands with other keys.
    const lanes = cluster || part.via === "script" ? [] : [caller];
    let later: Operation | undefined;
    for (const lane of [...lanes, `${caller} ${part.key}`]) {
      const before = last.get(lane);
      if (before !== undefined && before.executions[0]! > executions[0]!) later ??= before;
      last.set(lane, operation);
    }
    if (later !== undefined) {
      faults.push(`order: ${describeOperation(operation)} ran before ${describeOperation(later)}`);
    }
  }
  return faults;
}
