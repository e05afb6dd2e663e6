/**
 * The classes without a transport, for programs with a custom transport and for libraries that extend the types of
 * `@keywire/redis`.
 *
 * ```ts
 * import { ConnectionPoolBase, RedisBase } from "@keywire/redis/base";
 * import { memoryTransport } from "@keywire/redis/transports/memory";
 *
 * // These classes have no transport by default: the options name it.
 * const transport = memoryTransport((peer) => {
 *   peer.ondata = () => peer.write("+OK\r\n");
 * });
 * const redis = new RedisBase({ transport });
 * console.log(redis.pool instanceof ConnectionPoolBase); // true
 * await redis.close();
 * ```
 *
 * @module
 */
export { Redis as RedisBase } from "./src/client/redis.ts";
export { BlockingClusterConnectionPool as BlockingClusterConnectionPoolBase } from "./src/cluster/connections/blocking_pool.ts";
export { RedisCluster as RedisClusterBase } from "./src/cluster/cluster.ts";
export { ClusterConnectionPool as ClusterConnectionPoolBase } from "./src/cluster/connections/pool.ts";
export { Connection as ConnectionBase } from "./src/connection/connection.ts";
export { BlockingConnectionPool as BlockingConnectionPoolBase } from "./src/pool/blocking_pool.ts";
export { ConnectionPool as ConnectionPoolBase } from "./src/pool/pool.ts";
export { SentinelConnectionPool as SentinelConnectionPoolBase } from "./src/sentinel/pool.ts";
export { MultiRedis as MultiRedisBase } from "./src/multi/multi_redis.ts";
export { Sentinel as SentinelBase } from "./src/sentinel/sentinel.ts";

export { CommandMethods } from "./src/commands/methods.ts";
export type { RenamedMethods } from "./src/client/methods/renamed_methods.ts";
export type { CommandSpec, KeySpec, ReplyParser } from "./src/commands/command.ts";
export type { BytesPromise, Out, Text, TextPromise, Value, Wrap } from "./src/commands/wrap.ts";
export type { PipelineWrap } from "./src/client/pipeline/pipeline.ts";
export type { RedisOptions as RedisOptionsOver } from "./src/options.ts";
export type * from "./src/resp/types.ts";
export type * from "./src/transport.ts";
