/**
 * Commands that must follow each other without another between them: all of them, or none.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { queueFullError } from "./failures.ts";
import type { Pending } from "./pending.ts";

/**
 * Queues commands back to back. Either all of them are queued, or each fails, so that no part can run alone. Their
 * arguments must have been checked before.
 */
export function enqueueGroup(connection: Connection, group: readonly Pending[]): void {
  const { link } = connection;
  let error: Error | undefined;
  if (connection.state !== "ready" || link === undefined) {
    const message =
      `Cannot send a transaction: the connection to ${connection.address} is ${connection.state}`;
    error = new ConnectionError(message, { code: "CLOSED", executed: "no", cause: connection.cause });
  } else if (link.full) {
    error = queueFullError("a transaction", connection.address);
  }
  if (error !== undefined || link === undefined) {
    for (const pending of group) pending.fail(error!);
    return;
  }
  for (const pending of group) {
    // Not through the connection: a peer that becomes slow on the way must not take one out of the middle.
    try {
      link.enqueue(pending);
    } catch (cause) {
      // What was queued cannot be taken back, and the rest must not run without this one.
      connection.disconnect(cause as Error);
      break;
    }
    connection.session.note(pending.command.spec.name, pending.command.args);
  }
  if (connection.state !== "ready") {
    const lost = new ConnectionError("Cannot send a transaction: it could not be encoded whole", {
      code: "LOST",
      executed: "no",
      cause: connection.cause,
    });
    for (const pending of group) pending.fail(lost);
  }
}
