/**
 * Resolves options: refuses contradictions and fills in defaults.
 *
 * @module
 */
import { exponential, none } from "../backoff.ts";
import { systemClock } from "../clock.ts";
import { DEFAULT_RETRY, type ErrorKind, RETRY_ON, type RetryOptions, type RetryPolicy } from "../retry.ts";
import type { TlsOptions } from "../transport.ts";
import { type CacheOptions, resolveCache } from "./cache.ts";
import { type Given, mergeOptions, recall, remember, split, type Table } from "./merge_options.ts";
import { contradiction } from "./option_errors.ts";
import { retry as retryKind } from "./nested_options.ts";
import { type ConnectionValues, type ReconnectPolicy, ResolvedConnectionOptions } from "./resolved.ts";
import { type PoolValues, ResolvedPoolOptions, ResolvedRedisOptions } from "./resolved_pool.ts";
import { hide } from "./redacted_options.ts";
import { BESIDE_POOL, BLOCKING, CLIENT, CONNECTION, POOL } from "./table.ts";
import type { BlockingPoolOptions, ConnectionOptions, PoolOptions, RedisOptions } from "./types.ts";

/** The version of the package for CLIENT SETINFO. */
export const LIB_VERSION = "0.1.0";

/** The default of `reconnect`: unlimited attempts, 50 ms to 5 s apart with full jitter. */
export const DEFAULT_RECONNECT: ReconnectPolicy = Object.freeze({
  attempts: Infinity,
  backoff: exponential({ base: 50, cap: 5_000, jitter: "full" }),
});

const DEFAULTS = {
  host: "localhost",
  port: 6379,
  db: 0,
  libName: "keywire",
  libVersion: LIB_VERSION,
  connectTimeout: 5_000,
  commandTimeout: 5_000,
  socketTimeout: 0,
  blockingGrace: 1_000,
  healthCheckInterval: 30_000,
  keepAlive: true,
  noDelay: true,
  keyPrefix: "",
  channelPrefix: "",
  errorArguments: false,
  readBufferSize: 65_536,
  encoding: "utf8",
  encodingErrors: "strict",
  clock: systemClock,
} as const;

const QUEUE = Object.freeze({ maxCommands: 1_000_000, maxBytes: 67_108_864 });

const LIMITS = Object.freeze({
  maxDepth: 128,
  maxLineLength: 1_048_576,
  maxBulkLength: 536_870_912,
  maxElements: 100_000_000,
});

const POOL_DEFAULTS = {
  queue: "lifo",
  maxIdleTime: 0,
  maxLifetime: 0,
  minIdle: 0,
  trackLeases: false,
  closeGrace: 5_000,
  maxMultiplexed: 2,
} as const;

const POOL_TABLE: Table = { ...CONNECTION, ...POOL };
const BLOCKING_TABLE: Table = { ...POOL_TABLE, ...BLOCKING };
const CLIENT_TABLE: Table = { ...POOL_TABLE, ...CLIENT };

/** Refuses what excludes each other, instead of letting one win in silence. */
function refuseContradictions(given: Given): void {
  const has = (name: string): boolean => given[name] !== undefined && given[name] !== false;
  for (const name of ["host", "port", "tls"]) {
    if (has("path") && has(name)) {
      throw contradiction(["path", name], "a Unix socket has neither address nor TLS");
    }
  }
  for (const name of ["username", "password"]) {
    if (has("credentials") && has(name)) throw contradiction(["credentials", name], "both say who logs in");
  }
  if (given.password === "" && given.username === undefined) {
    throw new RangeError(
      "Cannot use the option `password`: it is empty; leave it out, or name the `username` that has none",
    );
  }
  for (const name of ["retryOnTimeout", "retryOnError"]) {
    if (given.retry === false && has(name)) {
      throw contradiction(["retry", name], "`retry: false` is never to repeat");
    }
  }
  if (has("maintNotifications") && given.protocol === 2) {
    throw contradiction(["maintNotifications", "protocol"], "they come over RESP3 only");
  }
  if (given.libName === false && has("libVersion")) {
    throw contradiction(["libName", "libVersion"], "`libName: false` sends neither");
  }
  const { key, cert, pfx, passphrase } = (given.tls || {}) as TlsOptions;
  if ((key === undefined) !== (cert === undefined)) {
    const [one, other] = key === undefined ? ["cert", "key"] : ["key", "cert"];
    throw new TypeError(
      `Cannot use the option \`tls.${one}\` without \`tls.${other}\`: a client shows both or none`,
    );
  }
  if (pfx !== undefined && key !== undefined) throw contradiction(["tls.pfx", "tls.key"], "both hold a key");
  if (passphrase !== undefined && (key ?? pfx) === undefined) {
    throw new TypeError(
      "Cannot use the option `tls.passphrase` without `tls.key` or `tls.pfx`, which it would open",
    );
  }
}

/** Combines `retry`, `retryOnTimeout` and `retryOnError` into a policy. */
function retryPolicy(given: Given): RetryPolicy {
  const retry = given.retry as RetryOptions | false | undefined;
  const more: ErrorKind[] = [
    ...given.retryOnTimeout === true ? ["TimeoutError"] : [],
    ...(given.retryOnError ?? []) as readonly ErrorKind[],
  ];
  if (retry === undefined && more.length > 0) {
    return Object.freeze({ attempts: 1, backoff: none(), on: Object.freeze(more), unsafe: false });
  }
  return checkedPolicy(retry, more);
}

function checkedPolicy(retry: RetryOptions | false | undefined, more: readonly ErrorKind[]): RetryPolicy {
  if (retry === undefined) return DEFAULT_RETRY;
  if (retry === false) return Object.freeze({ ...DEFAULT_RETRY, attempts: 0 });
  const on = Object.freeze([...new Set([...retry.on ?? RETRY_ON, ...more])]);
  return Object.freeze({ ...DEFAULT_RETRY, ...retry as Partial<RetryPolicy>, on });
}

/**
 * Resolves the option `retry`.
 *
 * @throws {TypeError | RangeError} for a value that is wrong.
 */
export function resolveRetry(retry: RetryOptions | false): RetryPolicy {
  return checkedPolicy(retryKind.check(retry, "retry") as RetryOptions | false, []);
}

/** Puts given values over frozen defaults, which all options share where nothing is given. */
function withDefaults<T extends object>(defaults: T, given: Partial<T> | undefined): T {
  return given === undefined ? defaults : Object.freeze({ ...defaults, ...given });
}

function resolveConnection(given: Given): ResolvedConnectionOptions {
  refuseContradictions(given);
  const tls = given.tls === true ? {} : given.tls || undefined;
  const { retryOnTimeout: _timeout, retryOnError: _error, ...rest } = given;
  const values = {
    ...DEFAULTS,
    ...rest,
    tls: tls && hide(tls),
    retry: retryPolicy(given),
    reconnect: withDefaults(DEFAULT_RECONNECT, given.reconnect as Partial<ReconnectPolicy>),
    offlineQueue: given.offlineQueue === false ? false : withDefaults(QUEUE, given.offlineQueue as object),
    sendQueue: withDefaults(QUEUE, given.sendQueue as object),
    maintNotifications: given.maintNotifications
      ? Object.freeze({ relaxedTimeout: 10_000, ...given.maintNotifications as object })
      : false,
    limits: withDefaults(LIMITS, given.limits as object),
  };
  // The checks of the table have seen to it that the values are of these types.
  return remember(new ResolvedConnectionOptions(values as ConnectionValues), given);
}

function resolvePool(given: Given, blocking: boolean): ResolvedPoolOptions {
  const [connection, rest] = split(given, CONNECTION);
  const values = {
    ...POOL_DEFAULTS,
    maxConnections: blocking ? 50 : 100,
    ...blocking && { timeout: 20_000 },
    ...rest,
    connection: resolveConnection(connection),
  } as PoolValues;
  if (values.minIdle > values.maxConnections) {
    throw new RangeError(
      `Cannot use the option \`minIdle\`: ${values.minIdle} is more than \`maxConnections\` (${values.maxConnections})`,
    );
  }
  return remember(new ResolvedPoolOptions(values), given);
}

/**
 * Resolves the options of a connection. Options override URL values, which override defaults.
 *
 * @param source a URL (`redis: rediss: valkey: valkeys: unix:`), options, or a result of this function
 * @param over options that override `source`
 * @throws {TypeError} for an unknown name, a value of the wrong type, contradicting options, or an invalid URL.
 * @throws {RangeError} for a value out of range.
 *
 * @example
 * ```ts
 * import { resolveOptions } from "../options.ts";
 *
 * const options = resolveOptions("redis://bob:secret@example.com/2?connectTimeout=800", { clientName: "jobs" });
 * options.connectTimeout; // 800
 * String(options); // "redis://bob:[redacted]@example.com:6379/2"
 * ```
 */
export function resolveOptions(
  source?: string | URL | ConnectionOptions | ResolvedConnectionOptions,
  over?: ConnectionOptions,
): ResolvedConnectionOptions {
  // Resolved and frozen before: nothing to do.
  if (over === undefined && source instanceof ResolvedConnectionOptions) return source;
  return resolveConnection(mergeOptions(source, over, CONNECTION));
}

function poolOptions(source: unknown, over: unknown, blocking: boolean): ResolvedPoolOptions {
  // Resolved and frozen before. Only pools that wait have a `timeout`; they have other defaults.
  const done = over === undefined && source instanceof ResolvedPoolOptions &&
    (source.timeout !== undefined) === blocking;
  return done
    ? source
    : resolvePool(mergeOptions(source, over, blocking ? BLOCKING_TABLE : POOL_TABLE), blocking);
}

/**
 * The options of a pool that does not wait, and of its connections; as {@linkcode resolveOptions} does it.
 *
 * @throws as {@linkcode resolveOptions} does.
 */
export function resolvePoolOptions(
  source?: string | URL | PoolOptions | ResolvedConnectionOptions | ResolvedPoolOptions,
  over?: PoolOptions,
): ResolvedPoolOptions {
  return poolOptions(source, over, false);
}

/**
 * The options of a pool that waits, and of its connections; as {@linkcode resolveOptions} does it.
 *
 * @throws as {@linkcode resolveOptions} does.
 */
export function resolveBlockingPoolOptions(
  source?: string | URL | BlockingPoolOptions | ResolvedConnectionOptions | ResolvedPoolOptions,
  over?: BlockingPoolOptions,
): ResolvedPoolOptions {
  return poolOptions(source, over, true);
}

/**
 * The options of a client, of its pool and of its connections; as {@linkcode resolveOptions} does it. With a `pool`
 * made elsewhere, only what concerns the client's own calls can be given; the rest is the pool's. The options of the
 * client's own pool have the `defaults` of its class, so that the pool uses them as they are.
 *
 * @throws as {@linkcode resolveOptions} does.
 */
export function resolveRedisOptions<P = unknown>(
  source?: string | URL | RedisOptions<P> | ResolvedConnectionOptions | ResolvedPoolOptions,
  over?: RedisOptions<P>,
  defaults: Pick<ConnectionOptions, "transport" | "observer"> = {},
): ResolvedRedisOptions<P> {
  const { multiplex, pool, cache: wanted, ...rest } = mergeOptions(source, over, CLIENT_TABLE);
  const together = multiplex !== false;
  const cache = resolveCache(wanted as CacheOptions | undefined);
  if (cache !== undefined && !together) {
    throw contradiction(
      ["cache", "multiplex"],
      "the server tells one connection what changed, the one that all share",
    );
  }
  const needs3 = () => contradiction(["cache", "protocol"], "the server tells what changed over RESP3 only");
  if (cache !== undefined && rest.protocol === 2) throw needs3();
  if (pool === undefined) {
    // The cache needs RESP3: fail when connecting, not later.
    // Calls wait for a place as long as their own time limit allows.
    const pooled: Record<string, unknown> = { maxConnections: 100, timeout: 0, ...rest };
    for (const name of ["transport", "observer"] as const) {
      if (defaults[name] !== undefined) pooled[name] ??= defaults[name];
    }
    const options = resolvePool(cache === undefined ? pooled : { ...pooled, protocol: 3 }, true);
    return new ResolvedRedisOptions<P>(together, options.connection, undefined, options, cache);
  }
  const given = rest;
  for (const name of Object.keys(given)) {
    if (!BESIDE_POOL.has(name)) throw contradiction(["pool", name], "the pool was made with it, or without");
  }
  const { options } = pool as { options?: unknown };
  const ground = options instanceof ResolvedPoolOptions ? recall(options, CONNECTION) : undefined;
  if (cache !== undefined && ground?.protocol === 2) throw needs3();
  return new ResolvedRedisOptions<P>(
    together,
    resolveConnection({ ...ground, ...given }),
    pool as P,
    undefined,
    cache,
  );
}
