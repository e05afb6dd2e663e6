/**
 * Errors after which it is of no use to ask for the slots again.
 *
 * @module
 */
import { AuthenticationError, MaxConnectionsError, RedisError } from "../../errors.ts";

const CODES: ReadonlySet<string> = new Set(["UNCOVERED", "NO_CLUSTER", "TLS", "REFUSED", "ADDRESS_MAP"]);

/** Returns whether waiting commands are rejected immediately instead of waiting for the next refresh. */
export function isFatalDiscoveryError(error: unknown): boolean {
  return error instanceof AuthenticationError || error instanceof MaxConnectionsError ||
    !(error instanceof RedisError) || CODES.has(error.code);
}
