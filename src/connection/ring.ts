/**
 * A queue in a ring: push at the tail, shift at the head, nothing allocated on the way.
 *
 * @module
 */

/** The first capacity: thousands of connections may be idle. */
const SMALL = 8;
/** The capacity above which an empty ring is replaced. */
const BIG = 65_536;

/** A first-in first-out queue that grows by doubling and falls back to its small size when emptied. */
export class Ring<T> {
  /** Empty until the first value: many rings never get one. */
  #slots: (T | undefined)[] = [];
  #mask = -1;
  #head = 0;
  #length = 0;

  /** The number of queued items. */
  get length(): number {
    return this.#length;
  }

  /** Queues a value. */
  push(value: T): void {
    if (this.#length > this.#mask) this.#grow();
    this.#slots[(this.#head + this.#length++) & this.#mask] = value;
  }

  /** The oldest value, left where it is. */
  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  /** The value `index` places behind the oldest. */
  at(index: number): T | undefined {
    return index < this.#length ? this.#slots[(this.#head + index) & this.#mask] : undefined;
  }

  /** Takes the oldest value out. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    // A burst must not leave its ring behind for the lifetime of the connection.
    if (--this.#length === 0 && this.#mask > BIG) this.#reset();
    return value;
  }

  /** Takes out the `count` newest values, the oldest of them first. */
  takeNewest(count: number): T[] {
    const values: T[] = [];
    const from = this.#length - count;
    for (let index = from; index < this.#length; index++) {
      const slot = (this.#head + index) & this.#mask;
      values.push(this.#slots[slot] as T);
      this.#slots[slot] = undefined;
    }
    this.#length = from;
    return values;
  }

  /** Takes all values out, the oldest first. */
  drain(): T[] {
    const values: T[] = [];
    for (let index = 0; index < this.#length; index++) {
      values.push(this.#slots[(this.#head + index) & this.#mask] as T);
    }
    this.#reset();
    return values;
  }

  #reset(): void {
    this.#slots = new Array(SMALL).fill(undefined);
    this.#mask = SMALL - 1;
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const size = this.#slots.length;
    if (size === 0) return this.#reset();
    const slots: (T | undefined)[] = new Array(size * 2).fill(undefined);
    for (let index = 0; index < size; index++) slots[index] = this.#slots[(this.#head + index) & this.#mask];
    this.#slots = slots;
    this.#mask = size * 2 - 1;
    this.#head = 0;
  }
}
