/**
 * The options of pools and clients as they hold: complete, checked, frozen, and safe to print.
 *
 * @module
 */
import type { ResolvedCacheOptions } from "./cache.ts";
import type { ConnectionClass, ResolvedConnectionOptions } from "./resolved.ts";

/** The resolved options of a pool. */
export interface PoolValues {
  readonly connection: ResolvedConnectionOptions;
  readonly maxConnections: number;
  readonly timeout?: number;
  readonly queue: "lifo" | "fifo";
  readonly maxIdleTime: number;
  readonly maxLifetime: number;
  readonly minIdle: number;
  readonly trackLeases: boolean;
  readonly closeGrace: number;
  readonly maxMultiplexed: number;
  readonly connectionClass?: ConnectionClass;
}

/** The options of a pool, resolved. Made by `resolvePoolOptions`; see {@linkcode PoolOptions} for what each means. */
export class ResolvedPoolOptions {
  readonly #connectionClass: ConnectionClass | undefined;
  /** The options of its connections. */
  readonly connection: ResolvedConnectionOptions;
  /** The maximum number of connections. */
  readonly maxConnections: number;
  /** The time to wait for a connection in milliseconds, 0: unlimited; `undefined`: this pool does not wait. */
  readonly timeout: number | undefined;
  /** The idle connection to use next. */
  readonly queue: "lifo" | "fifo";
  /** Milliseconds after which an idle connection is closed; 0 is never. */
  readonly maxIdleTime: number;
  /** Milliseconds after which a connection is replaced; 0 is never. */
  readonly maxLifetime: number;
  /** Idle connections that are kept ready. */
  readonly minIdle: number;
  /** Whether it is remembered where each lease was taken. */
  readonly trackLeases: boolean;
  /** Milliseconds that `close()` waits for leases. */
  readonly closeGrace: number;
  /** The maximum number of connections that callers share. */
  readonly maxMultiplexed: number;

  /** Uses checked values. Users call `resolvePoolOptions`. */
  constructor(values: PoolValues) {
    this.#connectionClass = values.connectionClass;
    this.connection = values.connection;
    this.maxConnections = values.maxConnections;
    this.timeout = values.timeout;
    this.queue = values.queue;
    this.maxIdleTime = values.maxIdleTime;
    this.maxLifetime = values.maxLifetime;
    this.minIdle = values.minIdle;
    this.trackLeases = values.trackLeases;
    this.closeGrace = values.closeGrace;
    this.maxMultiplexed = values.maxMultiplexed;
    Object.freeze(this);
  }

  /** The class of its connections, if one was given. */
  get connectionClass(): ConnectionClass | undefined {
    return this.#connectionClass;
  }

  /** All options as plain values; secrets are `"[redacted]"`. */
  toJSON(): Record<string, unknown> {
    const shown: Record<string, unknown> = Object.fromEntries(Object.entries(this));
    if (this.#connectionClass !== undefined) shown.connectionClass = this.#connectionClass.name;
    shown.connection = this.connection.toJSON();
    return shown;
  }

  /** Returns the address as a URL without secrets. */
  toString(): string {
    return this.connection.toString();
  }

  /** Returns the text that Node and Bun print. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `PoolOptions ${JSON.stringify(this, null, 2)}`;
  }

  /** Returns the text that Deno prints. */
  [Symbol.for("Deno.customInspect")](): string {
    return `PoolOptions ${JSON.stringify(this, null, 2)}`;
  }
}

/** The options of a client, resolved. Made by `resolveRedisOptions`; see {@linkcode RedisOptions} for what each means. */
export class ResolvedRedisOptions<P = unknown> {
  readonly #pool: P | undefined;
  /** Whether plain commands share one connection. */
  readonly multiplex: boolean;
  /** The options of the client's own calls and its shared connection. */
  readonly connection: ResolvedConnectionOptions;
  /** The options of the pool that the client makes for itself; `undefined`: it was given one. */
  readonly poolOptions: ResolvedPoolOptions | undefined;
  /** The client-side cache; `undefined`: none. */
  readonly cache: ResolvedCacheOptions | undefined;

  /** Uses checked values. Users call `resolveRedisOptions`. */
  constructor(
    multiplex: boolean,
    connection: ResolvedConnectionOptions,
    pool: P | undefined,
    poolOptions: ResolvedPoolOptions | undefined,
    cache?: ResolvedCacheOptions,
  ) {
    this.#pool = pool;
    this.multiplex = multiplex;
    this.connection = connection;
    this.poolOptions = poolOptions;
    this.cache = cache;
    Object.freeze(this);
  }

  /** The pool that was given. */
  get pool(): P | undefined {
    return this.#pool;
  }

  /** All options as plain values; secrets are `"[redacted]"`. */
  toJSON(): Record<string, unknown> {
    return {
      multiplex: this.multiplex,
      ...this.cache && { cache: { ...this.cache, store: this.cache.store && "[custom]" } },
      ...this.poolOptions === undefined
        ? { pool: "[shared]", connection: this.connection.toJSON() }
        : this.poolOptions.toJSON(),
    };
  }

  /** Returns the address as a URL without secrets. */
  toString(): string {
    return this.connection.toString();
  }

  /** Returns the text that Node and Bun print. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `RedisOptions ${JSON.stringify(this, null, 2)}`;
  }

  /** Returns the text that Deno prints. */
  [Symbol.for("Deno.customInspect")](): string {
    return `RedisOptions ${JSON.stringify(this, null, 2)}`;
  }
}
