/**
 * Joins a caller's signal and a time limit into one signal.
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** A signal that is aborted by the first of a caller's signal and a timer. */
export interface Limit {
  /** Aborted with the caller's reason, or with the error for the time limit. */
  readonly signal: AbortSignal;
  /** Aborts the signal. */
  abort(reason: unknown): void;
  /** Stops the timer and removes the listener. */
  release(): void;
}

/** Starts a limit of `timeout` milliseconds (0: none); `error` returns the reason when the time is up. */
export function startLimit(
  clock: Clock,
  timeout: number,
  error: () => Error,
  signal: AbortSignal | undefined,
): Limit {
  const controller = new AbortController();
  const forward = (): void => controller.abort(signal!.reason);
  if (signal?.aborted) forward();
  else signal?.addEventListener("abort", forward, { once: true });
  const timer = timeout === 0 ? undefined : clock.setTimeout(() => controller.abort(error()), timeout);
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release(): void {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", forward);
    },
  };
}

/** Settles like the promise, or rejects with the signal's reason if the signal is aborted first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    const leaving = <V>(settle: (value: V) => void) => (value: V): void => {
      signal.removeEventListener("abort", abort);
      settle(value);
    };
    promise.then(leaving(resolve), leaving(reject));
  });
}
