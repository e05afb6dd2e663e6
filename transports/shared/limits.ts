/**
 * `connectTimeout` and `signal`, for every phase of connecting.
 *
 * @module
 */

import type { Endpoint, SocketOptions } from "../../src/transport.ts";
import { connectTimedOut } from "./failure.ts";

/** What an attempt opens: something that can be thrown away. */
interface Destroyable {
  destroy(): void;
}

/**
 * Runs an attempt to connect within its limits. `attempt` gets a signal that is aborted when the time is up or
 * the caller aborts; what it still brings after that is destroyed.
 */
export function withinLimits<T extends Destroyable>(
  endpoint: Endpoint,
  options: SocketOptions,
  attempt: (cut: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, connectTimeout = 0 } = options;
  if ("tls" in endpoint && endpoint.tls !== undefined) {
    return Promise.reject(new TypeError("Cannot connect: this transport does not do TLS yet"));
  }
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
      ? setTimeout(() => stop(connectTimedOut(endpoint, connectTimeout)), connectTimeout)
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
      },
      (error) => {
        settle();
        reject(error);
      },
    );
  });
}
