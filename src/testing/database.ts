/**
 * A numbered database: keys, values and their expiry.
 *
 * Every change of a value goes through `write`, `set`, `delete` or `expire`, before it is made. Snapshots depend on
 * that: `journal`, if present, gets the entry as it was before its first change.
 *
 * @module
 */
import { Heap } from "./heap.ts";
import { WRONGTYPE } from "./reply.ts";
import type { Bytes } from "./types/bytes.ts";
import { Dict } from "./types/dict.ts";
import type { Hash } from "./types/hash.ts";
import type { List } from "./types/list.ts";
import type { SetValue } from "./types/set.ts";
import type { SortedSet } from "./types/sorted_set.ts";
import type { Stream } from "./types/stream.ts";

/** A value of a key; a text is a string value, too. */
export type Value = string | Bytes | List | Hash | SetValue | SortedSet | Stream;
/** The result of TYPE. */
export type TypeName = "string" | "list" | "hash" | "set" | "zset" | "stream";
/** The class of each type but strings. */
export interface TypeMap {
  /** LPUSH and so on. */
  list: List;
  /** HSET and so on. */
  hash: Hash;
  /** SADD and so on. */
  set: SetValue;
  /** ZADD and so on. */
  zset: SortedSet;
  /** XADD and so on. */
  stream: Stream;
}

/** A key with its value and properties. */
export interface Entry {
  /** Its value. */
  value: Value;
  /** The time of expiry in milliseconds since 1970; 0: never. */
  expireAt: number;
  /** The time of the last access. */
  usedAt: number;
  /** The approximate number of accesses, for OBJECT FREQ. */
  frequency: number;
  /** Whether a short string is encoded as raw, as it was appended to. */
  raw: boolean;
  /** Whether a number is not encoded as one, as it was made by INCRBYFLOAT. */
  text: boolean;
}

/** Receives the events of a database. */
export interface DatabaseHost {
  /** The server's time, in milliseconds since 1970. */
  readonly now: number;
  /** Whether keys that have expired are taken out; not on replicas. */
  readonly expires: boolean;
  /** Whether reading a key counts as using it. */
  readonly touches: boolean;
  /** Whether lookups are counted, and missing keys reported: while a command reads. */
  readonly counts: boolean;
  /** A key was looked up to be read. */
  looked(db: Database, key: string, found: boolean): void;
  /** A key has expired and has been taken out. */
  expired(db: Database, key: string): void;
  /** A key is there that was not. */
  added(db: Database, key: string): void;
  /** A value is no longer there: its key was deleted, or has a value of another type. */
  gone(db: Database, key: string): void;
  /** Called when the earliest expiry has changed. */
  expiresAt(db: Database, at: number): void;
}

interface Expiry {
  readonly at: number;
  readonly key: string;
}

/** Returns the result of TYPE. */
export function typeOf(value: Value): TypeName {
  return typeof value === "string" ? "string" : value.type;
}

/** A copy of an entry that changes of the first do not reach. */
export function cloneEntry(entry: Entry): Entry {
  return { ...entry, value: typeof entry.value === "string" ? entry.value : entry.value.clone() };
}

/** Keys with values. */
export class Database {
  /** Its number. */
  readonly index: number;
  /** The keys. */
  keys: Dict<Entry> = new Dict();
  /** The number of keys with an expiry. */
  volatile = 0;
  /** Entries before their first change, `undefined` for a new key; present while a snapshot needs it. */
  journal: Map<string, Entry | undefined> | undefined;
  readonly #host: DatabaseHost;
  readonly #expiries: Heap<Expiry> = new Heap((a, b) => a.at < b.at);

  /** Makes an empty one. */
  constructor(index: number, host: DatabaseHost) {
    this.index = index;
    this.#host = host;
  }

  /** The number of keys, including expired ones that no command has touched. */
  get size(): number {
    return this.keys.size;
  }

  /** The entry of a key, without using it; `undefined` when it is not there or has expired. */
  peek(key: string): Entry | undefined {
    const entry = this.keys.get(key);
    if (entry === undefined || entry.expireAt === 0 || entry.expireAt > this.#host.now) return entry;
    if (this.#host.expires) {
      this.#remove(key, entry);
      this.#host.expired(this, key);
    }
    return undefined;
  }

  /** The entry of a key that is read, without using it. */
  look(key: string): Entry | undefined {
    const entry = this.peek(key);
    if (this.#host.counts) this.#host.looked(this, key, entry !== undefined);
    return entry;
  }

  /** The entry of a key. */
  find(key: string): Entry | undefined {
    const entry = this.look(key);
    if (entry !== undefined && this.#host.touches) {
      entry.usedAt = this.#host.now;
      if (entry.frequency < 255) entry.frequency++;
    }
    return entry;
  }

  /** The value of a key of a type.
   *
   * @throws {ErrorReply} where it is of another. */
  read<T extends keyof TypeMap>(key: string, type: T): TypeMap[T] | undefined {
    const value = this.find(key)?.value;
    if (value === undefined) return undefined;
    if (typeof value === "string" || value.type !== type) throw WRONGTYPE;
    return value as TypeMap[T];
  }

  /** The same, to be changed. */
  write<T extends keyof TypeMap>(key: string, type: T): TypeMap[T] | undefined {
    const value = this.read(key, type);
    if (value !== undefined) this.keep(key);
    return value;
  }

  /** The text of a string.
   *
   * @throws {ErrorReply} where it is of another type. */
  text(key: string): string | undefined {
    const value = this.find(key)?.value;
    if (typeof value === "string" || value === undefined) return value;
    if (value.type !== "string") throw WRONGTYPE;
    return value.toString();
  }

  /** Remembers a key as it is, where there is a journal. */
  keep(key: string): void {
    if (this.journal === undefined || this.journal.has(key)) return;
    const entry = this.keys.get(key);
    this.journal.set(key, entry && cloneEntry(entry));
  }

  /** Sets a key; its time to live goes, unless it is kept. */
  set(key: string, value: Value, keepTtl: boolean = false): Entry {
    this.keep(key);
    const entry = this.peek(key);
    if (entry === undefined) {
      const made = { value, expireAt: 0, usedAt: this.#host.now, frequency: 5, raw: false, text: false };
      this.keys.set(key, made);
      this.#host.added(this, key);
      return made;
    }
    if (typeof entry.value !== "string" && typeOf(value) !== entry.value.type) this.#host.gone(this, key);
    entry.value = value;
    entry.raw = entry.text = false;
    entry.usedAt = this.#host.now;
    if (!keepTtl && entry.expireAt !== 0) {
      entry.expireAt = 0;
      this.volatile--;
    }
    return entry;
  }

  /** Takes a key out. Returns whether it was there. */
  delete(key: string): boolean {
    const entry = this.peek(key);
    if (entry === undefined) return false;
    this.#remove(key, entry);
    return true;
  }

  /** Lets a key that is there expire; 0 for never. */
  expire(key: string, at: number): void {
    const entry = this.keys.get(key);
    if (entry === undefined) return;
    this.keep(key);
    if ((entry.expireAt === 0) !== (at === 0)) this.volatile += at === 0 ? -1 : 1;
    entry.expireAt = at;
    if (at !== 0) this.#schedule(key, at);
  }

  /** Looks at a key again at a time, as a field of it expires then. */
  watchFields(key: string, at: number): void {
    if (at !== Infinity) this.#schedule(key, at);
  }

  /** Takes everything out. */
  clear(): void {
    if (this.journal !== undefined) { for (const key of this.keys.keys()) this.keep(key); }
    this.keys = new Dict();
    this.volatile = 0;
    this.#expiries.clear();
  }

  /** Sets or removes the entry of a key, for snapshots and replication. */
  put(key: string, entry: Entry | undefined): void {
    this.keep(key);
    const before = this.keys.get(key);
    if (before !== undefined && before.expireAt !== 0) this.volatile--;
    if (entry === undefined) {
      this.keys.delete(key);
      return;
    }
    this.keys.set(key, entry);
    if (entry.expireAt !== 0) {
      this.volatile++;
      this.#schedule(key, entry.expireAt);
    }
    if (typeof entry.value !== "string" && entry.value.type === "hash") {
      this.watchFields(key, entry.value.nextExpiry());
    }
  }

  /** Swaps contents with another database. */
  swap(other: Database): void {
    for (const [from, to] of [[this, other], [other, this]] as const) {
      if (from.journal === undefined) continue;
      for (const key of [...from.keys.keys(), ...to.keys.keys()]) from.keep(key);
    }
    [this.keys, other.keys] = [other.keys, this.keys];
    [this.volatile, other.volatile] = [other.volatile, this.volatile];
    this.reschedule();
    other.reschedule();
  }

  /** Finds out again what expires when. */
  reschedule(): void {
    this.#expiries.clear();
    this.volatile = 0;
    for (const { key, value } of this.keys.nodes()) {
      if (value.expireAt !== 0) {
        this.volatile++;
        this.#schedule(key, value.expireAt);
      }
    }
  }

  /** The keys whose time has come, each once; the caller looks at them. */
  due(): string[] {
    const keys: string[] = [];
    const { now } = this.#host;
    for (
      let next = this.#expiries.peek();
      next !== undefined && next.at <= now;
      next = this.#expiries.peek()
    ) {
      keys.push(next.key);
      this.#expiries.pop();
    }
    return keys;
  }

  /** The earliest time at which something may expire. */
  nextExpiry(): number | undefined {
    return this.#expiries.peek()?.at;
  }

  #schedule(key: string, at: number): void {
    const next = this.#expiries.peek();
    // Most items of the heap are outdated: remove them.
    if (this.#expiries.size > 1024 && this.#expiries.size > 4 * this.volatile) {
      this.#expiries.retain((one) => {
        const entry = this.keys.get(one.key);
        return entry !== undefined &&
          (entry.expireAt === one.at || (typeof entry.value !== "string" && entry.value.type === "hash"));
      });
    }
    this.#expiries.push({ at, key });
    if (next === undefined || at < next.at) this.#host.expiresAt(this, at);
  }

  #remove(key: string, entry: Entry): void {
    this.keep(key);
    this.keys.delete(key);
    this.#host.gone(this, key);
    if (entry.expireAt !== 0) this.volatile--;
  }
}
