/**
 * Replies in memory, those used last first.
 *
 * @module
 */
import type { CacheEntry, CacheStore, CacheStoreContext } from "../../options.ts";

/** A place in the order of use. */
interface Node {
  entry: CacheEntry;
  newer: Node | undefined;
  older: Node | undefined;
}

/** A least-recently-used store with a maximum of entries and bytes. */
export class LruStore implements CacheStore {
  readonly #context: CacheStoreContext;
  readonly #nodes: Map<string, Node> = new Map();
  #newest: Node | undefined = undefined;
  #oldest: Node | undefined = undefined;
  #bytes = 0;

  /** Within the limits of the context. */
  constructor(context: CacheStoreContext) {
    this.#context = context;
  }

  /** @inheritdoc */
  get size(): number {
    return this.#nodes.size;
  }

  /** @inheritdoc */
  get bytes(): number {
    return this.#bytes;
  }

  /** @inheritdoc */
  get(id: string): CacheEntry | undefined {
    const node = this.#nodes.get(id);
    if (node === undefined) return undefined;
    if (node !== this.#newest) {
      this.#unlink(node);
      this.#link(node);
    }
    return node.entry;
  }

  /** @inheritdoc */
  set(entry: CacheEntry): void {
    this.delete(entry.id);
    const node: Node = { entry, newer: undefined, older: undefined };
    this.#nodes.set(entry.id, node);
    this.#link(node);
    this.#bytes += entry.bytes;
    const { maxEntries, maxBytes, evicted } = this.#context;
    while (this.#nodes.size > maxEntries || this.#bytes > maxBytes) {
      const { entry: oldest } = this.#oldest!;
      this.delete(oldest.id);
      evicted(oldest);
    }
  }

  /** @inheritdoc */
  delete(id: string): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    this.#nodes.delete(id);
    this.#unlink(node);
    this.#bytes -= node.entry.bytes;
  }

  /** @inheritdoc */
  clear(): void {
    this.#nodes.clear();
    this.#newest = this.#oldest = undefined;
    this.#bytes = 0;
  }

  #link(node: Node): void {
    const newest = this.#newest;
    node.newer = undefined;
    node.older = newest;
    if (newest !== undefined) newest.newer = node;
    this.#newest = node;
    this.#oldest ??= node;
  }

  #unlink(node: Node): void {
    const { newer, older } = node;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
  }
}
