/**
 * The client of one server.
 *
 * @module
 */
import type { BytesPromise, TextPromise, Wrap } from "../commands/wrap.ts";
import { type RedisOptions as RedisOptionsOver, resolveRedisOptions } from "../options.ts";
import { RedisError } from "../errors.ts";
import { BlockingConnectionPool } from "../pool/blocking_pool.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { ClientStats } from "../pool/stats.ts";
import type { ClientCache } from "./cache/cache.ts";
import { CachingExecutor } from "./cache/caching_executor.ts";
import { cacheOn } from "./cache/open_cache.ts";
import { isSentinelUrl } from "../url.ts";
import { callOf, Client, type ClientCore } from "./client.ts";
import type { Executor } from "./executor.ts";
import { observed } from "./observed_executor.ts";
import { coreInScopes, poolInScope } from "./scoped_core.ts";
import { drainedOf, loadOf, StandaloneExecutor } from "./standalone_executor.ts";

/** The options of a client of one server, including the options of its pool. */
export type RedisOptions<P = ConnectionPool> = RedisOptionsOver<P>;

/** The parts of a client of one server. */
interface RedisCore extends ClientCore {
  readonly pool: ConnectionPool;
  readonly cache: ClientCache | undefined;
}

/**
 * A client of a Redis or Valkey server. It connects on first use, and sends commands of one tick together.
 *
 * @typeParam W the return type of methods: promises of text (default), or of bytes (`redis.bytes()`)
 *
 * @example
 * ```ts
 * import { Redis } from "@keywire/redis";
 *
 * await using redis = new Redis("redis://localhost:6379/0");
 * await redis.set("greeting", "hello", { ex: 60 });
 * await redis.get("greeting"); // "hello"
 * ```
 */
export class Redis<W extends Wrap = TextPromise> extends Client<W> {
  /** The class of the pool that a client makes for itself; the package's entry point sets it in its own class. */
  static readonly poolClass: typeof ConnectionPool = BlockingConnectionPool;

  /** Creates a client for a URL of sentinels. Set by a subclass, because this module does not import sentinels. */
  static readonly sentinelClient: ((url: string | URL, over?: object) => Redis) | undefined = undefined;

  /**
   * Creates a client from a URL, an object, or both. Options override URL values.
   *
   * @throws {TypeError | RangeError} for an unknown or invalid option.
   */
  constructor(
    options: string | URL | RedisOptions = {},
    over?: RedisOptions,
  ) {
    const { poolClass, sentinelClient } = new.target;
    const ofSentinels = typeof options === "string" || options instanceof URL
      ? isSentinelUrl(String(options))
      : false;
    super(
      ofSentinels && sentinelClient !== undefined
        ? sentinelClient(options as string | URL, over).core
        : open(options, over, poolClass),
    );
    sources.set(this.options, [options, over]);
  }

  /**
   * Makes another client with the options of this one; `over` replaces some of them. It has a pool of its own, unless
   * this client was given one.
   *
   * @throws {RedisError} with the code `UNSUPPORTED` for a client that a `Sentinel` made: ask the `Sentinel` for another.
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
   */
  duplicate(over?: RedisOptions): Redis {
    const source = sources.get(this.options);
    if (source === undefined) {
      throw new RedisError("Cannot duplicate this client: call masterFor() or replicaFor() again", {
        code: "UNSUPPORTED",
        executed: "no",
      });
    }
    const [options, own] = source;
    return new (this.constructor as typeof Redis)(options, { ...own, ...over });
  }

  /** The pool behind the client. */
  get pool(): ConnectionPool {
    return (this.core as RedisCore).pool;
  }

  /** Returns the present state of the client: the connections of its pool and its pending commands. */
  stats(): ClientStats {
    return { ...this.pool.stats(), ...loadOf(this.pool) };
  }

  /**
   * Resolves when a producer may continue: no command waits for a connection, and the server reads what it is sent.
   *
   * @throws {TimeoutError} with the code `COMMAND_TIMEOUT` after the time limit of a command (`commandTimeout`, or
   * `with({ timeout })`); or the reason of the signal.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * const writes: Promise<unknown>[] = [];
   * for (let n = 0; n < 10_000; n++) {
   *   writes.push(redis.set(`key:${n}`, "x".repeat(1_000), { ex: 10 }));
   *   if (n % 100 === 0) await redis.drained();
   * }
   * await Promise.all(writes);
   * ```
   */
  async drained(): Promise<void> {
    const { timeout, signal } = this.core.call;
    await drainedOf(this.pool, timeout, signal);
  }

  /**
   * Lets the process end although the client is open. Its connections have no health checks until `ref()`. A command
   * that waits for its reply keeps the process alive up to its time limit. Concerns all clients of a shared pool.
   */
  unref(): void {
    this.pool.unref();
  }

  /** Keeps the process alive while the client is open: the default. */
  ref(): void {
    this.pool.ref();
  }

  /** The client-side cache, with the option `cache`. */
  get cache(): ClientCache | undefined {
    return (this.core as RedisCore).cache;
  }

  /** The same client, with `Uint8Array` for every bulk string. */
  bytes(): Redis<BytesPromise> {
    return this.bytesView as unknown as Redis<BytesPromise>;
  }

  /** The same client, with text for every bulk string. */
  text(): Redis<TextPromise> {
    return this.textView as unknown as Redis<TextPromise>;
  }
}

/** The constructor arguments of clients, by their options. */
const sources: WeakMap<object, readonly [string | URL | RedisOptions, RedisOptions | undefined]> =
  new WeakMap();

/** A client of this class over an executor that was made elsewhere, and owns the pool. */
export function redisOver(
  redisClass: typeof Redis,
  pool: ConnectionPool,
  executor: Executor,
  cache?: ClientCache,
): Redis {
  const { connection: options } = pool.options;
  const core: RedisCore = {
    pool,
    options,
    executor: observed(executor, options, options),
    cache,
    call: callOf(options),
  };
  // Without its constructor, which would make a pool of its own.
  return Reflect.construct(Client, [core], redisClass);
}

function open(
  source: string | URL | RedisOptions,
  over: RedisOptions | undefined,
  poolClass: typeof ConnectionPool,
): RedisCore {
  const resolved = resolveRedisOptions(source, over, poolClass);
  const { multiplex, connection: options } = resolved;
  const transport = (resolved.pool?.options.connection ?? options).transport ?? poolClass.transport;
  const call = callOf(options);
  return coreInScopes(transport, { options, call }, (): RedisCore => {
    const pool = resolved.pool === undefined
      ? new poolClass(resolved.poolOptions)
      : poolInScope(resolved.pool);
    const inner = new StandaloneExecutor(pool, { multiplex, owner: resolved.pool === undefined });
    const cache = resolved.cache && cacheOn(inner.shared, resolved.cache, pool.options.connection);
    const executor = observed(
      cache === undefined ? inner : new CachingExecutor(inner, cache),
      pool.options.connection,
      options,
    );
    return { pool, options, executor, cache, call };
  });
}
