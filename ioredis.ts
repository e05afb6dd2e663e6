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
export type { ClusterStatus } from "./src/compat/ioredis/cluster/contract.ts";
export type {
  ClusterNode,
  ClusterOptions,
  DNSLookupFunction,
  DNSResolveSrvFunction,
  NodeRole,
} from "./src/compat/ioredis/cluster/options.ts";
export type {
  ChainableCommander,
  ClientContext,
  RedisCommander,
  RedisKey,
  RedisValue,
  Result,
} from "./src/compat/ioredis/commander_types.ts";
export type {
  CommonRedisOptions,
  NatMap,
  RedisOptions,
  SentinelAddress,
  SentinelConnectionOptions,
  StandaloneConnectionOptions,
} from "./src/compat/ioredis/options.ts";
export type { ScanStreamOptions } from "./src/compat/ioredis/scan_stream.ts";
export type { Callback } from "./src/compat/ioredis/support.ts";
export { Command } from "./src/compat/ioredis/command.ts";
export { ReplyError } from "./src/compat/ioredis/errors.ts";
export { Pipeline } from "./src/compat/ioredis/pipeline.ts";
export { ScanStream } from "./src/compat/ioredis/scan_stream.ts";

/** The client of one server, or of a service that sentinels know. */
export class Redis extends RedisBase {
  static override readonly transport: Transport = runtimeTransport;
  static override client: typeof RedisBase = Redis;
  /** The client of a cluster. */
  static Cluster: typeof Cluster;
  /** The class itself, for those who import it in other ways. */
  static Redis: typeof Redis = Redis;
}

/** The client of a cluster. */
export class Cluster extends ClusterBase {
  static override readonly client: typeof RedisBase = Redis;
}

Redis.Cluster = Cluster;

export default Redis;

/** Prints an error or a reply. */
export function print(error: Error | null, reply?: unknown): void {
  console.log(error ? `Error: ${error}` : `Reply: ${reply}`);
}
