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
 * This is the one place that knows both the library, which is the same everywhere, and the transports, of which
 * each runtime has its own. Walk down from here: the client (`src/client`), the pools under it (`src/pool`), the
 * connections in those (`src/connection`), and the bytes on the wire (`src/resp`).
 *
 * @module
 */
import { Redis as RedisBase } from "./src/client/redis.ts";
import { BlockingClusterConnectionPool as BlockingClusterConnectionPoolBase } from "./src/cluster/blocking_pool.ts";
import { RedisCluster as RedisClusterBase } from "./src/cluster/cluster.ts";
import { ClusterConnectionPool as ClusterConnectionPoolBase } from "./src/cluster/pool.ts";
import type { TextPromise, Wrap } from "./src/commands/wrap.ts";
import { Connection as ConnectionBase } from "./src/connection/connection.ts";
import { BlockingConnectionPool as BlockingConnectionPoolBase } from "./src/pool/blocking_pool.ts";
import { ConnectionPool as ConnectionPoolBase } from "./src/pool/pool.ts";
import { SentinelConnectionPool as SentinelConnectionPoolBase } from "./src/sentinel/pool.ts";
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
export type { RedisOptions as RedisOptionsOver } from "./src/options.ts";
export type { RedisOptions } from "./src/client/redis.ts";
export type * from "./src/events.ts";
export type * from "./src/resp/types.ts";
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
export type { ConnectionListener, ConnectionState, SendOptions } from "./src/connection/connection.ts";
export type { Sendable } from "./src/connection/pending.ts";
export type { NatFunction, NatRule, SentinelAddress, SentinelSeed } from "./src/sentinel/address.ts";
export type {
  Discoverer,
  FoundServerOptions,
  ReadFrom,
  SentinelClientOptions,
  SentinelLogin,
  SentinelOptions,
  SentinelPoolOptions,
} from "./src/sentinel/options.ts";
export type { AcquireOptions, LeaseInfo, PoolStats } from "./src/pool/pool.ts";
export type { NodeAddress } from "./src/cluster/address.ts";
export type { ClusterNode, NodeRole } from "./src/cluster/node.ts";
export type {
  BlockingClusterPoolOptions,
  ClusterPoolOptions,
  ClusterReadFrom,
  RedisClusterOptions,
  RemapFunction,
  RemapRule,
  Seed,
} from "./src/cluster/options_types.ts";
export type { ResolvedClusterOptions } from "./src/cluster/resolved_options.ts";
export type { AcquireBySlotOptions, ClusterPoolStats } from "./src/cluster/pool.ts";
export type { RefreshReason, Shard, Topology } from "./src/cluster/topology.ts";
export { Client } from "./src/client/client.ts";
export type { CallOptions } from "./src/client/call.ts";
export type { SubscribingClient } from "./src/client/subscribing.ts";
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
export type { TopicCounts } from "./src/client/pubsub/registry.ts";
export type { KeyspaceEvent, KeyspaceOptions } from "./src/client/keyspace.ts";
export type { Monitor, MonitoredCommand, MonitorOptions } from "./src/client/monitor.ts";
export type { PushContents, PushKinds } from "./src/client/push.ts";
export type { CacheStats, ClientCache } from "./src/client/cache/cache.ts";
export {
  NamedPipeline,
  Pipeline,
  type PipelineWrap,
  type Results,
  type Settled,
} from "./src/client/pipeline.ts";
// Types alone of what is loaded when it is first called: to name a class here would load it at once.
export type { Watched, WatchingClient, WatchOptions } from "./src/client/watch.ts";
export type { ScanIteratorOptions, UniqueOptions } from "./src/client/iterate.ts";
export type { ConsumeOptions, StreamMessage } from "./src/client/consume.ts";
export { createScript, type Script, script, type ScriptOptions } from "./src/commands/script.ts";
export type { BytesPromise, Out, Text, TextPromise, Value, Wrap } from "./src/commands/wrap.ts";
export { CommandMethods } from "./src/commands/methods.ts";
export { Command, type CommandSpec, type KeySpec, type ReplyParser } from "./src/commands/command.ts";
// The classes as they are on every runtime, for those who bring a transport of their own.
export {
  BlockingClusterConnectionPoolBase,
  BlockingConnectionPoolBase,
  ClusterConnectionPoolBase,
  ConnectionBase,
  ConnectionPoolBase,
  RedisBase,
  RedisClusterBase,
  SentinelBase,
  SentinelConnectionPoolBase,
};

/** {@inheritDoc ConnectionBase} */
export class Connection extends ConnectionBase {
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
}

/** {@inheritDoc ConnectionPoolBase} */
export class ConnectionPool<C extends ConnectionBase = Connection> extends ConnectionPoolBase<C> {
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
  /** The runtime's own `diagnostics_channel`. */
  static override readonly observer: Observer = runtimeObserver;
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
}

/** {@inheritDoc BlockingConnectionPoolBase} */
export class BlockingConnectionPool<C extends ConnectionBase = Connection>
  extends BlockingConnectionPoolBase<C> {
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
  /** The runtime's own `diagnostics_channel`. */
  static override readonly observer: Observer = runtimeObserver;
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
}

/** {@inheritDoc RedisBase} */
export class Redis<W extends Wrap = TextPromise> extends RedisBase<W> {
  /** {@linkcode ConnectionPool}. */
  static override readonly poolClass: typeof ConnectionPool = ConnectionPool;
  /** {@linkcode Sentinel}. */
  static override readonly sentinelClient: (url: string | URL, over?: object) => Redis = (url, over) =>
    Sentinel.clientFor(url, over) as Redis;
}

/** {@inheritDoc SentinelConnectionPoolBase} */
export class SentinelConnectionPool<C extends ConnectionBase = Connection>
  extends SentinelConnectionPoolBase<C> {
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
  /** The runtime's own `diagnostics_channel`. */
  static override readonly observer: Observer = runtimeObserver;
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
}

/** {@inheritDoc SentinelBase} */
export class Sentinel extends SentinelBase {
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
  /** {@linkcode SentinelConnectionPool}. */
  static override readonly poolClass: typeof SentinelConnectionPool = SentinelConnectionPool;
  /** {@linkcode Redis}. */
  static override readonly redisClass: typeof Redis = Redis;
}

/** {@inheritDoc ClusterConnectionPoolBase} */
export class ClusterConnectionPool extends ClusterConnectionPoolBase {
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
  /** The runtime's own `diagnostics_channel`. */
  static override readonly observer: Observer = runtimeObserver;
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
}

/** {@inheritDoc BlockingClusterConnectionPoolBase} */
export class BlockingClusterConnectionPool extends BlockingClusterConnectionPoolBase {
  /** The runtime's own transport. */
  static override readonly transport: Transport = runtimeTransport;
  /** The runtime's own `diagnostics_channel`. */
  static override readonly observer: Observer = runtimeObserver;
  /** {@linkcode Connection}. */
  static override readonly connectionClass: typeof Connection = Connection;
}

/** {@inheritDoc RedisClusterBase} */
export class RedisCluster<W extends Wrap = TextPromise> extends RedisClusterBase<W> {
  /** {@linkcode ClusterConnectionPool}. */
  static override readonly poolClass: typeof ClusterConnectionPool = ClusterConnectionPool;
}
