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
import { Interrupted, UsageError } from "./usage_error.ts";

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

/** Parses the URL.
 *
 * @throws {UsageError} for a URL that is wrong, without its secrets. */
function readUrl<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** Rejects with `Interrupted` instead where the signal was the reason, after closing the client. */
async function opened<T>(
  client: { close(options: { readonly force: boolean }): Promise<void> },
  signal: AbortSignal,
  open: () => Promise<T>,
): Promise<T> {
  try {
    return await open();
  } catch (error) {
    await client.close({ force: true });
    throw signal.aborted ? new Interrupted() : error;
  }
}

/**
 * Connects to what a URL names.
 *
 * @throws {UsageError} for a URL that is wrong.
 * @throws {Interrupted} when the signal is aborted before there is a connection.
 * @throws {ConnectionError | TimeoutError | AuthenticationError} when there is no connection.
 */
export async function connectTo(url: string, transport: Transport, signal: AbortSignal): Promise<Nodes> {
  if (isSentinelUrl(url)) {
    const redis = readUrl(() => Sentinel.clientFor(url, { transport }) as Redis);
    await opened(redis, signal, () => redis.with({ signal }).connect());
    const name = decodeURIComponent(/\/([^/?]*)(\?.*)?$/.exec(url)![1]!);
    const nodes = [{ name, redis }];
    return { client: redis, list: () => nodes, close: () => redis.close() };
  }
  const options = readUrl(() => resolveOptions(url, { transport }));
  const redis = new Redis(url, { transport });
  const info = await opened(redis, signal, async () => {
    const client = redis.with({ signal });
    await client.connect();
    return readInfo(await client.command("INFO", "cluster").catch(() => ""));
  });
  const { endpoint } = options;
  if (info.get("cluster_enabled") !== "1" || "path" in endpoint) {
    const nodes = [{ name: "path" in endpoint ? endpoint.path : formatAddress(endpoint), redis }];
    return { client: redis, list: () => nodes, close: () => redis.close() };
  }
  await redis.close();
  const cluster = new RedisCluster(url, { transport });
  await opened(cluster, signal, () => cluster.with({ signal }).connect());
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
