/**
 * An iterator whose code is being loaded.
 *
 * @module
 */

/** The iterator, as far as it is used before it is there. */
export interface LoadedIterator extends AsyncIterableIterator<unknown> {
  readonly ready: Promise<void>;
  close(): unknown;
  stats?(): object;
}

/** The part that calls are passed on to. */
type Target = Pick<LoadedIterator, "next" | "close" | "stats">;

/** Stands for an iterator until its code is loaded. Calls are passed on in their order, and at once when it is there. */
export class LazyIterator implements AsyncIterableIterator<unknown> {
  /** Settles with that of the iterator. */
  readonly ready: Promise<void>;
  #iterator: Target | undefined = undefined;
  readonly #waiting: ((iterator: Target) => void)[] = [];

  /** `load` makes the iterator; `undefined`: its client was closed before. Then `unconfirmed` is the reason. */
  constructor(load: Promise<LoadedIterator | undefined>, unconfirmed: () => Error | undefined) {
    this.ready = load.then((iterator) => {
      this.#start(iterator ?? endedIterator(undefined));
      const error = iterator === undefined ? unconfirmed() : undefined;
      if (error !== undefined) throw error;
      return iterator?.ready;
    }, (error) => {
      this.#start(endedIterator({ error }));
      throw error;
    });
    this.ready.catch(() => {});
  }

  /** Returns the statistics; all are 0 before the iterator is there. */
  stats(): object {
    return this.#iterator?.stats?.() ??
      { received: 0, delivered: 0, dropped: 0, buffered: 0, gaps: 0, pauses: 0 };
  }

  /** Returns the next item. */
  next(): Promise<IteratorResult<unknown, undefined>> {
    return this.#use((iterator) => iterator.next());
  }

  /** Ends the iteration. */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    await this.close();
    return { value: undefined, done: true };
  }

  /** Ends the iteration. Never rejects. */
  async close(): Promise<void> {
    await this.#use(async (iterator) => await iterator.close());
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Iterates over itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  #start(iterator: Target): void {
    this.#iterator = iterator;
    // All at once: a call that comes meanwhile may not overtake them.
    for (const call of this.#waiting.splice(0)) call(iterator);
  }

  #use<T>(call: (iterator: Target) => Promise<T>): Promise<T> {
    if (this.#iterator !== undefined) return call(this.#iterator);
    return new Promise((resolve) => this.#waiting.push((iterator) => resolve(call(iterator))));
  }
}

/** An iterator that ended before it began. The failure is thrown once, unless it was closed first. */
function endedIterator(failure: { readonly error: unknown } | undefined): Target {
  return {
    // deno-lint-ignore require-await
    async next() {
      const ended = failure;
      failure = undefined;
      if (ended !== undefined) throw ended.error;
      return { value: undefined, done: true };
    },
    close() {
      failure = undefined;
    },
  };
}
