/**
 * Retries of connects.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { ConnectionError, RedisError, TimeoutError } from "../errors.ts";
import { retryDelay, type RetryPolicy } from "../retry.ts";
import { sleep } from "./sleep.ts";

/** The retry policy of connects, and callbacks for observers. */
export interface ConnectRetries {
  /** The policy; `undefined` never retries. */
  readonly policy: RetryPolicy | undefined;
  /** The clock for delays and their jitter. */
  readonly clock: Clock;
  /** Ends the tries when it is aborted. */
  readonly signal: AbortSignal;
  /** Called when a try has failed and try number `next` follows after `delay` milliseconds. */
  retrying?(error: Error, next: number, delay: number): void;
}

/**
 * Calls `attempt` with the number of the try, from 1, until it succeeds or the policy allows no further try.
 *
 * @throws the signal's reason when it is aborted, else the error of the last try, with all errors as its cause.
 */
export async function retryConnect<T>(
  { policy, clock, signal, retrying }: ConnectRetries,
  attempt: (number: number) => Promise<T>,
): Promise<T> {
  const errors: Error[] = [];
  let previousDelay = 0;
  while (true) {
    const number = errors.length + 1;
    try {
      return await attempt(number);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const context = { attempt: number, readonly: true, executed: "no" as const, previousDelay };
      const delay = policy && retryDelay(policy, error, context, clock);
      if (delay === undefined) throw withCauses(error, errors);
      errors.push(error as Error);
      previousDelay = delay;
      retrying?.(error as Error, number + 1, delay);
      await sleep(clock, delay, signal);
    }
  }
}

/** Adds the number of tries to the last error, and all errors as its cause. */
function withCauses(last: unknown, before: readonly Error[]): unknown {
  if (before.length === 0 || !(last instanceof RedisError)) return last;
  const message = `${last.message} (the last of ${before.length + 1} tries)`;
  const cause = new AggregateError([...before, last], "All tries to connect failed");
  const options = { code: last.code, executed: "no" as const, cause };
  if (last instanceof TimeoutError) return new TimeoutError(message, options);
  return last instanceof ConnectionError ? new ConnectionError(message, options) : last;
}
