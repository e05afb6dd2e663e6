/**
 * Sends a transaction over a connection.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import { AtomicBatch } from "./atomic_batch.ts";
import type { Connection } from "./connection.ts";
import { queueFullError } from "./failures.ts";
import type { Pending } from "./pending.ts";

/**
 * Queues a transaction. Either all of its commands are queued, or each fails, so that no part can run alone. Their
 * arguments must have been checked before.
 */
export function enqueueTransaction(connection: Connection, members: readonly Pending[]): void {
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
    for (const pending of members) pending.fail(error!);
    return;
  }
  for (const { command } of members) connection.session.note(command.spec.name, command.args);
  try {
    link.enqueueBatch(new AtomicBatch(members));
  } catch (cause) {
    // Encoded commands cannot be removed, and the rest must not run without them.
    connection.disconnect(cause as Error);
    const lost = new ConnectionError("Cannot send a transaction: it could not be encoded whole", {
      code: "LOST",
      executed: "no",
      cause: connection.cause,
    });
    for (const pending of members) pending.fail(lost);
  }
}
