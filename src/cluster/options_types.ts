/**
 * What users may say about a cluster: each option with its unit and default. Times are whole milliseconds.
 *
 * @module
 */
import type { BlockingPoolOptions, CacheOptions, PoolOptions } from "../options.ts";

/** Where a cluster can be found: `{ host, port }`, `"host:port"` or `"redis://host:port"`. */
export type Seed = string | URL | { readonly host?: string; readonly port?: number };

/** A rule of `hostPortRemap`: for addresses that are as `from...` says, to be replaced by what `to...` says. */
export interface RemapRule {
  /** The announced host: a name, an IPv4 or an IPv6 address. Default: any. */
  readonly fromHost?: string;
  /** The announced port. Default: any. */
  readonly fromPort?: number;
  /** The host to use instead. Default: the announced one. */
  readonly toHost?: string;
  /** The port to use instead. Default: the announced one. */
  readonly toPort?: number;
}

/** Makes the address to use of the one that a node announces. */
export type RemapFunction = (
  address: { readonly host: string; readonly port: number },
) => { readonly host: string; readonly port: number };

/**
 * Where a cluster's commands that change nothing are read: at the master; at a replica only; at a replica, or at the
 * master when there is none; at any node; or at the node that is nearest by availability zone and measured latency.
 */
export type ClusterReadFrom = "master" | "replica" | "preferReplica" | "any" | "nearest";

/** The options of a cluster's pool, beside those of its connections. */
export interface ClusterPoolOptions<C = unknown> extends Omit<PoolOptions<C>, "path" | "minIdle"> {
  /** Where the cluster can be found. Default: `host` and `port`, else `localhost:6379`. */
  readonly startupNodes?: readonly Seed[];
  /** Ask for the slots before the first command; `false`: learn them from redirections. Default `true`. */
  readonly initSlotCache?: boolean;
  /** How many connections there may be in all, 1 or more. Default 1,000; of a `BlockingClusterConnectionPool` 50. */
  readonly maxConnections?: number;
  /** How many there may be to one node; `true` is 16. Default `false`: no limit but `maxConnections`. */
  readonly maxConnectionsPerNode?: boolean | number;
  /** After how many MOVED replies the slots are asked for anew; 0 is never. Default 5. */
  readonly reinitializeSteps?: number;
  /** Work with a cluster that has slots without a node. Default `false`: a `ClusterError` that names them. */
  readonly skipFullCoverageCheck?: boolean;
  /** Ask the nodes that are known now when the slots are asked for anew; `false`: always the `startupNodes`. Default `true`. */
  readonly followCluster?: boolean;
  /** How announced addresses become such as can be reached from here, those of MOVED and ASK too. */
  readonly hostPortRemap?: readonly RemapRule[] | RemapFunction;
  /** Where commands that change nothing are read. Default `"master"`. */
  readonly readFrom?: ClusterReadFrom;
  /** Where this client is, for `readFrom: "nearest"`: nodes of the same zone come first. */
  readonly availabilityZone?: string;
  /** How often one command may be redirected. Default 16. */
  readonly maxRedirections?: number;
  /** The slots are asked for anew after this time, jittered; 0 is never. Default 60,000. */
  readonly refreshInterval?: number;
  /** How long a node may owe replies and say nothing before the others are asked about it; 0 is for ever. Default 500. */
  readonly silenceLimit?: number;
}

/** The options of a cluster's pool that waits. */
export interface BlockingClusterPoolOptions<C = unknown> extends ClusterPoolOptions<C> {
  /** How long to wait for a connection; 0 is without end. Default 20,000. */
  readonly timeout?: BlockingPoolOptions["timeout"];
}

/** The options of a cluster client, beside those of the pool that it makes for itself. */
export interface RedisClusterOptions<P = unknown> extends ClusterPoolOptions {
  /** Plain commands of all callers share one connection to each node; `false`: each takes one for its round trip. Default `true`. */
  readonly multiplex?: boolean;
  /** A client-side cache, over all nodes; `true` is one with the default options. Default: none. */
  readonly cache?: CacheOptions | boolean;
  /** A pool made elsewhere, which the client uses and does not close. */
  readonly pool?: P;
}
