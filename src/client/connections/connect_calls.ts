/**
 * The calls of `connect()` that wait for one connection.
 *
 * @module
 */
import { LazySet } from "../../lazy_set.ts";

interface ConnectCall {
  triesLeft: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** Settles calls of `connect()` together. */
export class ConnectCalls {
  readonly #calls: LazySet<ConnectCall> = new LazySet();

  /** Waits for the connection; rejects after `tries` failed tries, or with the reason of `signal`. */
  add(tries: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#calls.delete(call);
        signal?.removeEventListener("abort", abort);
      };
      const abort = (): void => call.reject(signal!.reason);
      const call: ConnectCall = {
        triesLeft: tries,
        resolve: () => (leave(), resolve()),
        reject: (error) => (leave(), reject(error)),
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#calls.add(call);
    });
  }

  /** Resolves all calls: there is a connection. */
  resolveAll(): void {
    for (const call of [...this.#calls]) call.resolve();
  }

  /** Rejects all calls: no further try follows. The error is created only if a call waits. */
  rejectAll(error: () => unknown): void {
    for (const call of [...this.#calls]) call.reject(error());
  }

  /** Counts a failed try; rejects the calls that had no further one. */
  failed(error: unknown): void {
    for (const call of [...this.#calls]) if (--call.triesLeft === 0) call.reject(error);
  }
}
