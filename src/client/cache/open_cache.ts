/**
 * The cache that a client with the option `cache` has.
 *
 * @module
 */
import { RedisError } from "../../errors.ts";
import { announceCache } from "../../observe/target.ts";
import type { ResolvedCacheOptions, ResolvedConnectionOptions } from "../../options.ts";
import type { MultiplexedConnection } from "../connections/multiplexed_connection.ts";
import { ClientCache } from "./cache.ts";

/** The caches by the object that clients share: the connection of a pool, or the nodes of a cluster. */
const caches: WeakMap<object, ClientCache> = new WeakMap();

/**
 * Returns the cache of a connection. Clients of one pool share the connection and its invalidations, so they share
 * the cache.
 *
 * @throws {RedisError} with code `CACHE`, if another client of the pool has a cache with other options.
 */
export function cacheOn(
  shared: MultiplexedConnection,
  options: ResolvedCacheOptions,
  connection: ResolvedConnectionOptions,
): ClientCache {
  // Only the reads of this connection are tracked.
  shared.tracked = true;
  return sharedCache(shared, options, connection, (cache) => cache.attach(shared));
}

/**
 * The cache of all clients that share something; `begin` is called with a new one.
 *
 * @throws as {@linkcode cacheOn} does.
 */
export function sharedCache(
  shared: object,
  options: ResolvedCacheOptions,
  connection: ResolvedConnectionOptions,
  begin: (cache: ClientCache) => void,
): ClientCache {
  let cache = caches.get(shared);
  if (cache === undefined) {
    caches.set(shared, cache = new ClientCache(options, connection));
    begin(cache);
    announceCache(cache, connection);
  } else if (!agree(cache.options, options)) {
    const message = "Cannot open a cache: another client of the same pool has one with other options; " +
      "give both the same, or each a pool of its own";
    throw new RedisError(message, { code: "CACHE", executed: "no" });
  }
  return cache;
}

function agree(one: ResolvedCacheOptions, other: ResolvedCacheOptions): boolean {
  return one.store === other.store && JSON.stringify(one) === JSON.stringify({ ...one, ...other });
}
