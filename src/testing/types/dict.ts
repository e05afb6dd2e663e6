/**
 * A dictionary with places: a member at random and a stable scan cost as little as a look-up.
 *
 * @module
 */

/** The node of a key. */
export interface DictNode<V> {
  /** The key. */
  readonly key: string;
  /** Its value. */
  value: V;
  /** Its place. */
  index: number;
}

/** Up to here the order of insertion is kept when a key is deleted, as in Redis' compact encodings. */
const ORDERED = 512;

/** Keys with values, in places from 0 to `size - 1`. */
export class Dict<V> {
  readonly #byKey: Map<string, DictNode<V>> = new Map();
  readonly #nodes: DictNode<V>[] = [];

  /** The number of keys. */
  get size(): number {
    return this.#nodes.length;
  }

  /** The value of a key. */
  get(key: string): V | undefined {
    return this.#byKey.get(key)?.value;
  }

  /** Whether there is such a key. */
  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** Sets a key. Returns whether it is new. */
  set(key: string, value: V): boolean {
    const node = this.#byKey.get(key);
    if (node !== undefined) {
      node.value = value;
      return false;
    }
    const made = { key, value, index: this.#nodes.length };
    this.#byKey.set(key, made);
    this.#nodes.push(made);
    return true;
  }

  /** Takes a key out. Returns whether it was there. */
  delete(key: string): boolean {
    const node = this.#byKey.get(key);
    if (node === undefined) return false;
    this.#byKey.delete(key);
    const nodes = this.#nodes;
    if (nodes.length <= ORDERED) {
      nodes.splice(node.index, 1);
      for (let i = node.index; i < nodes.length; i++) nodes[i]!.index = i;
      return true;
    }
    // The last one fills the gap. It moves to a lower place, where a scan, which goes down, comes by later.
    const last = nodes.pop()!;
    if (last !== node) {
      nodes[node.index] = last;
      last.index = node.index;
    }
    return true;
  }

  /** Returns the node at a position. */
  at(index: number): DictNode<V> {
    return this.#nodes[index]!;
  }

  /** All, place by place. */
  nodes(): readonly DictNode<V>[] {
    return this.#nodes;
  }

  /** All keys. */
  keys(): string[] {
    return this.#nodes.map((node) => node.key);
  }

  /** Takes everything out. */
  clear(): void {
    this.#byKey.clear();
    this.#nodes.length = 0;
  }

  /**
   * Visits about `count` of the keys, from place `cursor` downwards (0: from the top). Returns the next cursor, 0 at the
   * end. Keys that are there during the whole of a scan are visited at least once.
   */
  scan(cursor: number, count: number, visit: (node: DictNode<V>) => void): number {
    const { length } = this.#nodes;
    let at = cursor === 0 || cursor > length ? length : cursor;
    for (; count > 0 && at > 0; count--) visit(this.#nodes[--at]!);
    return at;
  }

  /** The same keys and values; `copy` makes the values. */
  clone(copy: (value: V) => V = (value) => value): Dict<V> {
    const made = new Dict<V>();
    for (const { key, value } of this.#nodes) made.set(key, copy(value));
    return made;
  }
}
