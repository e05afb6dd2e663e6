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

/** Stands for an iterator until its code is loaded, and passes calls on to it in their order. */
export class LazyIterator implements AsyncIterableIterator<unknown> {
  /** Settles with that of the iterator. */
  readonly ready: Promise<void>;
  readonly #loaded: Promise<LoadedIterator | undefined>;
  #iterator: LoadedIterator | undefined = undefined;

  /** `load` makes the iterator; `undefined`: its client was closed before. Then `unconfirmed` is the reason. */
  constructor(load: Promise<LoadedIterator | undefined>, unconfirmed: () => Error | undefined) {
    this.#loaded = load.then((iterator) => this.#iterator = iterator);
    this.ready = this.#loaded.then(async (iterator) => {
      const error = iterator === undefined ? unconfirmed() : await iterator.ready;
      if (error !== undefined) throw error;
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
    return this.#loaded.then((iterator) => iterator?.next() ?? { value: undefined, done: true });
  }

  /** Ends the iteration. */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    await this.close();
    return { value: undefined, done: true };
  }

  /** Ends the iteration. Never rejects. */
  async close(): Promise<void> {
    const iterator = await this.#loaded.catch(() => undefined);
    await iterator?.close();
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Iterates over itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}
