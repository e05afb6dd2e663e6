/**
 * The calls of a client that may send further commands, which WAIT awaits.
 *
 * @module
 */
import { LazySet } from "../lazy_set.ts";

/** Remembers calls until they have settled. */
export class RunningCalls {
  readonly #calls: LazySet<Promise<unknown>> = new LazySet();

  /** Remembers a call. Settles as the call does. */
  async track<T>(call: Promise<T>): Promise<T> {
    this.#calls.add(call);
    try {
      // With one reaction to the promise, the stack of an error leads to the caller.
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Returns the calls at this moment. */
  now(): Promise<unknown>[] {
    return [...this.#calls];
  }
}
