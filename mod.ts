/**
 * Keywire: a client for Redis and Valkey, for Deno, Bun and Node.
 *
 * ```ts
 * import { Redis } from "@keywire/redis";
 *
 * await using redis = new Redis("redis://localhost:6379/0");
 * await redis.set("greeting", "hello", { ex: 60 });
 * await redis.get("greeting"); // "hello"
 * ```
 *
 * `Redis` is the client of one server, `RedisCluster` of a cluster, and `Sentinel` creates clients of a service with
 * sentinels. `ConnectionPool` and `BlockingConnectionPool` share connections between clients.
 *
 * @module
 */
import { Redis as RedisBase } from "./src/client/redis.ts";
import { BlockingClusterConnectionPool as BlockingClusterConnectionPoolBase } from "./src/cluster/connections/blocking_pool.ts";
import { RedisCluster as RedisClusterBase } from "./src/cluster/cluster.ts";
import { ClusterConnectionPool as ClusterConnectionPoolBase } from "./src/cluster/connections/pool.ts";
import type { TextPromise, Wrap } from "./src/commands/wrap.ts";
import { Connection as ConnectionBase } from "./src/connection/connection.ts";
import { BlockingConnectionPool as BlockingConnectionPoolBase } from "./src/pool/blocking_pool.ts";
import { ConnectionPool as ConnectionPoolBase } from "./src/pool/pool.ts";
import { SentinelConnectionPool as SentinelConnectionPoolBase } from "./src/sentinel/pool.ts";
import { MultiRedis as MultiRedisBase } from "./src/multi/multi_redis.ts";
import { Sentinel as SentinelBase } from "./src/sentinel/sentinel.ts";
import { runtimeTransport } from "./transports/runtime.ts";
import { runtimeObserver } from "./transports/runtime_observer.ts";
import type { Observer } from "./src/observer.ts";
import type { Transport } from "./src/transport.ts";

export * from "./src/errors.ts";
export type * from "./src/transport.ts";
export type * from "./src/observer.ts";
export type * from "./src/clock.ts";
export type * from "./src/options.ts";
export type { RedisOptions } from "./src/client/redis.ts";
export type * from "./src/events.ts";
export type { Attributed, Reply, ReplyObject } from "./src/resp/types.ts";
export {
  type Backoff,
  type BackoffFunction,
  constant,
  exponential,
  type ExponentialOptions,
  type Jitter,
  none,
} from "./src/backoff.ts";
export type { ErrorClass, ErrorKind, RetryPolicy } from "./src/retry.ts";
export type {
  ConnectionListener,
  ConnectionState,
  ConnectOptions,
  SendOptions,
} from "./src/connection/connection.ts";
export type { Sendable } from "./src/connection/pending.ts";
export type { AddressFunction, AddressMap, AddressRule } from "./src/topology/address_map.ts";
export type { ReadFrom, ReadFromZone, ReadTarget } from "./src/topology/read_from.ts";
export type { Seed, ServerAddress } from "./src/topology/server_address.ts";
export type {
  Discoverer,
  FoundServerOptions,
  ReadFromFresh,
  SentinelClientOptions,
  SentinelLogin,
  SentinelOptions,
  SentinelPoolOptions,
} from "./src/sentinel/options.ts";
export type { AcquireOptions, LeaseInfo, PoolStats } from "./src/pool/pool.ts";
export type { ClientStats, CloseOptions, QueueStats } from "./src/pool/stats.ts";
export type { ClusterNode, NodeRole } from "./src/cluster/topology/node.ts";
export type {
  BlockingClusterPoolOptions,
  ClusterPoolOptions,
  RedisClusterOptions,
} from "./src/cluster/options/types.ts";
export type { ResolvedClusterOptions } from "./src/cluster/options/resolved.ts";
export type { Database, MultiRedisOptions } from "./src/multi/options.ts";
export type { DatabaseState } from "./src/multi/multi_redis.ts";
export type { ClusterClientStats } from "./src/cluster/cluster.ts";
export type { AcquireBySlotOptions, ClusterPoolStats } from "./src/cluster/connections/pool.ts";
export type { RefreshReason, Shard, Topology } from "./src/cluster/topology/topology.ts";
export { Client } from "./src/client/client.ts";
export type { CallOptions } from "./src/client/call_options.ts";
export type { CallCacheOptions } from "./src/client/executor.ts";
export type { CachingClient } from "./src/client/methods/cache_methods.ts";
export type { IteratingClient } from "./src/client/methods/iteration_methods.ts";
export type { SubscribingClient } from "./src/client/methods/subscription_methods.ts";
export type { Channels } from "./src/client/pubsub/pubsub.ts";
export type { Gap } from "./src/client/pubsub/gap.ts";
export type { Listener, MessageHandler, MessageListener } from "./src/client/pubsub/listeners.ts";
export type { BufferPolicy } from "./src/client/pubsub/buffer.ts";
export type {
  Message,
  Subscription,
  SubscriptionItem,
  SubscriptionOptions,
  SubscriptionStats,
} from "./src/client/pubsub/subscription.ts";
export type { SubscriptionCounts } from "./src/client/pubsub/subscription_registry.ts";
export type { KeyspaceEvent, KeyspaceOptions } from "./src/client/pubsub/keyspace_notifications.ts";
export type { Monitor, MonitoredCommand, MonitorOptions } from "./src/client/commands/monitor.ts";
export type { PushContents, PushKinds } from "./src/client/pubsub/push_messages.ts";
export type { CacheStats, ClientCache } from "./src/client/cache/cache.ts";
export type { CachedCodec, CachedOptions } from "./src/client/cache/cache_aside_options.ts";
export { OnceClient } from "./src/client/once/once_client.ts";
export type { OnceOptions } from "./src/client/once/once_record.ts";
export type { Outcome, OutcomeOptions } from "./src/client/once/outcome.ts";
export { NamedPipeline, Pipeline, type Results, type Settled } from "./src/client/pipeline/pipeline.ts";
// Type exports only: a class named here would be loaded at start.
export type { Watched, WatchingClient, WatchOptions } from "./src/client/pipeline/watch.ts";
export type { ScanIteratorOptions, UniqueOptions } from "./src/client/commands/iterate.ts";
export type { StreamMessages } from "./src/client/streams/consume.ts";
export type { StreamLag } from "./src/client/streams/lag.ts";
export type { StreamMessage } from "./src/client/streams/message.ts";
export type {
  ClaimOptions,
  ConsumeOptions,
  FailureOutcome,
  HandlerContext,
  HandlerOptions,
  StreamFields,
  StreamHandler,
} from "./src/client/streams/options.ts";
export { createScript, type Script, script, type ScriptOptions } from "./src/commands/script.ts";
export { Command } from "./src/commands/command.ts";
/**
 * A connection to a server, by itself: connect it, send words, disconnect. Pools make and keep them.
 *
 * @example
 * ```ts
 * import { Connection } from "@keywire/redis";
 *
 * const connection = new Connection({ host: "localhost" });
 * await connection.connect();
 * await connection.send(["PING"]); // "PONG"
 * connection.disconnect();
 * ```
 */
export class Connection extends ConnectionBase {
  /** The name that `console.log` prints; bundlers rename the class itself. */
  static override readonly name: string = "Connection";
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
}

/**
 * A pool of connections that refuses at its limit, at once, with a `MaxConnectionsError`.
 *
 * @example
 * ```ts
 * import { ConnectionPool, Redis } from "@keywire/redis";
 *
 * await using pool = new ConnectionPool("redis://localhost:6379", { maxConnections: 10 });
 * const redis = new Redis({ pool }); // any number of clients over one pool
 * await redis.ping();
 * {
 *   using connection = await pool.acquire(); // yours alone, until this brace
 *   await connection.send(["CLIENT", "ID"]);
 * }
 * ```
 */
export class ConnectionPool<C extends ConnectionBase = Connection> extends ConnectionPoolBase<C> {
  /** The name that `console.log` prints; bundlers rename the class itself. */
  static override readonly name: string = "ConnectionPool";
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
  /** The runtime's own `diagnostics_channel`. */
  static override readonly observer: Observer = runtimeObserver;
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
}

/**
 * A pool of connections that lets callers wait at its limit, in order, for a limited time.
 *
 * @example
 * ```ts
 * import { BlockingConnectionPool } from "@keywire/redis";
 *
 * await using pool = new BlockingConnectionPool({ host: "localhost", maxConnections: 2, timeout: 20_000 });
 * using connection = await pool.acquire(); // waits up to 20 seconds for its turn
 * await connection.send(["PING"]);
 * ```
 */
export class BlockingConnectionPool<C extends ConnectionBase = Connection>
  extends BlockingConnectionPoolBase<C> {
  /** The name that `console.log` prints; bundlers rename the class itself. */
  static override readonly name: string = "BlockingConnectionPool";
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
  /** The runtime's own `diagnostics_channel`. */
  static override readonly observer: Observer = runtimeObserver;
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
}

/**
 * A client of a Redis or Valkey server. It connects on first use. Callers share one connection, and commands of one
 * tick are sent together. Commands that block use a dedicated connection. Every command is a method.
 *
 * @typeParam W the return type of methods: promises of text (default), or of bytes (`redis.bytes()`)
 *
 * @example
 * ```ts
 * import { Redis } from "@keywire/redis";
 *
 * await using redis = new Redis("redis://localhost:6379/0");
 * await redis.set("greeting", "hello", { ex: 60 }); // seconds, as SET takes them
 * await redis.get("greeting"); // "hello"
 * const [, n] = await redis.multi().set("n", 1).incr("n").exec(); // one transaction
 * await redis.with({ timeout: 200 }).get("greeting"); // milliseconds, for this call
 * ```
 */
export class Redis<W extends Wrap = TextPromise> extends RedisBase<W> {
  /** The name that `console.log` prints; bundlers rename the class itself. */
  static override readonly name: string = "Redis";
  /** {@linkcode BlockingConnectionPool}. */
  static override readonly poolClass: typeof ConnectionPool = BlockingConnectionPool;
  /** {@linkcode Sentinel}. */
  static override readonly sentinelClient: (url: string | URL, over?: object) => Redis = (url, over) =>
    Sentinel.clientFor(url, over) as Redis;
}

/**
 * A pool of connections to the server that sentinels name: the master of a service, or its replicas.
 *
 * @example
 * ```ts
 * import { Redis, Sentinel, SentinelConnectionPool } from "@keywire/redis";
 *
 * const sentinel = new Sentinel([{ host: "localhost", port: 26379 }]);
 * await using pool = new SentinelConnectionPool({ sentinel, service: "mymaster" });
 * await using redis = new Redis({ pool });
 * await redis.set("greeting", "hello"); // wherever the master is
 * ```
 */
export class SentinelConnectionPool<C extends ConnectionBase = Connection>
  extends SentinelConnectionPoolBase<C> {
  /** The name that `console.log` prints; bundlers rename the class itself. */
  static override readonly name: string = "SentinelConnectionPool";
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
  /** The runtime's own `diagnostics_channel`. */
  static override readonly observer: Observer = runtimeObserver;
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
}

/**
 * The sentinels of one or more services: where their masters and replicas are, and clients that follow them.
 *
 * @example
 * ```ts
 * import { Sentinel } from "@keywire/redis";
 *
 * const sentinel = new Sentinel([{ host: "localhost", port: 26379 }]);
 * await using redis = sentinel.masterFor("mymaster");
 * await redis.set("greeting", "hello"); // after a failover, too
 * ```
 */
export class Sentinel extends SentinelBase {
  /** The name that `console.log` prints; bundlers rename the class itself. */
  static override readonly name: string = "Sentinel";
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
  /** {@linkcode SentinelConnectionPool}. */
  static override readonly poolClass: typeof SentinelConnectionPool = SentinelConnectionPool;
  /** {@linkcode Redis}. */
  static override readonly redisClass: typeof Redis = Redis;
}

/**
 * A pool of connections to the nodes of a cluster, by node or by slot; it refuses at its limit.
 *
 * @example
 * ```ts
 * import { ClusterConnectionPool } from "@keywire/redis";
 *
 * await using pool = new ClusterConnectionPool([{ host: "localhost", port: 7000 }], { maxConnections: 50 });
 * using connection = await pool.acquireBySlot(0);
 * await connection.send(["PING"]);
 * ```
 */
export class ClusterConnectionPool extends ClusterConnectionPoolBase {
  /** The name that `console.log` prints; bundlers rename the class itself. */
  static override readonly name: string = "ClusterConnectionPool";
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
  /** The runtime's own `diagnostics_channel`. */
  static override readonly observer: Observer = runtimeObserver;
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
}

/**
 * A pool of connections to the nodes of a cluster that lets callers wait at its limit.
 *
 * @example
 * ```ts
 * import { BlockingClusterConnectionPool } from "@keywire/redis";
 *
 * await using pool = new BlockingClusterConnectionPool([{ host: "localhost", port: 7000 }], { timeout: 5_000 });
 * using connection = await pool.acquireBySlot(0);
 * await connection.send(["PING"]);
 * ```
 */
export class BlockingClusterConnectionPool extends BlockingClusterConnectionPoolBase {
  /** The name that `console.log` prints; bundlers rename the class itself. */
  static override readonly name: string = "BlockingClusterConnectionPool";
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
  /** The runtime's own `diagnostics_channel`. */
  static override readonly observer: Observer = runtimeObserver;
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
}

/**
 * A client of a cluster. Each command goes to the node of its keys, and follows redirections.
 *
 * @typeParam W the return type of methods: promises of text (default), or of bytes (`redis.bytes()`)
 *
 * @example
 * ```ts
 * import { RedisCluster } from "@keywire/redis";
 *
 * await using redis = new RedisCluster([{ host: "localhost", port: 7000 }]);
 * await redis.set("greeting", "hello");
 * await redis.mset({ a: 1, b: 2 }); // over several nodes
 * ```
 */
export class RedisCluster<W extends Wrap = TextPromise> extends RedisClusterBase<W> {
  /** The name that `console.log` prints; bundlers rename the class itself. */
  static override readonly name: string = "RedisCluster";
  /** {@linkcode ClusterConnectionPool}. */
  static override readonly poolClass: typeof ClusterConnectionPool = ClusterConnectionPool;
}

/**
 * A client of several databases that replicate each other (active-active). It uses the available one with the greatest
 * weight, fails over when that is lost, and returns when it is back.
 *
 * @typeParam W the return type of methods: promises of text (default), or of bytes (`redis.bytes()`)
 *
 * @example
 * ```ts
 * import { MultiRedis } from "@keywire/redis";
 *
 * await using redis = new MultiRedis([
 *   { url: "redis://localhost:6379", weight: 2 },
 *   { url: "redis://localhost:6380" },
 * ]);
 * redis.addEventListener("failover", ({ detail }) => console.warn(`now at ${detail.to}:`, detail.cause));
 * await redis.set("greeting", "hello");
 * ```
 */
export class MultiRedis<W extends Wrap = TextPromise> extends MultiRedisBase<W> {
  /** The name that `console.log` prints; bundlers rename the class itself. */
  static override readonly name: string = "MultiRedis";
  /** {@linkcode Redis}. */
  static override readonly redisClass: typeof Redis = Redis;
}
