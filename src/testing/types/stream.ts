/**
 * A stream with its groups.
 *
 * @module
 */
import { IdList } from "./id_list.ts";

const SEQUENCE = 64n;
const MASK: bigint = (1n << SEQUENCE) - 1n;
/** The highest id. */
export const MAX_ID: bigint = (1n << 128n) - 1n;

/** An id from its two parts. */
export function makeId(ms: bigint, sequence: bigint): bigint {
  return (ms << SEQUENCE) | sequence;
}

/** The first part of an id. */
export function idMs(id: bigint): bigint {
  return id >> SEQUENCE;
}

/** The second part. */
export function idSequence(id: bigint): bigint {
  return id & MASK;
}

/** `1-1`. */
export function formatId(id: bigint): string {
  return `${idMs(id)}-${idSequence(id)}`;
}

/** An entry that was delivered and not acknowledged. */
export interface PendingEntry {
  /** The consumer that received it. */
  consumer: Consumer;
  /** The time of the last delivery. */
  deliveredAt: number;
  /** The number of deliveries. */
  count: number;
}

/** A consumer of a group. */
export interface Consumer {
  /** Its name. */
  readonly name: string;
  /** The time of its last request. */
  seenAt: number;
  /** Its pending entries. */
  readonly pending: IdList<PendingEntry>;
}

/** A group. */
export class Group {
  /** Its name. */
  readonly name: string;
  /** The last entry that was delivered. */
  lastId: bigint;
  /** The number of entries that it has read; -1 if unknown. */
  read: number;
  /** The pending entries of its consumers. */
  readonly pending: IdList<PendingEntry> = new IdList();
  /** Its consumers. */
  readonly consumers: Map<string, Consumer> = new Map();

  /** Makes one. */
  constructor(name: string, lastId: bigint, read: number) {
    this.name = name;
    this.lastId = lastId;
    this.read = read;
  }

  /** A consumer, made if it is not there. */
  consumer(name: string, now: number): Consumer {
    let consumer = this.consumers.get(name);
    if (consumer === undefined) {
      consumer = { name, seenAt: now, pending: new IdList() };
      this.consumers.set(name, consumer);
    }
    return consumer;
  }
}

/** Entries that are stored together. */
export interface StreamNode {
  /** The first id of the node, whose entry may have been deleted. */
  readonly first: bigint;
  /** The number of entries, deleted ones included. */
  readonly total: number;
  /** The entries: fields and values in turn. */
  readonly entries: readonly (readonly [id: bigint, words: readonly string[]])[];
}

/** Returns the approximate number of bytes of an entry in a node. */
function sizeOf(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + word.length + 2, 8);
}

/** Entries by id. */
export class Stream {
  /** The name of the type in TYPE. */
  readonly type: "stream" = "stream";
  /** The entries: fields and values in turn. */
  entries: IdList<readonly string[]> = new IdList();
  /** The last id that was given. */
  lastId = 0n;
  /** The highest id that was deleted. */
  maxDeleted = 0n;
  /** The number of entries ever added. */
  added = 0;
  /** Its groups. */
  readonly groups: Map<string, Group> = new Map();

  /** The number of entries. */
  get size(): number {
    return this.entries.size;
  }

  /** The first id, 0 where there is no entry. */
  get firstId(): bigint {
    return this.entries.first() ?? 0n;
  }

  /** The distribution of entries over nodes, as in Redis: approximate trimming removes complete nodes. */
  #nodes: { readonly first: bigint; live: number; total: number; bytes: number }[] = [];

  /** Adds an entry at the end. */
  append(id: bigint, fields: readonly string[], most: number, mostBytes: number): void {
    const bytes = sizeOf(fields);
    let node = this.#nodes.at(-1);
    if (
      node === undefined || (most > 0 && node.total >= most) || (mostBytes > 0 && node.bytes >= mostBytes)
    ) {
      this.#nodes.push(node = { first: id, live: 0, total: 0, bytes: 0 });
    }
    node.live++;
    node.total++;
    node.bytes += bytes;
    this.entries.set(id, fields);
    this.lastId = id;
    this.added++;
  }

  /** The entries as they are stored together. */
  nodes(): StreamNode[] {
    const entries = this.entries.range(0n, undefined, false);
    return this.#nodes.map(({ first, total, live }) => ({
      first,
      total,
      entries: Array.from({ length: live }, () => entries.next().value!),
    }));
  }

  /** Adds entries that are stored together, at the end. */
  addNode({ first, total, entries }: StreamNode): void {
    const last = this.entries.last() ?? -1n;
    if (entries.some(([id], index) => id <= (entries[index - 1]?.[0] ?? last))) throw new RangeError("order");
    let bytes = 0;
    for (const [id, words] of entries) {
      this.entries.set(id, words);
      bytes += sizeOf(words);
    }
    this.#nodes.push({ first, live: entries.length, total, bytes });
  }

  /** Takes an entry out. */
  delete(id: bigint): boolean {
    if (!this.entries.delete(id)) return false;
    if (id > this.maxDeleted) this.maxDeleted = id;
    this.#forget(id);
    return true;
  }

  #forget(id: bigint): void {
    const nodes = this.#nodes;
    let low = 0;
    for (let high = nodes.length - 1; low < high;) {
      const middle = (low + high + 1) >>> 1;
      if (nodes[middle]!.first <= id) low = middle;
      else high = middle - 1;
    }
    const node = nodes[low];
    if (node !== undefined && --node.live === 0) nodes.splice(low, 1);
  }

  /**
   * Takes entries out from the start: while there are more than `most`, or as long as they are before `least`. Where
   * `roughly`, only whole nodes, and no more than `limit` entries. Returns how many.
   */
  trim(most: number | undefined, least: bigint, roughly: boolean, limit: number): number {
    let gone = 0;
    while (this.size > 0 && (most === undefined || this.size > most)) {
      const node = this.#nodes[0]!;
      if (roughly && limit > 0 && gone + node.total > limit) break;
      const whole = most !== undefined ? this.size - node.live >= most : this.#lastOf(0) < least;
      if (!whole && roughly) break;
      const ids: bigint[] = [];
      for (const [id] of this.entries.range(0n, undefined, false)) {
        if (
          whole ? ids.length === node.live : most === undefined ? id >= least : this.size - ids.length <= most
        ) break;
        ids.push(id);
      }
      for (const id of ids) {
        this.entries.delete(id);
        this.#forget(id);
      }
      gone += ids.length;
      if (!whole) break;
    }
    return gone;
  }

  /** The last id of a node. */
  #lastOf(index: number): bigint {
    const next = this.#nodes[index + 1];
    if (next === undefined) return this.entries.last() ?? 0n;
    for (const [id] of this.entries.range(0n, next.first - 1n, true)) return id;
    return 0n;
  }

  /** A copy. */
  clone(): Stream {
    const made = new Stream();
    made.entries = this.entries.clone();
    made.lastId = this.lastId;
    made.maxDeleted = this.maxDeleted;
    made.added = this.added;
    made.#nodes = this.#nodes.map((node) => ({ ...node }));
    for (const group of this.groups.values()) {
      const twin = new Group(group.name, group.lastId, group.read);
      for (const consumer of group.consumers.values()) twin.consumer(consumer.name, consumer.seenAt);
      for (const [id, entry] of group.pending.range(0n, undefined, false)) {
        const consumer = twin.consumer(entry.consumer.name, 0);
        const pending = { ...entry, consumer };
        twin.pending.set(id, pending);
        consumer.pending.set(id, pending);
      }
      made.groups.set(group.name, twin);
    }
    return made;
  }
}
