/**
 * An iterator whose code is being loaded behaves as one that was there at once.
 *
 * @module
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { LazyIterator, type LoadedIterator } from "../../src/client/pubsub/lazy_iterator.ts";

/** An iterator with items that can be read at once, and that drops them when it is closed. */
class Items implements LoadedIterator {
  readonly ready = Promise.resolve();
  #left = 3;
  #number = 0;

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#left === 0) return Promise.resolve({ value: undefined, done: true });
    this.#left--;
    return Promise.resolve({ value: ++this.#number, done: false });
  }

  close(): void {
    this.#left = 0;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

type Call = (iterator: { next(): Promise<IteratorResult<unknown>>; close(): unknown }) => Promise<unknown>;

const CALLS: Record<string, Call> = {
  next: (iterator) => iterator.next(),
  close: async (iterator) => {
    await iterator.close();
  },
};

it("calls reach the iterator in their order, whenever it is loaded", async () => {
  // All sequences of up to five calls, and each place among them at which it is loaded, several microtasks on.
  for (let bits = 2; bits < 64; bits++) {
    const names = [...bits.toString(2).slice(1)].map((bit) => bit === "0" ? "next" : "close");
    for (let place = 0; place <= names.length; place++) {
      const expected = await Promise.all(names.map(((items) => (name) => CALLS[name]!(items))(new Items())));
      const { promise, resolve } = Promise.withResolvers<LoadedIterator>();
      const lazy = new LazyIterator(promise, () => undefined);
      const results: Promise<unknown>[] = [];
      for (const [i, name] of names.entries()) {
        if (i === place) resolve(new Items());
        for (let turns = i < place ? 0 : i - place; turns > 0; turns--) await undefined;
        results.push(CALLS[name]!(lazy));
      }
      resolve(new Items());
      assert.deepEqual(await Promise.all(results), expected, `${names.join()}; loaded at ${place}`);
      await lazy.ready;
    }
  }
});

it("an iterator that cannot begin throws the reason once, and nothing after its end", async () => {
  const reason = new Error("aborted");
  const failed = new LazyIterator(Promise.reject(reason), () => undefined);
  await assert.rejects(failed.ready, reason);
  await assert.rejects(failed.next(), reason);
  assert.deepEqual(await failed.next(), { value: undefined, done: true });

  const left = new LazyIterator(Promise.reject(reason), () => undefined);
  await left.close();
  assert.deepEqual(await left.next(), { value: undefined, done: true });

  const orphan = new LazyIterator(Promise.resolve(undefined), () => reason);
  await assert.rejects(orphan.ready, reason);
  assert.deepEqual(await orphan.next(), { value: undefined, done: true });
  assert.deepEqual(await orphan.return(), { value: undefined, done: true });
});
