/**
 * The `executed` of errors is true: `"no"` never ran, resolved calls ran once, and the client ran none twice
 * by itself.
 *
 * @module
 */
import { RedisError } from "../../../src/errors.ts";
import { describeOperation, describeOutcome, type History, isLossy, type Operation } from "../history.ts";
import { writes } from "../commands.ts";

function report(faults: string[], operation: Operation, what: string): void {
  const { outcome } = operation;
  faults.push(`executed: ${describeOperation(operation)} ${what}; outcome ${describeOutcome(outcome)}`);
}

function ranBetween({ executions, called, settled }: Operation): boolean {
  return executions.some((event) => event >= called && event <= settled);
}

/** Whether no socket ever got the command when its connection was lost: it cannot have run, and may be repeated. */
function isUnsent({ part: { verb }, how, outcome, written }: Operation): boolean {
  // Numbers of DEL are keys, which may have a prefix. An outcome of once() or watch() may be that of another command.
  if (written !== undefined || verb === "del" || how === "once" || how === "watch") return false;
  const error = outcome!.error;
  // The rest of a batch that has begun to be sent will be sent.
  return error instanceof RedisError && error.code !== "COMMAND_TIMEOUT";
}

/** Judges what was executed. */
export function judgeExecuted({ operations, scenario, flushes, closedAt }: History): string[] {
  const faults: string[] = [];
  const lossy = isLossy(scenario);
  for (const operation of operations) {
    const { part, outcome, executions, client } = operation;
    // Replicas' logs do not count: they have the writes of their masters, too.
    const replica = scenario.clients[client]!.options.readFrom !== undefined && !writes(part);
    if (part.verb === "get" || operation.how === "pop" || replica) continue;
    const times = executions.length;
    const once = operation.how === "once";
    // A record that is lost with its write is no record: the write runs again.
    if (once && (lossy || flushes.some(({ event }) => event > operation.called))) continue;
    const { retry } = scenario.clients[client]!.options;
    const unsafe = retry !== undefined && retry !== false && retry.unsafe;
    const wrong = (what: string): void => report(faults, operation, what);
    const closed = (closedAt.get(client) ?? Infinity) < operation.settled;
    if (once && outcome?.executed === "unknown" && !closed) wrong("has no outcome");
    if (writes(part) && times > 1 && (once || !unsafe)) wrong(`ran ${times} times`);
    if (outcome === undefined) continue;
    if (outcome.error === undefined) {
      if (times === 0) wrong("resolved, and never ran");
      else if (!ranBetween(operation)) {
        // What lay in the network may run again after a read that was repeated elsewhere.
        wrong("did not run between its call and its end");
      }
      continue;
    }
    if (outcome.executed === "no" && times > 0) wrong(`said "no" and ran ${times} times`);
    // A replica runs a script up to its first write.
    const refused = part.via !== undefined && (outcome.error as { code?: string }).code === "READONLY";
    if (outcome.executed === "unknown" && isUnsent(operation)) {
      wrong('said "unknown", and nothing of it was sent');
    }
    if (outcome.executed === "yes" && times === 0 && !refused) wrong('said "yes" and never ran');
  }
  return faults;
}
