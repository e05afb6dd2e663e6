/**
 * The types of the options of clusters, with units and defaults. All times are whole milliseconds.
 *
 * @module
 */
import type { BlockingPoolOptions, CacheOptions, PoolOptions } from "../../options.ts";
import type { AddressMap } from "../../topology/address_map.ts";
import type { ReadFrom } from "../../topology/read_from.ts";
import type { Seed } from "../../topology/server_address.ts";

/** The options of a cluster's pool, including those of its connections. */
export interface ClusterPoolOptions<C = unknown> extends Omit<PoolOptions<C>, "path" | "minIdle"> {
  /** The startup nodes. Default: `host` and `port`, else `localhost:6379`. */
  readonly startupNodes?: readonly Seed[];
  /** Whether to query the slots before the first command; `false`: learn them from redirections. Default `true`. */
  readonly initSlotCache?: boolean;
  /**
   * The maximum number of connections to all nodes, 1 or more. Default 1,000; for a `BlockingClusterConnectionPool`
   * 50.
   */
  readonly maxConnections?: number;
  /** The maximum number of connections to one node; `true` is 16. Default `false`: no limit but `maxConnections`. */
  readonly maxConnectionsPerNode?: boolean | number;
  /** The number of MOVED replies after which the topology is refreshed; 0: never. Default 5. */
  readonly reinitializeSteps?: number;
  /** Work with a cluster that has slots without a node. Default `false`: a `ClusterError` that names them. */
  readonly skipFullCoverageCheck?: boolean;
  /** Whether refreshes query all known nodes; `false`: the `startupNodes` only. Default `true`. */
  readonly followCluster?: boolean;
  /** Maps announced addresses, also those in MOVED and ASK, to reachable addresses. Default: none. */
  readonly addressMap?: AddressMap;
  /** The nodes that receive read-only commands. Default `"master"`. */
  readonly readFrom?: ReadFrom;
  /** The zone of this client for `readFrom: "nearest"`, which then prefers nodes of that zone. Default: none. */
  readonly availabilityZone?: string;
  /** The maximum number of redirections of one command. Default 16. */
  readonly maxRedirections?: number;
  /** The interval of topology refreshes in milliseconds, with jitter; 0: never. Default 60,000. */
  readonly refreshInterval?: number;
  /** Milliseconds without a reply after which the health of a node is checked; 0 is never. Default 500. */
  readonly nodeTimeout?: number;
}

/** The options of a cluster's pool that waits. */
export interface BlockingClusterPoolOptions<C = unknown> extends ClusterPoolOptions<C> {
  /** The maximum time to wait for a connection, in milliseconds; 0: unlimited. Default 20,000. */
  readonly timeout?: BlockingPoolOptions["timeout"];
}

/** The options of a cluster client, including the options of its pool. */
export interface RedisClusterOptions<P = unknown> extends ClusterPoolOptions {
  /** Plain commands of all callers share one connection to each node; `false`: each takes one for its round trip. Default `true`. */
  readonly multiplex?: boolean;
  /** A client-side cache, over all nodes; `true` is one with the default options. Default: none. */
  readonly cache?: CacheOptions | boolean;
  /** A pool made elsewhere, which the client uses and does not close. */
  readonly pool?: P;
}
