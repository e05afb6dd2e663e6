/**
 * Errors after which it is of no use to ask for the slots again.
 *
 * @module
 */
import { AuthenticationError, MaxConnectionsError, RedisError } from "../../errors.ts";

const CODES: ReadonlySet<string> = new Set(["UNCOVERED", "NO_CLUSTER", "TLS", "REFUSED", "ADDRESS_MAP"]);

/** Whether whoever waits for the slots is told at once, instead of being left to wait. */
export function isFatalDiscoveryError(error: unknown): boolean {
  return error instanceof AuthenticationError || error instanceof MaxConnectionsError ||
    !(error instanceof RedisError) || CODES.has(error.code);
}
