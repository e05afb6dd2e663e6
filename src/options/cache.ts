/**
 * The options of a client-side cache.
 *
 * @module
 */
import type { Reply } from "../resp/types.ts";

/** A reply in memory. */
export interface CacheEntry {
  /** Which command with which arguments it answers. */
  readonly id: string;
  /** The server's keys that it depends on. */
  readonly keys: readonly string[];
  /** The reply; never handed out itself, unless it is immutable. */
  readonly reply: Reply;
  /** What it holds, in bytes, about. */
  readonly bytes: number;
  /** When its command was called, by the clock of the options. */
  readonly readAt: number;
  /** When it is too old, by the clock of the options: its key expires then, or its `ttl` is over; `Infinity`: never. */
  readonly expires: number;
  /** Its promise, where the reply is immutable. */
  readonly promise: Promise<Reply> | undefined;
}

/** Where replies are kept. All is synchronous: what is invalidated must be gone at once. */
export interface CacheStore {
  /** How many entries there are. */
  readonly size: number;
  /** What they hold, in bytes. */
  readonly bytes: number;
  /** The entry with this id, if there is one. */
  get(id: string): CacheEntry | undefined;
  /** Keeps an entry, in place of one with the same id. */
  set(entry: CacheEntry): void;
  /** Forgets an entry. */
  delete(id: string): void;
  /** Forgets all. */
  clear(): void;
}

/** What a store is made with. */
export interface CacheStoreContext {
  /** How many entries there may be. */
  readonly maxEntries: number;
  /** How many bytes they may hold. */
  readonly maxBytes: number;
  /** To be called for each entry that the store lets go by itself. */
  evicted(entry: CacheEntry): void;
}

/** Makes a store of your own. */
export type CacheStoreFactory = (context: CacheStoreContext) => CacheStore;

/** A client-side cache: replies of read-only commands, kept until the server says that they changed. */
export interface CacheOptions {
  /** How many replies are kept. Default 10,000. */
  readonly maxEntries?: number;
  /** How many bytes they may hold, about. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds after which a reply is asked for anew although nothing is known to have changed; 0 is never. Default 0. */
  readonly ttl?: number;
  /** The server remembers what was read (`"tracking"`), or tells of all changes under `prefixes`. Default `"tracking"`. */
  readonly mode?: "tracking" | "broadcast";
  /** Only keys that begin with one of these are cached. Default: all. */
  readonly prefixes?: readonly string[];
  /** Cache only what is called on `with({ cache: true })`. Default `false`. */
  readonly optIn?: boolean;
  /** A store of your own. */
  readonly store?: CacheStoreFactory;
}

/** A cache's options as they hold. */
export interface ResolvedCacheOptions extends Required<Omit<CacheOptions, "store">> {
  /** The store that was given. */
  readonly store: CacheStoreFactory | undefined;
}

/** Fills in what was not given; `undefined`: there is no cache. */
export function resolveCache(given: CacheOptions | boolean | undefined): ResolvedCacheOptions | undefined {
  if (given === undefined || given === false) return undefined;
  const options = given === true ? {} : given;
  return Object.freeze({
    maxEntries: 10_000,
    maxBytes: 67_108_864,
    ttl: 0,
    mode: "tracking",
    prefixes: [],
    optIn: false,
    store: undefined,
    ...options,
  });
}
