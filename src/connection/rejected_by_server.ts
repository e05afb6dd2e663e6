/**
 * What a server says that closes the door again: it reads nothing of what it was sent.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";

/**
 * The error for a connection whose very first word from the server is that it will not be served; `undefined` for
 * any other error reply. Its code is `MAX_CLIENTS`, or `REFUSED` where trying again cannot help.
 */
export function rejectedByServer(cause: Error): ConnectionError | undefined {
  const full = cause.message.startsWith("ERR max number of clients");
  // Protected mode: no password is set, and the connection comes from another machine.
  if (!full && !cause.message.startsWith("DENIED ")) return undefined;
  return new ConnectionError(`the server turned it away: ${cause.message}`, {
    code: full ? "MAX_CLIENTS" : "REFUSED",
    executed: "no",
    cause,
  });
}

/**
 * Whether a connection was lost in a way that the next one will be, too: waiting for it cannot help. Not so where
 * credentials were refused or a PING had no answer on a connection that served before.
 */
export function isPermanentRejection(cause: unknown): boolean {
  return cause instanceof ConnectionError && (cause.code === "REFUSED" || cause.code === "TLS");
}
