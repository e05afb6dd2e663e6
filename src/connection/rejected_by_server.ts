/**
 * Errors with which a server rejects a connection before it reads a command.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";

/**
 * Returns the error for a connection that the server rejects with its first reply; `undefined` for any other error
 * reply. The code is `MAX_CLIENTS`, or `REFUSED` if a retry cannot help.
 */
export function rejectedByServer(cause: Error): ConnectionError | undefined {
  const full = cause.message.startsWith("ERR max number of clients");
  // Protected mode: no password is set, and the client is on another machine.
  if (!full && !cause.message.startsWith("DENIED ")) return undefined;
  return new ConnectionError(`the server rejected it: ${cause.message}`, {
    code: full ? "MAX_CLIENTS" : "REFUSED",
    executed: "no",
    cause,
  });
}

/**
 * Whether the next connection will be lost for the same reason, so that waiting cannot help. This excludes refused
 * credentials and a PING without a reply on a connection that has worked before.
 */
export function isPermanentRejection(cause: unknown): boolean {
  return cause instanceof ConnectionError && (cause.code === "REFUSED" || cause.code === "TLS");
}
