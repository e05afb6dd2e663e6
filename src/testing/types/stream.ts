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
  /** Whom it was delivered to. */
  consumer: Consumer;
  /** When. */
  deliveredAt: number;
  /** How often. */
  count: number;
}

/** A consumer of a group. */
export interface Consumer {
  /** Its name. */
  readonly name: string;
  /** When it last asked. */
  seenAt: number;
  /** What it has to acknowledge. */
  readonly pending: IdList<PendingEntry>;
}

/** A group. */
export class Group {
  /** Its name. */
  readonly name: string;
  /** The last entry that was delivered. */
  lastId: bigint;
  /** How many entries it has read; -1 where that is not known. */
  read: number;
  /** What its consumers have to acknowledge. */
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

/** Entries by id. */
export class Stream {
  /** What it is for TYPE. */
  readonly type: "stream" = "stream";
  /** The entries: fields and values in turn. */
  entries: IdList<readonly string[]> = new IdList();
  /** The last id that was given. */
  lastId = 0n;
  /** The highest id that was deleted. */
  maxDeleted = 0n;
  /** How many entries were ever added. */
  added = 0;
  /** Its groups. */
  readonly groups: Map<string, Group> = new Map();

  /** How many entries there are. */
  get size(): number {
    return this.entries.size;
  }

  /** The first id, 0 where there is no entry. */
  get firstId(): bigint {
    return this.entries.first() ?? 0n;
  }

  /** Takes an entry out. */
  delete(id: bigint): boolean {
    if (!this.entries.delete(id)) return false;
    if (id > this.maxDeleted) this.maxDeleted = id;
    return true;
  }

  /** A copy. */
  clone(): Stream {
    const made = new Stream();
    made.entries = this.entries.clone();
    made.lastId = this.lastId;
    made.maxDeleted = this.maxDeleted;
    made.added = this.added;
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
