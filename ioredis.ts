/**
 * ioredis' API on Keywire: change the import, and programs and libraries for ioredis run on it.
 *
 * ```ts
 * import Redis from "@keywire/redis/ioredis";
 *
 * const redis = new Redis("redis://localhost:6379");
 * await redis.set("greeting", "hello", "EX", 60);
 * await redis.get("greeting"); // "hello"
 * await redis.quit();
 * ```
 *
 * @module
 */
import { ClusterBase } from "./src/compat/ioredis/cluster/cluster.ts";
import { RedisBase } from "./src/compat/ioredis/redis.ts";
import type { Transport } from "./src/transport.ts";
import { runtimeTransport } from "./transports/runtime.ts";

export type { RedisStatus } from "./src/compat/ioredis/client.ts";
export type { ClusterStatus, Target } from "./src/compat/ioredis/cluster/contract.ts";
export type {
  ClusterNode,
  ClusterOptions,
  DNSLookupFunction,
  DNSResolveSrvFunction,
  NodeRole,
  SrvRecord,
} from "./src/compat/ioredis/cluster/options.ts";
export type {
  ChainableCommander,
  ClientContext,
  CommandArgument,
  RedisCommander,
  RedisKey,
  RedisValue,
  Result,
  ResultTypes,
} from "./src/compat/ioredis/commander_types.ts";
export type {
  AddressFromResponse,
  CommonRedisOptions,
  NatMap,
  NatMapFunction,
  PreferredSlave,
  ReconnectOnError,
  RedisOptions,
  RetryStrategy,
  ScriptDefinition,
  SentinelAddress,
  SentinelConnectionOptions,
  StandaloneConnectionOptions,
  TlsConnectionOptions,
} from "./src/compat/ioredis/options.ts";
export type { TransactionSupport } from "./src/compat/ioredis/transaction.ts";
export type { ScanByKey, ScanStreamOptions, ScanStreams } from "./src/compat/ioredis/scan_stream.ts";
export type { Callback } from "./src/compat/ioredis/support.ts";
export type * from "./src/transport.ts";
export type { Attributed, Reply, ReplyObject } from "./src/resp/types.ts";
export { type Executed, RedisError } from "./src/errors.ts";
export { RedisBase } from "./src/compat/ioredis/redis.ts";
export { ClusterBase } from "./src/compat/ioredis/cluster/cluster.ts";
export { Commander, type CommanderOptions, type CommandMethod } from "./src/compat/ioredis/commander.ts";
export type { ReplyContext, ReplyMappingMode, ReplyTransformer } from "./src/compat/ioredis/reply.ts";
export { Command } from "./src/compat/ioredis/command.ts";
export { AbstractConnector, SentinelConnector } from "./src/compat/ioredis/missing.ts";
export { SentinelIterator } from "./src/compat/ioredis/sentinel/iterator.ts";
export { ReplyError } from "./src/compat/ioredis/errors.ts";
export type { PipelineResult } from "./src/compat/ioredis/pipeline.ts";
export { Pipeline } from "./src/compat/ioredis/pipeline.ts";
export { ScanStream } from "./src/compat/ioredis/scan_stream.ts";

/** The client of one server, or of a service that sentinels know. */
export class Redis extends RedisBase {
  /** The runtime's transport. */
  static override readonly transport: Transport = runtimeTransport;
  /** The class of further clients that this one makes. */
  static override client: typeof RedisBase = Redis;
  /** The client of a cluster. */
  static Cluster: typeof Cluster;
  /** The class itself, for other styles of import. */
  static Redis: typeof Redis = Redis;
}

/** The client of a cluster. */
export class Cluster extends ClusterBase {
  /** The class of the nodes' clients. */
  static override readonly client: typeof RedisBase = Redis;
}

Redis.Cluster = Cluster;

export default Redis;

/** Prints an error or a reply. */
export function print(error: Error | null, reply?: unknown): void {
  console.log(error ? `Error: ${error}` : `Reply: ${reply}`);
}
