/**
 * Collects what listeners are called with, and waits until enough has come.
 *
 * @module
 */

/** The received items. */
export interface Collector<T> {
  /** All of it, in order. */
  readonly items: T[];
  /** Adds one. */
  add(item: T): void;
  /** All of it, as soon as there are `count`. */
  wait(count: number): Promise<T[]>;
}

/** Makes a collector. */
export function collector<T>(): Collector<T> {
  const items: T[] = [];
  const waiting: { count: number; resolve: (items: T[]) => void }[] = [];
  return {
    items,
    add(item) {
      items.push(item);
      for (const one of [...waiting]) {
        if (items.length < one.count) continue;
        waiting.splice(waiting.indexOf(one), 1);
        one.resolve(items);
      }
    },
    wait(count) {
      if (items.length >= count) return Promise.resolve(items);
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
  };
}
