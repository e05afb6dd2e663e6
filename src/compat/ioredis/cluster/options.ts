/**
 * The options of a cluster's client.
 *
 * @module
 */
import type { CommanderOptions } from "../commander.ts";
import {
  type NatMap,
  parseURL,
  type RedisOptions,
  type RetryStrategy,
  type ScriptDefinition,
} from "../options.ts";

/** A node to begin with: an address, a URL or a port. */
export type ClusterNode = string | number | { host?: string | undefined; port?: number | undefined };

/** Nodes by their role. */
export type NodeRole = "master" | "slave" | "all";

/** Resolves a name to an address. */
export type DNSLookupFunction = (
  hostname: string,
  callback: (error: Error | null | undefined, address: string, family?: number) => void,
) => void;

/** A record of a service. */
export interface SrvRecord {
  /** Lower ones come first. */
  priority: number;
  /** The weight among records of the same priority. */
  weight: number;
  /** The port. */
  port: number;
  /** The host. */
  name: string;
}

/** Resolves a name to the records of a service. */
export type DNSResolveSrvFunction = (
  hostname: string,
  callback: (error: Error | null | undefined, records?: SrvRecord[]) => void,
) => void;

/** The options of a cluster's client. */
export interface ClusterOptions extends CommanderOptions {
  /** Returns the milliseconds before all startup nodes are tried again; anything but a number ends the client. */
  clusterRetryStrategy?: ((times: number, reason?: Error) => number | void | null) | null | undefined;
  /** Keeps commands until the cluster is known. Default `true`. */
  enableOfflineQueue?: boolean | undefined;
  /** Waits until the cluster is in order. Default `true`. */
  enableReadyCheck?: boolean | undefined;
  /** The nodes that receive read-only commands. Default `"master"`. */
  // deno-lint-ignore no-explicit-any
  scaleReads?: NodeRole | ((nodes: any[], command: any) => any) | undefined;
  /** Redirections and retries of a command. Default 16. */
  maxRedirections?: number | undefined;
  /** Milliseconds before a command is sent again when a node is gone. Default 100. */
  retryDelayOnFailover?: number | undefined;
  /** Milliseconds before a command is sent again after CLUSTERDOWN. Default 100. */
  retryDelayOnClusterDown?: number | undefined;
  /** Milliseconds before a command is sent again after TRYAGAIN. Default 100. */
  retryDelayOnTryAgain?: number | undefined;
  /** Milliseconds before a command is sent again after MOVED. Default 0. */
  retryDelayOnMoved?: number | undefined;
  /** Milliseconds for CLUSTER SLOTS. Default 1,000. */
  slotsRefreshTimeout?: number | undefined;
  /** Milliseconds between two refreshes; without, the slots are refreshed when a redirection asks for it. */
  slotsRefreshInterval?: number | undefined;
  /** Sharded channels have subscribers of their own at their nodes. Default `false`. */
  shardedSubscribers?: boolean | undefined;
  /** The delay before a node reconnects. Default: it does not reconnect. */
  clusterNodeRetryStrategy?: RetryStrategy;
  /** The options of the nodes. */
  redisOptions?: RedisOptions | undefined;
  /** Connects with the first command. Default `false`. */
  lazyConnect?: boolean | undefined;
  /** Startup nodes are names of services. Default `false`. */
  useSRVRecords?: boolean | undefined;
  /** Resolves them. */
  resolveSrv?: DNSResolveSrvFunction | undefined;
  /** Resolves the names of startup nodes. Default: the transport does when it connects. */
  dnsLookup?: DNSLookupFunction | undefined;
  /** Addresses that stand for others. */
  natMap?: NatMap | undefined;
  /** Sends the commands of a turn as pipelines. Default `false`. */
  enableAutoPipelining?: boolean | undefined;
  /** Commands that are no part of that. */
  autoPipeliningIgnoredCommands?: string[] | undefined;
  /** Scripts that become commands. */
  scripts?: Record<string, ScriptDefinition> | undefined;
  /** Keeps Keywire's promises: a command that may have run is sent again only when it is read-only. Default `false`. */
  strict?: boolean | undefined;
}

/** The defaults. */
export const DEFAULT_CLUSTER_OPTIONS: ClusterOptions = {
  clusterRetryStrategy: (times) => Math.min(100 + times * 2, 2_000),
  clusterNodeRetryStrategy: null,
  enableOfflineQueue: true,
  enableReadyCheck: true,
  scaleReads: "master",
  maxRedirections: 16,
  retryDelayOnMoved: 0,
  retryDelayOnFailover: 100,
  retryDelayOnClusterDown: 100,
  retryDelayOnTryAgain: 100,
  slotsRefreshTimeout: 1_000,
  useSRVRecords: false,
  enableAutoPipelining: false,
  autoPipeliningIgnoredCommands: [],
  shardedSubscribers: false,
};

/** The options of a node. */
export type NodeOptions = RedisOptions & { host: string; port: number };

/** The key of a node in the pool. */
export function nodeKey(node: { host?: string | undefined; port?: number | undefined }): string {
  node.port ||= 6379;
  node.host ||= "127.0.0.1";
  return `${node.host}:${node.port}`;
}

/** The address that a key names. */
export function addressOfKey(key: string): { host: string; port: number } {
  const colon = key.lastIndexOf(":");
  if (colon < 0) throw new Error(`Invalid node key ${key}`);
  return { host: key.slice(0, colon), port: Number(key.slice(colon + 1)) };
}

/** The address that stands for one. */
export function mapAddress(
  node: string | { host: string; port: number },
  natMap: NatMap | undefined,
): { host: string; port: number } {
  const key = typeof node === "string" ? node : `${node.host}:${node.port}`;
  const mapped = typeof natMap === "function" ? natMap(key) : natMap?.[key];
  return mapped ? { ...mapped } : typeof node === "string" ? addressOfKey(node) : node;
}

/** Makes options of startup nodes in their forms. */
export function normalizeNodes(nodes: readonly unknown[]): NodeOptions[] {
  return nodes.map((node) => {
    const options: Record<string, unknown> = {};
    if (typeof node === "object") Object.assign(options, node);
    else if (typeof node === "string") Object.assign(options, parseURL(node));
    else if (typeof node === "number") options.port = node;
    else throw new Error(`Invalid argument ${node}`);
    if (typeof options.port === "string") options.port = Number.parseInt(options.port, 10);
    delete options.db;
    options.port ||= 6379;
    options.host ||= "127.0.0.1";
    return options as unknown as NodeOptions;
  });
}

/** Whether a host is an address, and needs no lookup. */
export function isAddress(host: string): boolean {
  return host.includes(":") || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
}

/** The name of a connection beside the nodes' own. */
export function connectionName(part: string, own: string | null | undefined): string {
  return own ? `ioredis-cluster(${part}):${own}` : `ioredis-cluster(${part})`;
}
