/**
 * Whether a command that failed is tried again, and when.
 *
 * @module
 */
import type { Backoff } from "./backoff.ts";
import type { ErrorKind } from "./options/types.ts";

/** When and how a command is repeated: what `retry`, `retryOnTimeout` and `retryOnError` come to. */
export interface RetryPolicy {
  /** Repeats after the first try; 0 is none. */
  readonly attempts: number;
  /** The wait before each repeat. */
  readonly backoff: Backoff;
  /** Which errors are repeated after. */
  readonly on: readonly ErrorKind[];
  /** Repeat also what may have run and is not read-only. */
  readonly unsafe: boolean;
}
