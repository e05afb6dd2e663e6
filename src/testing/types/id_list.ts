/**
 * Things in the order of their ids, where nearly all are added at the end and many are taken from the start.
 *
 * @module
 */

interface Slot<T> {
  readonly id: bigint;
  value: T;
  gone: boolean;
}

/** A list of values by id: O(1) at the end, O(log n) to find. Deleted values are removed when they are half of all. */
export class IdList<T> {
  #slots: Slot<T>[] = [];
  #start = 0;
  #size = 0;

  /** The number of values. */
  get size(): number {
    return this.#size;
  }

  /** The place of the first slot that is not before an id. */
  #place(id: bigint): number {
    const slots = this.#slots;
    let low = this.#start;
    let high = slots.length;
    if (high > low && slots[high - 1]!.id < id) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (slots[middle]!.id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Sets the value of an id. */
  set(id: bigint, value: T): void {
    const place = this.#place(id);
    const slot = this.#slots[place];
    if (slot?.id === id) {
      if (slot.gone) this.#size++;
      slot.value = value;
      slot.gone = false;
      return;
    }
    const made = { id, value, gone: false };
    if (place === this.#slots.length) this.#slots.push(made);
    else this.#slots.splice(place, 0, made);
    this.#size++;
  }

  /** The value of an id. */
  get(id: bigint): T | undefined {
    const slot = this.#slots[this.#place(id)];
    return slot?.id === id && !slot.gone ? slot.value : undefined;
  }

  /** Takes an id out. */
  delete(id: bigint): boolean {
    const slot = this.#slots[this.#place(id)];
    if (slot?.id !== id || slot.gone) return false;
    slot.gone = true;
    this.#size--;
    while (this.#start < this.#slots.length && this.#slots[this.#start]!.gone) this.#start++;
    if (this.#slots.length > 64 && this.#size < this.#slots.length / 2) {
      this.#slots = this.#slots.filter((one) => !one.gone);
      this.#start = 0;
    }
    return true;
  }

  /** The first id. */
  first(): bigint | undefined {
    for (const [id] of this.range(0n, undefined, false)) return id;
    return undefined;
  }

  /** The last id. */
  last(): bigint | undefined {
    for (const [id] of this.range(0n, undefined, true)) return id;
    return undefined;
  }

  /** Ids and values from one id to another, both included; `reverse` from the last to the first. */
  *range(from: bigint, to: bigint | undefined, reverse: boolean): Generator<[bigint, T]> {
    // Deleting values during an iteration is safe: removal creates a new array.
    const slots = this.#slots;
    const low = this.#place(from);
    if (reverse) {
      let at = to === undefined ? slots.length - 1 : this.#place(to);
      if (at >= slots.length || (to !== undefined && slots[at]!.id > to)) at--;
      for (; at >= low; at--) if (!slots[at]!.gone) yield [slots[at]!.id, slots[at]!.value];
    } else {
      for (let at = low; at < slots.length; at++) {
        const slot = slots[at]!;
        if (to !== undefined && slot.id > to) return;
        if (!slot.gone) yield [slot.id, slot.value];
      }
    }
  }

  /** A copy. */
  clone(copy: (value: T) => T = (value) => value): IdList<T> {
    const made = new IdList<T>();
    for (const [id, value] of this.range(0n, undefined, false)) made.set(id, copy(value));
    return made;
  }
}
