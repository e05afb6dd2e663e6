/**
 * The client of a cluster.
 *
 * @module
 */
import type { ClientCache } from "../client/cache/cache.ts";
import { CachingExecutor } from "../client/cache/caching_executor.ts";
import { callOf, Client, type ClientCore } from "../client/client.ts";
import { observed } from "../client/observed_executor.ts";
import { coreInScopes } from "../client/scoped_core.ts";
import type { KeyspaceEvent, KeyspaceOptions } from "../client/pubsub/keyspace_notifications.ts";
import type { Monitor, MonitorOptions } from "../client/commands/monitor.ts";
import type { Gap } from "../client/pubsub/gap.ts";
import type { SubscriptionOptions } from "../client/pubsub/subscription.ts";
import { Redis } from "../client/redis.ts";
import type { BytesPromise, Text, TextPromise, Wrap } from "../commands/wrap.ts";
import { ClusterError } from "../errors.ts";
import { formatAddress, type Seed, type ServerAddress } from "../topology/server_address.ts";
import { clusterCache } from "./cache.ts";
import { ClusterExecutor } from "./commands/executor.ts";
import { resolveClusterClientOptions } from "./options/options.ts";
import type { RedisClusterOptions } from "./options/types.ts";
import type { QueueStats } from "../pool/stats.ts";
import { ClusterConnectionPool, type ClusterPoolStats } from "./connections/pool.ts";
import { drainCluster, loadOfCluster } from "./routing/queue_load.ts";
import type { Router } from "./routing/router.ts";
import type { Topology } from "./topology/topology.ts";

/** The parts of a client of a cluster. */
interface ClusterCore extends ClientCore {
  readonly pool: ClusterConnectionPool;
  readonly cache: ClientCache | undefined;
  readonly router: Router;
}

/** The present statistics of a client of a cluster. */
export interface ClusterClientStats extends ClusterPoolStats, QueueStats {}

/**
 * A client of a Redis or Valkey cluster. Each command goes to the node of its keys, and follows redirections.
 *
 * @typeParam W the return type of methods: promises of text (default), or of bytes (`redis.bytes()`)
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
   * @throws {TypeError | RangeError} for an unknown or invalid option.
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

  /** Returns the present state of the client: the connections to all nodes, and its pending commands. */
  stats(): ClusterClientStats {
    const { pool, router } = this.core as ClusterCore;
    return { ...pool.stats(), ...loadOfCluster(pool.state, router) };
  }

  /**
   * Resolves when a producer may continue: no command waits for a connection, a redirection or the topology, and all
   * nodes read what they are sent.
   *
   * @throws {TimeoutError} with the code `COMMAND_TIMEOUT` after the time limit of a command (`commandTimeout`, or
   * `with({ timeout })`); or the reason of the signal.
   */
  async drained(): Promise<void> {
    const { pool, router, call } = this.core as ClusterCore;
    await drainCluster(pool.state, router, call);
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
    return (this.core as ClusterCore).cache;
  }

  /** The known nodes, their roles and their slots. */
  get topology(): Topology {
    return this.pool.topology;
  }

  /**
   * Returns a client of one node, for commands about that node. Redirections are errors there.
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
  node(address: ServerAddress): Redis {
    const node = this.pool.state.find(address);
    const { keyPrefix, channelPrefix, callSites, errorArguments } = this.options;
    if (node !== undefined) {
      return new Redis({ pool: node.pool, keyPrefix, channelPrefix, callSites, errorArguments });
    }
    throw new ClusterError(
      `Cannot make a client of ${formatAddress(address)}: it is no node of the cluster as it is known now`,
      {
        code: "NO_NODE",
        executed: "no",
      },
    );
  }

  /**
   * Not supported: a node reports its own commands only.
   *
   * @throws {ClusterError} always; use `redis.node(address).monitor()`.
   */
  override monitor(_options?: MonitorOptions): Monitor {
    throw perNode("MONITOR", "monitor()");
  }

  /**
   * Not supported: a node reports its own keys only.
   *
   * @throws {ClusterError} always; use `redis.node(address).keyspace()`.
   */
  override keyspace(
    _options?: KeyspaceOptions & Omit<SubscriptionOptions, "patterns" | "sharded">,
  ): AsyncGenerator<KeyspaceEvent<Text<W>> | Gap, undefined> {
    throw perNode("listen to what happens to the keys of", "keyspace()");
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

function perNode(what: string, method: string): ClusterError {
  const message =
    `Cannot ${what} a cluster: each node tells of itself only; use redis.node(address).${method}, for ` +
    'each of redis.topology.byRole("master")';
  return new ClusterError(message, { code: "NEEDS_NODE", executed: "no" });
}

function open(
  source: string | URL | readonly Seed[] | RedisClusterOptions<ClusterConnectionPool>,
  over: RedisClusterOptions<ClusterConnectionPool> | undefined,
  poolClass: typeof ClusterConnectionPool,
): ClusterCore {
  const resolved = resolveClusterClientOptions<ClusterConnectionPool>(source, over);
  const { multiplex, connection: options } = resolved;
  const transport = (resolved.pool?.options.connection ?? options).transport ?? poolClass.transport;
  const call = callOf(options);
  return coreInScopes(transport, { options, call }, (): ClusterCore => {
    const pool = resolved.pool ?? new poolClass(resolved.poolOptions);
    const cache = resolved.cache && clusterCache(pool.state, resolved.cache);
    const inner = new ClusterExecutor(pool, { multiplex, owner: resolved.pool === undefined });
    const executor = observed(
      cache === undefined ? inner : new CachingExecutor(inner, cache),
      pool.options.connection,
      options,
      true,
    );
    return { pool, options, executor, cache, router: inner.router, call };
  });
}
