/**
 * The client of a cluster.
 *
 * @module
 */
import { callOf, Client, type ClientCore } from "../client/client.ts";
import { observed } from "../client/observed.ts";
import { Redis } from "../client/redis.ts";
import type { BytesPromise, TextPromise, Wrap } from "../commands/wrap.ts";
import { ClusterError } from "../errors.ts";
import { type NodeAddress, showAddress } from "./address.ts";
import { ClusterExecutor } from "./executor.ts";
import { resolveClusterClientOptions } from "./options.ts";
import type { RedisClusterOptions, Seed } from "./options_types.ts";
import { ClusterConnectionPool } from "./pool.ts";
import type { Topology } from "./topology.ts";

/** What a client of a cluster is made of. */
interface ClusterCore extends ClientCore {
  readonly pool: ClusterConnectionPool;
}

/**
 * A client of a Redis or Valkey cluster. Each command goes to the node that has its key, and follows it when it
 * moves.
 *
 * @typeParam W what methods return: promises of text (default), or of bytes (`redis.bytes()`)
 *
 * @example
 * ```ts
 * import { RedisCluster } from "@keywire/redis";
 *
 * await using redis = new RedisCluster([{ host: "localhost", port: 7000 }, { host: "localhost", port: 7001 }]);
 * await redis.set("greeting", "hello");
 * await redis.get("greeting"); // "hello"
 * redis.topology.byRole("master").length; // 3
 * ```
 */
export class RedisCluster<W extends Wrap = TextPromise> extends Client<W> {
  /** The class of the pool that a client makes for itself; the package's entry point sets it in its own class. */
  static readonly poolClass: typeof ClusterConnectionPool = ClusterConnectionPool;

  /**
   * Makes a client. Options are seeds, a URL of one seed, an object, or one of the first two with an object over
   * it; `{ pool }` is a pool made elsewhere.
   *
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
   */
  constructor(
    options: string | URL | readonly Seed[] | RedisClusterOptions<ClusterConnectionPool> = {},
    over?: RedisClusterOptions<ClusterConnectionPool>,
  ) {
    super(open(options, over, new.target.poolClass));
  }

  /** The pool behind the client. */
  get pool(): ClusterConnectionPool {
    return (this.core as ClusterCore).pool;
  }

  /** The nodes, their roles and their slots, as far as they are known. */
  get topology(): Topology {
    return this.pool.topology;
  }

  /**
   * A client of one node, whatever slots it has: for what concerns that node alone. Redirections are errors there.
   *
   * @throws {ClusterError} for an address that is no node's.
   *
   * @example
   * ```ts
   * import { RedisCluster } from "@keywire/redis";
   *
   * await using redis = new RedisCluster([{ host: "localhost", port: 7000 }]);
   * await redis.connect();
   * for (const master of redis.topology.byRole("master")) await redis.node(master).info("memory");
   * ```
   */
  node(address: NodeAddress): Redis {
    const key = showAddress(address);
    const node = this.topology.nodes().find((one) => showAddress(one) === key);
    if (node !== undefined) return new Redis({ pool: node.pool });
    throw new ClusterError(
      `Cannot make a client of ${key}: it is no node of the cluster as it is known now`,
      {
        code: "NO_NODE",
        executed: "no",
      },
    );
  }

  /** The same client, with `Uint8Array` for every bulk string. */
  bytes(): RedisCluster<BytesPromise> {
    return this.bytesView as unknown as RedisCluster<BytesPromise>;
  }

  /** The same client, with text for every bulk string. */
  text(): RedisCluster<TextPromise> {
    return this.textView as unknown as RedisCluster<TextPromise>;
  }
}

function open(
  source: string | URL | readonly Seed[] | RedisClusterOptions<ClusterConnectionPool>,
  over: RedisClusterOptions<ClusterConnectionPool> | undefined,
  poolClass: typeof ClusterConnectionPool,
): ClusterCore {
  const resolved = resolveClusterClientOptions<ClusterConnectionPool>(source, over);
  const { multiplex, connection: options } = resolved;
  const pool = resolved.pool ?? new poolClass(resolved.poolOptions);
  const executor = new ClusterExecutor(pool, { multiplex, owner: resolved.pool === undefined });
  return { pool, options, executor: observed(executor, pool.options.connection), call: callOf(options) };
}
