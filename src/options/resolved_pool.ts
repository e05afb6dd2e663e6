/**
 * The options of pools and clients as they hold: complete, checked, frozen, and safe to print.
 *
 * @module
 */
import { printed } from "./redacted_options.ts";
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
  declare readonly connection: ResolvedConnectionOptions;
  /** The maximum number of connections. */
  declare readonly maxConnections: number;
  /** The time to wait for a connection in milliseconds, 0: unlimited; `undefined`: this pool does not wait. */
  declare readonly timeout: number | undefined;
  /** The idle connection to use next. */
  declare readonly queue: "lifo" | "fifo";
  /** Milliseconds after which an idle connection is closed; 0 is never. */
  declare readonly maxIdleTime: number;
  /** Milliseconds after which a connection is replaced; 0 is never. */
  declare readonly maxLifetime: number;
  /** Idle connections that are kept ready. */
  declare readonly minIdle: number;
  /** Whether it is remembered where each lease was taken. */
  declare readonly trackLeases: boolean;
  /** Milliseconds that `close()` waits for leases. */
  declare readonly closeGrace: number;
  /** The maximum number of connections that callers share. */
  declare readonly maxMultiplexed: number;

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
    return printed("PoolOptions", this);
  }

  /** Returns the text that Deno prints. */
  [Symbol.for("Deno.customInspect")](): string {
    return printed("PoolOptions", this);
  }
}

/** The options of a client, resolved. Made by `resolveRedisOptions`; see {@linkcode RedisOptions} for what each means. */
export class ResolvedRedisOptions<P = unknown> {
  readonly #pool: P | undefined;
  /** Whether plain commands share one connection. */
  declare readonly multiplex: boolean;
  /** The options of the client's own calls and its shared connection. */
  declare readonly connection: ResolvedConnectionOptions;
  /** The options of the pool that the client makes for itself; `undefined`: it was given one. */
  declare readonly poolOptions: ResolvedPoolOptions | undefined;
  /** The client-side cache; `undefined`: none. */
  declare readonly cache: ResolvedCacheOptions | undefined;

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
    return printed("RedisOptions", this);
  }

  /** Returns the text that Deno prints. */
  [Symbol.for("Deno.customInspect")](): string {
    return printed("RedisOptions", this);
  }
}
