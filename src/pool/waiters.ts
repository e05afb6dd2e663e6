/**
 * The callers that wait for a connection, first come, first served.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";
import { LazySet } from "../lazy_set.ts";
import type { Request } from "./leases.ts";

/** A waiting caller. */
interface Waiter<T, R> {
  readonly request: R;
  resolve(value: T | Promise<T>): void;
  reject(error: unknown): void;
}

/** A queue of waiters; each ends by being served, by its time, by its signal, or with all others. */
export class Waiters<T, R extends Request = Request> {
  readonly #clock: Clock;
  // A set keeps the order of insertion and lets anyone leave from the middle.
  readonly #queue: LazySet<Waiter<T, R>> = new LazySet();

  /** Times are measured by `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The number of waiting callers. */
  get size(): number {
    return this.#queue.size;
  }

  /** Waits up to `timeout` milliseconds (0: unlimited). `expired` creates the error of a timeout. */
  wait(timeout: number, request: R, expired: () => Error): Promise<T> {
    const { signal } = request;
    return new Promise((resolve, reject) => {
      let timer: Timer;
      const leave = (): void => {
        this.#queue.delete(waiter);
        this.#clock.clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      const waiter: Waiter<T, R> = {
        request,
        resolve: (value) => (leave(), resolve(value)),
        reject: (error) => (leave(), reject(error)),
      };
      const abort = (): void => waiter.reject(signal!.reason);
      this.#queue.add(waiter);
      if (timeout > 0) timer = this.#clock.setTimeout(() => waiter.reject(expired()), timeout);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Serves the first waiting caller whose request `make` can fulfill. Returns whether there was one. */
  serve(make: (request: R) => T | Promise<T> | undefined): boolean {
    for (const waiter of this.#queue) {
      const made = make(waiter.request);
      if (made === undefined) continue;
      waiter.resolve(made);
      return true;
    }
    return false;
  }

  /** Ends all waiting. */
  rejectAll(error: Error): void {
    for (const waiter of [...this.#queue]) waiter.reject(error);
  }
}
