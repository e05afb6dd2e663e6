/**
 * Without faults, no call is refused: all calls without a limit of their own succeed.
 *
 * @module
 */
import { describeOperation, describeOutcome, type History } from "../history.ts";
import { isFault } from "../scenario.ts";

/** Errors that a call may have without faults: a slow link, too few connections, or a conflict. */
const EXPECTED: ReadonlySet<string> = new Set([
  "COMMAND_TIMEOUT",
  "SOCKET_TIMEOUT",
  "MAX_CONNECTIONS",
  "POOL_TIMEOUT",
  "WATCH_CONFLICT",
  "EXECABORT",
]);

/** Judges worlds without faults. */
export function judgeRefusals({ operations, scenario, closedAt }: History): string[] {
  if (scenario.steps.some(isFault)) return [];
  return operations.filter(({ client, outcome, limit }) => {
    const error = outcome?.error as { code?: string } | undefined;
    if (error?.code === undefined || closedAt.has(client)) return false;
    const { offlineQueue, connectTimeout, maxLifetime, maxIdleTime } = scenario.clients[client]!.options;
    // A connect takes a while, for which there may be no queue; connections that end by their age end leases.
    if (offlineQueue !== undefined || connectTimeout !== undefined) return false;
    if (maxLifetime !== undefined || maxIdleTime !== undefined) return false;
    return limit >= 3_000 && !EXPECTED.has(error.code);
  }).map((operation) => `refused: ${describeOperation(operation)}: ${describeOutcome(operation.outcome)}`);
}
