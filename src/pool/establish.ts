/**
 * Opening a connection: as many tries as are granted, then the last error.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import { abortable } from "../connection/limit.ts";
import { ConnectionError, RedisError, TimeoutError } from "../errors.ts";
import { watched } from "../observe/target.ts";
import type { ResolvedConnectionOptions } from "../options.ts";
import { retryDelay } from "../retry.ts";

/** What opening a connection needs of a pool. */
export interface Opener<C> {
  /** The options of its connections. */
  readonly options: ResolvedConnectionOptions;
  /** One try: opens one. */
  open(signal: AbortSignal): Promise<C>;
  /** A try begins, counted from 1. */
  connecting(attempt: number): void;
  /** A try has failed; the next, number `attempt`, follows after `delay` milliseconds. */
  repeating(attempt: number, delay: number, cause: unknown): void;
}

const CLOSED = { code: "CLOSED", executed: "no" } as const;

/** Who waits for the connection. */
interface Caller {
  readonly signal?: AbortSignal;
  readonly retry?: boolean;
  readonly failed?: (cause: Error) => void;
}

/**
 * Makes and connects connections until one holds, and hands that one to `accept`, alive: nothing can happen to
 * it in between. `attempt` is the pool's way to end it, `signal` the caller's.
 *
 * @throws the error of the last try, with those of the tries before as causes; or the reason of an abort.
 */
export function establish<C extends Connection, T>(
  opener: Opener<C>,
  attempt: AbortController,
  caller: Caller,
  accept: (connection: C) => T,
): Promise<T> {
  return watched(opener.options, "connect", () => tryUntil(opener, attempt, caller, accept));
}

async function tryUntil<C extends Connection, T>(
  opener: Opener<C>,
  attempt: AbortController,
  { signal, retry = true, failed }: Caller,
  accept: (connection: C) => T,
): Promise<T> {
  const { options } = opener;
  const forward = (): void => attempt.abort(signal!.reason);
  signal?.addEventListener("abort", forward, { once: true });
  const errors: Error[] = [];
  let previousDelay = 0;
  try {
    while (true) {
      try {
        return await connected(opener, attempt.signal, errors.length + 1, accept);
      } catch (error) {
        if (attempt.signal.aborted) throw attempt.signal.reason;
        const number = errors.length + 1;
        const context = { attempt: number, readonly: true, executed: "no" as const, previousDelay };
        const delay = !retry ? undefined : retryDelay(options.retry, error, context, options.clock);
        if (delay === undefined) throw withCauses(error, errors);
        errors.push(error as Error);
        failed?.(error as Error);
        previousDelay = delay;
        opener.repeating(number + 1, delay, error);
        await sleep(options, delay, attempt.signal);
      }
    }
  } finally {
    signal?.removeEventListener("abort", forward);
  }
}

async function connected<C extends Connection, T>(
  opener: Opener<C>,
  signal: AbortSignal,
  number: number,
  accept: (connection: C) => T,
): Promise<T> {
  opener.connecting(number);
  const connection = await opener.open(signal);
  // Both can come between the end of the handshake and our hearing of it.
  if (signal.aborted) {
    connection.disconnect();
    throw signal.reason;
  }
  if (connection.state !== "ready") throw connection.cause ?? new ConnectionError("it was closed", CLOSED);
  return accept(connection);
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
