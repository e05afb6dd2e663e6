/**
 * Opening a connection for someone who waits for it: as many tries as `retry` grants, then the last error.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import { abortable } from "../connection/limit.ts";
import { ConnectionError, RedisError, TimeoutError } from "../errors.ts";
import type { ResolvedConnectionOptions } from "../options.ts";
import { retryDelay } from "../retry.ts";

/**
 * Opens connections until one holds; `open` is one try. `attempt` is the pool's way to end it, `signal` the caller's.
 *
 * @throws the error of the last try, with those of the tries before as causes; or the reason of an abort.
 */
export async function establish<C extends Connection>(
  open: (signal: AbortSignal) => Promise<C>,
  options: ResolvedConnectionOptions,
  attempt: AbortController,
  { signal, retry = true }: { readonly signal?: AbortSignal; readonly retry?: boolean },
): Promise<C> {
  const forward = (): void => attempt.abort(signal!.reason);
  signal?.addEventListener("abort", forward, { once: true });
  const errors: Error[] = [];
  let previousDelay = 0;
  try {
    while (true) {
      try {
        return await open(attempt.signal);
      } catch (error) {
        if (attempt.signal.aborted) throw attempt.signal.reason;
        const context = {
          attempt: errors.length + 1,
          readonly: true,
          executed: "no" as const,
          previousDelay,
        };
        const delay = !retry ? undefined : retryDelay(options.retry, error, context, options.clock);
        if (delay === undefined) throw withCauses(error, errors);
        errors.push(error as Error);
        previousDelay = delay;
        await sleep(options, delay, attempt.signal);
      }
    }
  } finally {
    signal?.removeEventListener("abort", forward);
  }
}

async function sleep(options: ResolvedConnectionOptions, delay: number, signal: AbortSignal): Promise<void> {
  let timer: unknown;
  const slept = new Promise<void>((resolve) => timer = options.clock.setTimeout(resolve, delay));
  try {
    await abortable(slept, signal);
  } finally {
    options.clock.clearTimeout(timer);
  }
}

/** The last error, telling how many tries there were, with all of them as its cause. */
function withCauses(last: unknown, before: readonly Error[]): unknown {
  if (before.length === 0 || !(last instanceof RedisError)) return last;
  const message = `${last.message} (the last of ${before.length + 1} tries)`;
  const cause = new AggregateError([...before, last], "All tries to connect failed");
  const options = { code: last.code, executed: "no" as const, cause };
  if (last instanceof TimeoutError) return new TimeoutError(message, options);
  return last instanceof ConnectionError ? new ConnectionError(message, options) : last;
}
