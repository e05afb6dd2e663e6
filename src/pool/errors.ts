/**
 * The errors of pools.
 *
 * @module
 */
import { MaxConnectionsError } from "../errors.ts";
import type { ResolvedPoolOptions } from "../options.ts";

/** The error of a pool that does not wait at its limit. */
export function limitError({ connection, maxConnections }: ResolvedPoolOptions): MaxConnectionsError {
  const message = `Cannot take a connection to ${connection}: all ${maxConnections} are in use; ` +
    "release them sooner, raise maxConnections, or use a BlockingConnectionPool to wait";
  return new MaxConnectionsError(message, { code: "MAX_CONNECTIONS", executed: "no" });
}
