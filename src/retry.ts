/**
 * Decides whether and when a failed command is retried. It does not wait.
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

/** The retry policy of commands. */
export interface RetryOptions {
  /** Repeats after the first try; 0 is none. Default 3. */
  readonly attempts?: number;
  /** The wait before each repeat. Default `exponential({ base: 50, cap: 2_000, jitter: "full" })`. */
  readonly backoff?: Backoff | BackoffFunction | string;
  /**
   * The errors that cause a retry. Default: lost and refused connections, connect timeouts, and temporary error
   * replies (LOADING, TRYAGAIN, CLUSTERDOWN, MASTERDOWN, BUSY).
   */
  readonly on?: readonly ErrorKind[];
  /** Retry also writes that may have run: at least once instead of at most once. Default `false`. */
  readonly unsafe?: boolean;
}

/** The resolved retry policy, from `retry`, `retryOnTimeout` and `retryOnError`. */
export interface RetryPolicy {
  /** Repeats after the first try; 0 is none. */
  readonly attempts: number;
  /** The wait before each repeat. */
  readonly backoff: Backoff;
  /** The errors that cause a retry. */
  readonly on: readonly ErrorKind[];
  /** Retry also writes that may have run. */
  readonly unsafe: boolean;
}

/** The facts for a decision, besides the error. */
export interface RetryContext {
  /** The number of the retry, from 1. */
  readonly attempt: number;
  /** Whether all commands to repeat are read-only. */
  readonly readonly: boolean;
  /** The delay before the last repeat, for decorrelated jitter. Default 0: there was none. */
  readonly previousDelay?: number;
  /** Overrides `executed` of the error. Default: that of the error. */
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

/** The default of `on`. */
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
 * Returns `true` for errors that are never retried: refused credentials and certificates, a pool at its limit, a full
 * offline queue, and the deadline of the command.
 */
export function isFinal(error: unknown): boolean {
  return error instanceof AuthenticationError || error instanceof MaxConnectionsError ||
    (error instanceof RedisError && !(error instanceof ReplyError) && FINAL.has(error.code));
}

/**
 * Decides whether to retry a command. The policy must include the error and have attempts left. A command that did
 * not run is always safe to retry. A command that ran or may have run is retried only if it is read-only, or with
 * `unsafe`. An error without `executed` counts as "may have run".
 */
export function shouldRetry(policy: RetryPolicy, error: unknown, context: RetryContext): boolean {
  if (context.attempt > policy.attempts || isFinal(error) || !isKind(error, policy.on)) return false;
  const executed = context.executed ?? (error instanceof RedisError ? error.executed : "unknown");
  return executed === "no" || context.readonly || policy.unsafe;
}

/**
 * Returns the milliseconds until the retry; `undefined`: no retry.
 *
 * @param clock provides the jitter
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
