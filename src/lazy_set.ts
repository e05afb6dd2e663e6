/**
 * A set that is nearly always empty, and then holds no memory.
 *
 * @module
 */

/** The part of `Set` that its users need, in the order of insertion. */
export class LazySet<T> {
  #values: Set<T> | undefined = undefined;

  /** The number of values. */
  get size(): number {
    return this.#values === undefined ? 0 : this.#values.size;
  }

  /** Whether it contains a value. */
  has(value: T): boolean {
    return this.#values !== undefined && this.#values.has(value);
  }

  /** Adds a value. */
  add(value: T): void {
    (this.#values ??= new Set()).add(value);
  }

  /** Removes a value. Returns whether it was there. */
  delete(value: T): boolean {
    if (this.#values === undefined || !this.#values.delete(value)) return false;
    if (this.#values.size === 0) this.#values = undefined;
    return true;
  }

  /** Removes all values. */
  clear(): void {
    this.#values = undefined;
  }

  /** Iterates the values; those that are added meanwhile are included only if it was not empty. */
  [Symbol.iterator](): IterableIterator<T> {
    return (this.#values ?? NONE as Set<T>).values();
  }
}

const NONE: ReadonlySet<unknown> = new Set();
