/**
 * Whether a command that failed is tried again, and when. Decisions only: nothing here waits.
 *
 * @module
 */
import { type Backoff, type BackoffFunction, delayOf, exponential } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import {
  AuthenticationError,
  ClusterError,
  ConnectionError,
  EncodingError,
  type Executed,
  MaxConnectionsError,
  ProtocolError,
  RedisError,
  ReplyError,
  TimeoutError,
} from "./errors.ts";

/** A class of errors, ours or your own. */
// deno-lint-ignore no-explicit-any
export type ErrorClass = abstract new (...args: any[]) => Error;

/**
 * A kind of error: a class, the name of one of ours (`"ConnectionError"`), or a code (`"LOADING"`,
 * `"CONNECT_TIMEOUT"`).
 */
export type ErrorKind = string | ErrorClass;

/** When and how a command is repeated by itself. */
export interface RetryOptions {
  /** Repeats after the first try; 0 is none. Default 3. */
  readonly attempts?: number;
  /** The wait before each repeat. Default `exponential({ base: 50, cap: 2_000, jitter: "full" })`. */
  readonly backoff?: Backoff | BackoffFunction | string;
  /**
   * Which errors are repeated after. Default: lost and refused connections, connects that took too long, and
   * replies that say "not now" (LOADING, TRYAGAIN, CLUSTERDOWN, MASTERDOWN, BUSY).
   */
  readonly on?: readonly ErrorKind[];
  /** Repeat also what may have run and is not read-only: at least once instead of at most once. Default `false`. */
  readonly unsafe?: boolean;
}

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

/** What a decision must know, beside the error. */
export interface RetryContext {
  /** Which repeat this would be: 1 after the first try. */
  readonly attempt: number;
  /** Whether all that would be repeated is read-only. */
  readonly readonly: boolean;
  /** The delay before the last repeat, for decorrelated jitter. Default 0: there was none. */
  readonly previousDelay?: number;
  /** Whether the command may have run, where the caller knows better than the error. Default: what the error says. */
  readonly executed?: Executed;
}

/** Our errors by name, for `retryOnError=ConnectionError`. */
export const ERROR_CLASSES: Readonly<Record<string, ErrorClass>> = Object.freeze({
  RedisError,
  ReplyError,
  ConnectionError,
  MaxConnectionsError,
  TimeoutError,
  AuthenticationError,
  ProtocolError,
  EncodingError,
  ClusterError,
});

/** What is repeated after where nobody says otherwise. */
export const RETRY_ON: readonly ErrorKind[] = Object.freeze([
  "ConnectionError",
  "CONNECT_TIMEOUT",
  "LOADING",
  "TRYAGAIN",
  "CLUSTERDOWN",
  "MASTERDOWN",
  "BUSY",
]);

/** Three repeats after the errors of {@linkcode RETRY_ON}, 50 ms to 2 s apart with full jitter, only where it is safe. */
export const DEFAULT_RETRY: RetryPolicy = Object.freeze({
  attempts: 3,
  backoff: exponential({ base: 50, cap: 2_000, jitter: "full" }),
  on: RETRY_ON,
  unsafe: false,
});

/** True when an error is of one of these kinds. */
export function isKind(error: unknown, kinds: readonly ErrorKind[]): boolean {
  return kinds.some((kind) => {
    if (typeof kind !== "string") return error instanceof kind;
    const known = Object.hasOwn(ERROR_CLASSES, kind) ? ERROR_CLASSES[kind] : undefined;
    return known === undefined ? error instanceof RedisError && error.code === kind : error instanceof known;
  });
}

/** Codes after which no repeat can help: a certificate or a database stays refused, a full queue means "fail now", all time is used up. */
const FINAL: ReadonlySet<string> = new Set(["TLS", "REFUSED", "QUEUE_FULL", "COMMAND_TIMEOUT"]);

/**
 * True for errors after which nothing is repeated, whatever the policy names: refused credentials and certificates,
 * a pool at its limit, an offline queue that is full, and the end of the command's whole time.
 */
export function isFinal(error: unknown): boolean {
  return error instanceof AuthenticationError || error instanceof MaxConnectionsError ||
    (error instanceof RedisError && !(error instanceof ReplyError) && FINAL.has(error.code));
}

/**
 * Whether a command is tried again: the policy must name the error and have repeats left, and the repeat must be
 * safe. What was never executed is always safe; what was, or may have been, only if it is read-only, or where the
 * policy says `unsafe`. An error that says nothing (of a class of your own) counts as "may have been".
 */
export function shouldRetry(policy: RetryPolicy, error: unknown, context: RetryContext): boolean {
  if (context.attempt > policy.attempts || isFinal(error) || !isKind(error, policy.on)) return false;
  const executed = context.executed ?? (error instanceof RedisError ? error.executed : "unknown");
  return executed === "no" || context.readonly || policy.unsafe;
}

/**
 * Milliseconds until a command is tried again; `undefined`: it is not.
 *
 * @param clock gives the jitter
 */
export function retryDelay(
  policy: RetryPolicy,
  error: unknown,
  context: RetryContext,
  clock: Pick<Clock, "random">,
): number | undefined {
  if (!shouldRetry(policy, error, context)) return undefined;
  return delayOf(policy.backoff, context.attempt, clock, context.previousDelay);
}
