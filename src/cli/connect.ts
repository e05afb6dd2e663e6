/**
 * Clients of commands: of one server, of the master that sentinels name, or of each node of a cluster.
 *
 * @module
 */
import { Redis } from "../client/redis.ts";
import { resolveOptions } from "../options.ts";
import { Sentinel } from "../sentinel/sentinel.ts";
import { RedisCluster } from "../cluster/cluster.ts";
import { formatAddress } from "../topology/format_address.ts";
import type { Transport } from "../transport.ts";
import { isSentinelUrl } from "../url.ts";
import { readInfo } from "./doctor/subject.ts";

/** A server that a command talks to. */
export interface Node {
  /** Its address, without credentials. */
  readonly name: string;
  /** A client of this server only. */
  readonly redis: Redis;
}

/** The servers that a URL leads to. */
export interface Nodes {
  /** Returns the servers: the nodes of a cluster as they are known now, or the one server. */
  list(): readonly Node[];
  /** The client that commands with keys go through. */
  readonly client: Redis | RedisCluster;
  /** Closes all connections. */
  close(): Promise<void>;
}

/**
 * Connects to what a URL names.
 *
 * @throws {TypeError} for a URL that is wrong.
 * @throws {ConnectionError | TimeoutError | AuthenticationError} when there is no connection.
 */
export async function connectTo(url: string, transport: Transport): Promise<Nodes> {
  if (isSentinelUrl(url)) {
    const redis = Sentinel.clientFor(url, { transport }) as Redis;
    await redis.connect();
    const nodes = [{ name: url.slice(url.lastIndexOf("/") + 1), redis }];
    return { client: redis, list: () => nodes, close: () => redis.close() };
  }
  const options = resolveOptions(url, { transport });
  const redis = new Redis(url, { transport });
  await redis.connect();
  const info = readInfo(await redis.command("INFO", "cluster").catch(() => ""));
  const { endpoint } = options;
  if (info.get("cluster_enabled") !== "1" || "path" in endpoint) {
    const nodes = [{ name: "path" in endpoint ? endpoint.path : formatAddress(endpoint), redis }];
    return { client: redis, list: () => nodes, close: () => redis.close() };
  }
  await redis.close();
  const cluster = new RedisCluster(url, { transport });
  await cluster.connect();
  const clients = new Map<string, Node>();
  return {
    client: cluster,
    list() {
      return cluster.topology.nodes().map((node) => {
        const name = formatAddress(node);
        let known = clients.get(name);
        if (known === undefined) clients.set(name, known = { name, redis: cluster.node(node) });
        return known;
      });
    },
    close: () => cluster.close(),
  };
}
