/**
 * `connectTimeout` and `signal`, for every phase of connecting.
 *
 * @module
 */

import type { Endpoint, SocketOptions } from "../../src/transport.ts";
import { checkConnect } from "./check_options.ts";
import { connectTimedOut } from "./failure.ts";
import type { SocketTimers } from "./socket_timers.ts";

/** Milliseconds that a timer of the runtimes holds; with more, it fires at once. */
const LONGEST = 2_147_483_647;

/** The result of an attempt: it can be started or destroyed. */
interface Opened {
  start(): void;
  destroy(): void;
}

/**
 * Checks the options and runs an attempt to connect within its limits. The signal of `attempt` is aborted by the
 * timeout or the caller. A socket that opens later is destroyed.
 */
export function withinLimits<T extends Opened>(
  endpoint: Endpoint,
  options: SocketOptions,
  attempt: (cut: AbortSignal) => Promise<T>,
  timers: SocketTimers,
): Promise<T> {
  try {
    checkConnect(endpoint, options);
  } catch (error) {
    return Promise.reject(error);
  }
  const { signal, connectTimeout = 0 } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise<T>((resolve, reject) => {
    const cut = new AbortController();
    const stop = (reason: unknown) => {
      settle();
      reject(reason);
      cut.abort(reason);
    };
    const onAbort = () => stop(signal?.reason);
    const timer = connectTimeout > 0
      ? setTimeout(
        () => stop(connectTimedOut(endpoint, connectTimeout)),
        Math.min(connectTimeout, LONGEST),
      )
      : undefined;
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    attempt(cut.signal).then(
      (opened) => {
        if (cut.signal.aborted) return opened.destroy();
        settle();
        resolve(opened);
        timers.nextTurn(() => opened.start());
      },
      (error) => {
        settle();
        reject(error);
      },
    );
  });
}
