/**
 * Resolves the options of clusters: checks values and fills in defaults.
 *
 * @module
 */
import {
  type CacheOptions,
  resolveBlockingPoolOptions,
  type ResolvedCacheOptions,
  type ResolvedConnectionOptions,
  resolveOptions,
  resolvePoolOptions,
} from "../../options.ts";
import { type Given, mergeOptions, recall, remember, type Table } from "../../options/merge_options.ts";
import { resolveCache } from "../../options/cache.ts";
import { contradiction } from "../../options/option_errors.ts";
import { having } from "../../options/value_kinds.ts";
import { BESIDE_POOL, BLOCKING, CLIENT, CONNECTION, POOL } from "../../options/table.ts";
import type { Seed } from "../../topology/server_address.ts";
import { CLUSTER } from "./table.ts";
import type { BlockingClusterPoolOptions, ClusterPoolOptions, RedisClusterOptions } from "./types.ts";
import { type ClusterValues, ResolvedClusterOptions } from "./resolved.ts";

const DEFAULTS = {
  initSlotCache: true,
  reinitializeSteps: 5,
  skipFullCoverageCheck: false,
  followCluster: true,
  readFrom: "master",
  maxRedirections: 16,
  refreshInterval: 60_000,
  nodeTimeout: 500,
} as const;

/** The value of `maxConnectionsPerNode: true`. */
const PER_NODE = 16;

const { minIdle: _minIdle, ...OF_POOL } = POOL;
const POOL_TABLE: Table = { ...CONNECTION, ...OF_POOL, ...CLUSTER };
const BLOCKING_TABLE: Table = { ...POOL_TABLE, ...BLOCKING };
const CLIENT_TABLE: Table = {
  ...POOL_TABLE,
  ...CLIENT,
  pool: having("a ClusterConnectionPool", "acquireBySlot", "release"),
};

type Source<O> = string | URL | readonly Seed[] | O | ResolvedClusterOptions;

/** A list of seeds is `{ startupNodes }`. */
function unlist(source: unknown): unknown {
  return Array.isArray(source) ? { startupNodes: source } : source;
}

/** Separates the options of the cluster from the options of the pool of each node. */
function part(given: Given): { own: Given; rest: Given } {
  const entries = Object.entries(given);
  return {
    own: Object.fromEntries(entries.filter(([name]) => Object.hasOwn(CLUSTER, name))),
    rest: Object.fromEntries(entries.filter(([name]) => !Object.hasOwn(CLUSTER, name))),
  };
}

function resolveCluster(given: Given, blocking: boolean): ResolvedClusterOptions {
  const { own, rest } = part(given);
  const { host, port, maxConnections, ...others } = rest;
  if (own.startupNodes !== undefined && (host !== undefined || port !== undefined)) {
    throw contradiction(
      ["startupNodes", host === undefined ? "port" : "host"],
      "both say where the cluster is",
    );
  }
  const seeds =
    (own.startupNodes ?? [Object.freeze({ host: host ?? "localhost", port: port ?? 6379 })]) as ClusterValues[
      "startupNodes"
    ];
  const total = (maxConnections ?? (blocking ? 50 : 1_000)) as number;
  const perNode = own.maxConnectionsPerNode;
  const most = Math.min(total, perNode === true ? PER_NODE : typeof perNode === "number" ? perNode : total);
  const pool = { ...others, ...seeds[0], maxConnections: most };
  const node = blocking ? resolveBlockingPoolOptions(pool) : resolvePoolOptions(pool);
  const values = {
    ...DEFAULTS,
    ...own,
    startupNodes: seeds,
    maxConnections: total,
    maxConnectionsPerNode: most,
  };
  return remember(new ResolvedClusterOptions(values as ClusterValues, node), given);
}

/**
 * The options of a cluster's pool that does not wait, and of its connections; as `resolveOptions` does it.
 *
 * @param source seeds, a URL, options, or a result of this function
 * @param over options that go over `source`
 * @throws as `resolveOptions` does.
 */
export function resolveClusterOptions(
  source?: Source<ClusterPoolOptions>,
  over?: ClusterPoolOptions,
): ResolvedClusterOptions {
  return resolveCluster(mergeOptions(unlist(source), over, POOL_TABLE), false);
}

/**
 * The options of a cluster's pool that waits, and of its connections.
 *
 * @throws as `resolveOptions` does.
 */
export function resolveBlockingClusterOptions(
  source?: Source<BlockingClusterPoolOptions>,
  over?: BlockingClusterPoolOptions,
): ResolvedClusterOptions {
  return resolveCluster(mergeOptions(unlist(source), over, BLOCKING_TABLE), true);
}

/** The resolved options of a cluster client. */
export interface ResolvedClusterClient<P> {
  /** Whether plain commands share one connection to each node. */
  readonly multiplex: boolean;
  /** The options of the client's own calls. */
  readonly connection: ResolvedConnectionOptions;
  /** The pool that was given. */
  readonly pool: P | undefined;
  /** The options of the pool that the client makes for itself; `undefined`: it was given one. */
  readonly poolOptions: ResolvedClusterOptions | undefined;
  /** The client-side cache; `undefined`: none. */
  readonly cache: ResolvedCacheOptions | undefined;
}

/**
 * The options of a cluster client, of its pool and of its connections. With a `pool` made elsewhere, only what
 * concerns the client's own calls can be given.
 *
 * @throws as `resolveOptions` does.
 */
export function resolveClusterClientOptions<P = unknown>(
  source?: Source<RedisClusterOptions<P>>,
  over?: RedisClusterOptions<P>,
): ResolvedClusterClient<P> {
  const { multiplex, pool, cache: wanted, ...given } = mergeOptions(unlist(source), over, CLIENT_TABLE);
  const together = multiplex !== false;
  const cache = resolveCache(wanted as CacheOptions | undefined);
  checkCache(cache, together, given.protocol);
  if (pool === undefined) {
    // The cache needs RESP3: fail when connecting, not later.
    const poolOptions = resolveCluster(cache === undefined ? given : { ...given, protocol: 3 }, false);
    return { multiplex: together, connection: poolOptions.connection, pool: undefined, poolOptions, cache };
  }
  for (const name of Object.keys(given)) {
    if (!BESIDE_POOL.has(name)) throw contradiction(["pool", name], "the pool was made with it, or without");
  }
  const { options } = pool as { options?: unknown };
  const ground = options instanceof ResolvedClusterOptions
    ? recall(options.node.connection, CONNECTION)
    : undefined;
  checkCache(cache, together, ground?.protocol);
  const connection = resolveOptions({ ...ground, ...given });
  return { multiplex: together, connection, pool: pool as P, poolOptions: undefined, cache };
}

function checkCache(cache: ResolvedCacheOptions | undefined, together: boolean, protocol: unknown): void {
  if (cache === undefined) return;
  if (!together) {
    throw contradiction(
      ["cache", "multiplex"],
      "a node tells one connection what changed, the one that all share",
    );
  }
  if (protocol === 2) {
    throw contradiction(["cache", "protocol"], "the servers tell what changed over RESP3 only");
  }
  if (cache.optIn && cache.mode === "tracking") {
    throw contradiction(
      ["cache.optIn", "cache.mode"],
      'a cluster cannot be asked to remember single reads; give the mode "broadcast", or no optIn',
    );
  }
}
