/**
 * Options and their validation. Options override URL values, which override defaults.
 *
 * @module
 */
export type { RetryOptions } from "./retry.ts";
export type {
  BlockingPoolOptions,
  ConnectionOptions,
  MaintNotificationsOptions,
  PoolOptions,
  ReconnectOptions,
  RedisOptions,
} from "./options/types.ts";
export type {
  CacheEntry,
  CacheOptions,
  CacheStore,
  CacheStoreContext,
  CacheStoreFactory,
  ResolvedCacheOptions,
} from "./options/cache.ts";
export type { CredentialProvider, Credentials, StreamingCredentialProvider } from "./options/credentials.ts";
export { isStreaming } from "./options/credentials.ts";
export type { Encoding, MaintNotificationsPolicy, QueueLimits, ReconnectPolicy } from "./options/values.ts";
export { type ConnectionClass, ResolvedConnectionOptions } from "./options/resolved.ts";
export { ResolvedPoolOptions, ResolvedRedisOptions } from "./options/resolved_pool.ts";
export {
  DEFAULT_RECONNECT,
  LIB_VERSION,
  resolveBlockingPoolOptions,
  resolveOptions,
  resolvePoolOptions,
  resolveRedisOptions,
  resolveRetry,
} from "./options/resolve.ts";
