/**
 * The errors of pools.
 *
 * @module
 */
import { ConnectionError, MaxConnectionsError, RedisError } from "../errors.ts";
import type { ResolvedPoolOptions } from "../options.ts";

/** The error of a pool that does not wait at its limit. */
export function limitError({ connection, maxConnections }: ResolvedPoolOptions): MaxConnectionsError {
  const message = `Cannot take a connection to ${connection}: all ${maxConnections} are in use; ` +
    "release them sooner, raise maxConnections, or use a BlockingConnectionPool to wait";
  return new MaxConnectionsError(message, { code: "MAX_CONNECTIONS", executed: "no" });
}

/** Creates the error for calls on a closed pool. */
export function closedError({ connection }: ResolvedPoolOptions): ConnectionError {
  const message = `Cannot take a connection to ${connection}: the pool is closed`;
  return new ConnectionError(message, { code: "CLOSED", executed: "no" });
}

/** The error for who waited for a connection that was being opened. */
export function cutError({ connection }: ResolvedPoolOptions): ConnectionError {
  const message =
    `Cannot take a connection to ${connection}: the pool was closed or disconnected while it was opened`;
  return new ConnectionError(message, { code: "CLOSED", executed: "no" });
}

/** Creates the error for cut leases, which their holders get as the cause. */
export function leaseCutError(closed: boolean): ConnectionError {
  const message = closed
    ? "the pool was closed, and waited for this lease in vain"
    : "the pool was disconnected";
  return new ConnectionError(message, { code: "CLOSED" });
}

/** Creates the error for releasing a connection that is not leased. */
export function notLeasedError(): RedisError {
  const message = "Cannot release a connection that this pool has not lent, or has taken back already";
  return new RedisError(message, { code: "NOT_LEASED", executed: "no" });
}
