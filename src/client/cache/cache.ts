/**
 * The client-side cache: keeps replies until the server invalidates their keys.
 *
 * Replies and invalidations arrive over the same connection, in order. A reply is kept only if, since its command was
 * sent, no key was invalidated or written by this client and the connection was not lost.
 *
 * @module
 */
import { Command } from "../../commands/command.ts";
import { keysOf } from "../../commands/keys.ts";
import { ReplyError } from "../../errors.ts";
import type {
  CacheEntry,
  CacheStore,
  ResolvedCacheOptions,
  ResolvedConnectionOptions,
} from "../../options.ts";
import { DecodeMode, type Reply } from "../../resp/types.ts";
import type { Call } from "../executor.ts";
import type { MultiplexedConnection } from "../connections/multiplexed_connection.ts";
import { keyOf, keyOfReply } from "../pubsub/channel_key.ts";
import { askExpiry, type Fetch, LATE } from "./expiry.ts";
import type { ChangedKeys } from "./own_writes.ts";
import { LruStore } from "./memory_store.ts";
import { Tracking } from "./tracking.ts";
import { finish, idOf, isImmutable, keyNames, sizeOf } from "./cached_values.ts";

/** The statistics of a cache. */
export interface CacheStats {
  /** Whether the server sends invalidations at present. If not, nothing is cached. */
  readonly active: boolean;
  /** Commands answered from memory, or by a pending read of another caller. */
  readonly hits: number;
  /** Commands sent to the server. */
  readonly misses: number;
  /** Replies that were evicted, as the cache was full. */
  readonly evictions: number;
  /** Replies that were removed by an invalidation or by a write of this client. */
  readonly invalidations: number;
  /** Replies that are kept. */
  readonly entries: number;
  /** The approximate size of all replies in bytes. */
  readonly bytes: number;
  /** The error of the server, if it refused tracking or PTTL. */
  readonly error: Error | undefined;
}

/** A pending read. */
interface Flight {
  readonly id: string;
  readonly keys: readonly string[];
  readonly call: Call;
  readonly promise: Promise<Reply>;
  /** Whether the reply must not be kept, because a key may have changed since the command was sent. */
  stale: boolean;
  /** The time when the command was sent. */
  readonly sent: number;
  /** The time when the reply expires: by `ttl` of the call, or when the first of its keys expires. */
  expires: number;
  /** The reply, while the expiry of its keys is not known yet. */
  reply: { readonly value: Reply } | undefined;
}

/**
 * The cache of a client, or of several that share their connections.
 *
 * @example
 * ```ts
 * import { Redis } from "@keywire/redis";
 *
 * await using redis = new Redis({ cache: { maxEntries: 1_000 } });
 * await redis.get("greeting"); // from the server
 * await redis.get("greeting"); // from memory, until another client changes it
 * redis.cache?.stats().hits; // 1
 * ```
 */
export class ClientCache {
  /** The options. */
  readonly options: ResolvedCacheOptions;
  readonly #connection: Pick<ResolvedConnectionOptions, "clock">;
  readonly #store: CacheStore;
  /** The ids of the replies that depend on each key. */
  readonly #dependents: Map<string, Set<string>> = new Map();
  readonly #flights: Map<string, Flight> = new Map();
  readonly #reading: Map<string, Set<Flight>> = new Map();
  readonly #tracking: Tracking;
  /** The error of PTTL, if the server refused it. */
  #expiryError: Error | undefined = undefined;
  #hits = 0;
  #misses = 0;
  #evictions = 0;
  #invalidations = 0;

  /**
   * An empty cache; clients make it, with the option `cache`.
   *
   * @internal
   */
  constructor(options: ResolvedCacheOptions, connection: Pick<ResolvedConnectionOptions, "clock">) {
    this.options = options;
    this.#connection = connection;
    const { maxEntries, maxBytes } = options;
    const evicted = (entry: CacheEntry): void => {
      this.#evictions++;
      this.#unindex(entry);
    };
    const context = { maxEntries, maxBytes, evicted };
    this.#store = options.store?.(context) ?? new LruStore(context);
    this.#tracking = new Tracking({
      options,
      forget: (keys) => this.forget(keys),
      invalidated: (keys) => this.#invalidated(keys),
      clear: () => this.clear(),
    });
  }

  /** Returns the statistics. */
  stats(): CacheStats {
    return {
      active: this.#tracking.active,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
      invalidations: this.#invalidations,
      entries: this.#store.size,
      bytes: this.#store.bytes,
      error: this.#tracking.error ?? this.#expiryError,
    };
  }

  /**
   * Caches what is read over this connection. Must be called before anything is sent over it.
   *
   * @internal
   */
  attach(shared: MultiplexedConnection): void {
    this.#tracking.attach(shared);
  }

  /**
   * Returns the reply of a read-only command: from memory, from a pending read, or by `fetch`. `ask` sends commands
   * that are not cached.
   *
   * @internal
   */
  read(command: Command, call: Call, fetch: Fetch, ask: Fetch): Promise<unknown> {
    if ((call.mode & DecodeMode.attributes) !== 0) return fetch(command, call);
    const { signal } = call;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = idOf(command, call.mode);
    const { parse } = command;
    const entry = this.#store.get(id);
    const ttl = this.#ttl(call);
    if (entry !== undefined && this.#fresh(entry, ttl)) {
      this.#hits++;
      if (parse === undefined && entry.promise !== undefined) return entry.promise;
      return finish(entry.reply, command, call.mode);
    }
    const flight = this.#flights.get(id);
    // A call with its own timeout or signal must not wait by those of another call.
    if (
      flight !== undefined && signal === undefined && this.#joinable(flight) && sameLimits(flight.call, call)
    ) {
      this.#hits++;
      return flight.promise.then((reply) => finish(reply, command, call.mode));
    }
    return this.#miss(id, command, call, ttl, fetch, ask);
  }

  /**
   * Removes replies whose keys a command of this client may change, or has changed.
   *
   * @internal
   */
  forget(keys: ChangedKeys | undefined): void {
    if (keys === undefined || (this.#store.size === 0 && this.#reading.size === 0)) return;
    if (keys === "all") this.clear();
    else for (const key of keys) this.#forget(key);
  }

  /**
   * Forgets what depends on keys that match. A key that is not ASCII has a character for each byte.
   *
   * @internal
   */
  forgetMatching(matches: (key: string) => boolean): void {
    for (const key of [...this.#dependents.keys(), ...this.#reading.keys()]) {
      if (matches(key)) this.#forget(key);
    }
  }

  /** Clears the cache. Pending replies are not kept. */
  clear(): void {
    this.#invalidations += this.#store.size;
    this.#store.clear();
    this.#dependents.clear();
    for (const flights of this.#reading.values()) for (const flight of flights) flight.stale = true;
    this.#reading.clear();
    this.#flights.clear();
  }

  /** Milliseconds for which a call takes a reply that is kept; 0 is no limit. */
  #ttl({ cache }: Call): number {
    return typeof cache === "object" ? cache.ttl ?? this.options.ttl : this.options.ttl;
  }

  #fresh({ expires, readAt }: CacheEntry, ttl: number): boolean {
    if (expires === Infinity && ttl === 0) return true;
    const now = this.#connection.clock.now();
    return expires > now && (ttl === 0 || readAt + ttl > now);
  }

  /** The server may have read it right after it was sent, and when its keys expire is not known yet. */
  #joinable({ sent }: Flight): boolean {
    return this.#connection.clock.now() - sent < LATE;
  }

  #miss(
    id: string,
    command: Command,
    call: Call,
    ttl: number,
    fetch: Fetch,
    ask: Fetch,
  ): Promise<unknown> {
    this.#misses++;
    const keys = keyNames(command);
    const { prefixes } = this.options;
    if (
      prefixes.length > 0 && !keys.every((key) => prefixes.some((prefix) => key.startsWith(keyOf(prefix))))
    ) {
      return fetch(command, call);
    }
    const raw = command.parse === undefined ? command : new Command(command.spec, command.args);
    const sent = this.#connection.clock.now();
    const promise = fetch(raw, call) as Promise<Reply>;
    const expires = ttl === 0 ? Infinity : sent + ttl;
    const flight: Flight = { id, keys, call, promise, stale: false, sent, expires, reply: undefined };
    if (call.signal === undefined) this.#flights.set(id, flight);
    for (const key of keys) {
      const reading = this.#reading.get(key);
      if (reading === undefined) this.#reading.set(key, new Set([flight]));
      else reading.add(flight);
    }
    const ended = (): void => {
      if (this.#flights.get(id) === flight) this.#flights.delete(id);
      for (const key of keys) {
        const reading = this.#reading.get(key);
        if (reading?.delete(flight) && reading.size === 0) this.#reading.delete(key);
      }
    };
    let landed: (reply: Reply) => void = (reply) => {
      ended();
      if (!flight.stale && this.#tracking.active) this.#keep(flight, reply);
    };
    if (ttl === 0 || ttl > LATE) {
      const keep = landed;
      let expiry = false;
      askExpiry(keysOf(command), call, ask, (left, error) => {
        expiry = true;
        if (error !== undefined) flight.stale = true;
        if (error instanceof ReplyError) this.#expiryError = error;
        flight.expires = Math.min(flight.expires, sent + left);
        if (flight.reply !== undefined) keep(flight.reply.value);
      });
      landed = (reply) => {
        if (expiry) keep(reply);
        else flight.reply = { value: reply };
      };
    }
    return promise.then((reply) => {
      landed(reply);
      return finish(reply, command, call.mode);
    }, (error) => {
      ended();
      throw error;
    });
  }

  #keep({ id, keys, sent: readAt, expires }: Flight, reply: Reply): void {
    const promise = isImmutable(reply) ? Promise.resolve(reply) : undefined;
    const bytes = 160 + id.length + sizeOf(reply);
    // A value as large as the whole cache would evict everything else.
    if (bytes > this.options.maxBytes) return;
    for (const key of keys) {
      const ids = this.#dependents.get(key);
      if (ids === undefined) this.#dependents.set(key, new Set([id]));
      else ids.add(id);
    }
    this.#store.set({ id, keys, reply, bytes, readAt, expires, promise });
  }

  #invalidated(keys: Reply): void {
    // Null: the server was flushed, or its tracking table was cleared.
    if (!Array.isArray(keys)) return this.clear();
    for (const key of keys) this.#forget(keyOfReply(key));
  }

  #forget(key: string): void {
    const reading = this.#reading.get(key);
    if (reading !== undefined) {
      this.#reading.delete(key);
      for (const flight of reading) {
        flight.stale = true;
        if (this.#flights.get(flight.id) === flight) this.#flights.delete(flight.id);
      }
    }
    const ids = this.#dependents.get(key);
    if (ids === undefined) return;
    this.#dependents.delete(key);
    for (const id of ids) {
      const entry = this.#store.get(id);
      if (entry === undefined) continue;
      this.#invalidations++;
      this.#store.delete(id);
      if (entry.keys.length > 1) this.#unindex(entry);
    }
  }

  #unindex({ id, keys }: CacheEntry): void {
    for (const key of keys) {
      const ids = this.#dependents.get(key);
      if (ids?.delete(id) && ids.size === 0) this.#dependents.delete(key);
    }
  }
}

function sameLimits(one: Call, other: Call): boolean {
  return one.timeout === other.timeout && one.retry === other.retry;
}
