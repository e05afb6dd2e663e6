/**
 * The options of a client-side cache.
 *
 * @module
 */
import type { Reply } from "../resp/types.ts";

/** A reply in memory. */
export interface CacheEntry {
  /** The command and the arguments that the entry answers. */
  readonly id: string;
  /** The server's keys that it depends on. */
  readonly keys: readonly string[];
  /** The reply. Callers get copies, unless it is immutable. */
  readonly reply: Reply;
  /** The approximate size in bytes. */
  readonly bytes: number;
  /** The time of the call, by the clock of the options. */
  readonly readAt: number;
  /** The time of expiry, by the clock of the options: of the key, or of `ttl`; `Infinity`: never. */
  readonly expires: number;
  /** Its promise, where the reply is immutable. */
  readonly promise: Promise<Reply> | undefined;
}

/** A store for cached replies. All methods are synchronous: an invalidated entry must be gone immediately. */
export interface CacheStore {
  /** The number of entries. */
  readonly size: number;
  /** The size of all entries in bytes. */
  readonly bytes: number;
  /** Returns the entry with this id, if any. */
  get(id: string): CacheEntry | undefined;
  /** Keeps an entry, in place of one with the same id. */
  set(entry: CacheEntry): void;
  /** Forgets an entry. */
  delete(id: string): void;
  /** Forgets all. */
  clear(): void;
}

/** The parameters of a store. */
export interface CacheStoreContext {
  /** The maximum number of entries. */
  readonly maxEntries: number;
  /** The maximum size in bytes. */
  readonly maxBytes: number;
  /** Must be called for each entry that the store evicts. */
  evicted(entry: CacheEntry): void;
}

/** Makes a store of your own. */
export type CacheStoreFactory = (context: CacheStoreContext) => CacheStore;

/**
 * The options of the client-side cache, which keeps replies of read-only commands until the server invalidates them.
 */
export interface CacheOptions {
  /** The maximum number of replies. Default 10,000. */
  readonly maxEntries?: number;
  /** The approximate maximum size in bytes. Default 64 MiB. */
  readonly maxBytes?: number;
  /** The milliseconds after which a reply expires even without an invalidation; 0: never. Default 0. */
  readonly ttl?: number;
  /**
   * The invalidation mode: the server tracks the keys that were read (`"tracking"`), or sends all changes under
   * `prefixes` (`"broadcast"`). Default `"tracking"`.
   */
  readonly mode?: "tracking" | "broadcast";
  /** The prefixes of the keys to cache. Default: all keys. */
  readonly prefixes?: readonly string[];
  /** Cache only calls of `with({ cache: true })`. Default `false`. */
  readonly optIn?: boolean;
  /** A store of your own. */
  readonly store?: CacheStoreFactory;
}

/** A cache's options as they hold. */
export interface ResolvedCacheOptions extends Required<Omit<CacheOptions, "store">> {
  /** The store that was given. */
  readonly store: CacheStoreFactory | undefined;
}

/** Fills in defaults. Returns `undefined` if there is no cache. */
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
