/**
 * The options that users give. All times are whole milliseconds, all sizes bytes.
 *
 * @module
 */
import type { Backoff, BackoffFunction } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { DecoderLimits, RespParserFactory } from "../resp/types.ts";
import type { Observer } from "../observer.ts";
import type { KeepAliveOptions, LookupFunction, TlsOptions, Transport } from "../transport.ts";
import type { CacheOptions } from "./cache.ts";
import type { CredentialProvider } from "./credentials.ts";
import type { ErrorKind, RetryOptions } from "../retry.ts";
import type { ConnectionClass } from "./resolved.ts";
import type { Encoding, QueueLimits } from "./values.ts";

/** The options for reconnects. */
export interface ReconnectOptions {
  /**
   * The number of failed attempts after which waiting commands reject. The next command starts again. Default:
   * unlimited.
   */
  readonly attempts?: number;
  /** The wait before each try. Default `exponential({ base: 50, cap: 5_000, jitter: "full" })`. */
  readonly backoff?: Backoff | BackoffFunction | string;
}

/** The options for notifications of maintenance. */
export interface MaintNotificationsOptions {
  /** The least time limit of commands during maintenance, in milliseconds, instead of `commandTimeout`. Default 10,000. */
  readonly relaxedTimeout?: number;
  /** The kind of address that the server names when it moves. Default: by the kind of `host`, and whether there is TLS. */
  readonly endpointType?: "internal-ip" | "external-ip" | "internal-fqdn" | "external-fqdn" | "none";
}

/** The options of one connection. */
export interface ConnectionOptions {
  /** A name, an IPv4 address or an IPv6 address without brackets. Default `"localhost"`. */
  readonly host?: string;
  /** 1 to 65535. Default 6379. */
  readonly port?: number;
  /** The path of a Unix socket, instead of `host` and `port`. */
  readonly path?: string;
  /** The database to SELECT. Default 0. */
  readonly db?: number;
  /** The ACL user; without a `password` it logs in with an empty one. */
  readonly username?: string;
  /** The password of `username`, or of the default user. */
  readonly password?: string;
  /**
   * The source of credentials for each connect, instead of `username` and `password`. If it fails, the attempt fails
   * with the code `CREDENTIALS` and is retried.
   */
  readonly credentials?: CredentialProvider;
  /** TLS from the first byte. Default `false`; `true` is TLS with verification by the runtime's own authorities. */
  readonly tls?: boolean | TlsOptions;
  /** The RESP version. Default: 3 with fallback to 2. */
  readonly protocol?: 2 | 3;
  /** The name of the connection (CLIENT SETNAME). */
  readonly clientName?: string;
  /** The library's name (CLIENT SETINFO LIB-NAME); `false` sends no SETINFO. Default `"keywire"`. */
  readonly libName?: string | false;
  /** The library's version (CLIENT SETINFO LIB-VER). Default: the package's. */
  readonly libVersion?: string;
  /** Limit of one try to connect: name resolution, TCP, TLS and handshake; 0 is none. Default 5,000. */
  readonly connectTimeout?: number;
  /** Limit of the whole of a command: queueing, connecting, the wire, repeats; 0 is none. Default 5,000. */
  readonly commandTimeout?: number;
  /** Limit of a server's silence during one try of a command; 0 is none. Default 0. */
  readonly socketTimeout?: number;
  /** The time of a blocking command beyond its own timeout, in milliseconds. Default 1,000. */
  readonly blockingGrace?: number;
  /**
   * The interval of PINGs on an idle connection in milliseconds, with jitter. If a reply is pending without a limit,
   * the client asks over a second connection instead. 0: never. Default 30,000.
   */
  readonly healthCheckInterval?: number;
  /** TCP keepalive. Default `true`: from 15 seconds of silence on, where the runtime can set that (not on Deno). */
  readonly keepAlive?: boolean | KeepAliveOptions;
  /** TCP_NODELAY. Default `true`. */
  readonly noDelay?: boolean;
  /** Connect to IPv4 or to IPv6 addresses of `host` only. Not in Workers. Default: both. */
  readonly family?: 4 | 6;
  /**
   * Resolves host names instead of the runtime, for example `lookup` of `node:dns/promises`. Not in Workers. The
   * certificate must still name `host`.
   */
  readonly lookup?: LookupFunction;
  /** Bytes read at once, where the runtime lets one choose. Default 65,536. */
  readonly readBufferSize?: number;
  /** The type of text replies. Default `"utf8"`. */
  readonly encoding?: Encoding;
  /** The handling of invalid UTF-8: reject with an `EncodingError`, or insert U+FFFD. Default `"strict"`. */
  readonly encodingErrors?: "strict" | "replace";
  /** The retry policy of commands; `false` disables retries. */
  readonly retry?: RetryOptions | false;
  /** Repeat after `socketTimeout` too. Without `retry`: exactly one immediate repeat. Default `false`. */
  readonly retryOnTimeout?: boolean;
  /** Repeat after these errors too. Without `retry`: exactly one immediate repeat. */
  readonly retryOnError?: readonly ErrorKind[];
  /** The options for reconnects. */
  readonly reconnect?: ReconnectOptions;
  /**
   * The limits of the offline queue; `false` rejects commands while there is no connection. Default 1,000,000
   * commands and 64 MiB.
   */
  readonly offlineQueue?: Partial<QueueLimits> | boolean;
  /**
   * The limits of the send queue for a stalled server, which has neither read nor sent a byte for 100 ms. Further
   * commands reject with the code `QUEUE_FULL`. Without a stall there is no limit. Default 1,000,000 commands and 64
   * MiB.
   */
  readonly sendQueue?: Partial<QueueLimits>;
  /**
   * The prefix of all keys: in arguments, in the KEYS of scripts, in patterns of KEYS, SCAN and SORT. Keys in replies (SCAN,
   * BLPOP, XREAD, ...) have no prefix. It does not apply to channels (see `channelPrefix`), commands without keys (FLUSHDB, DBSIZE), commands that
   * the client does not know, and connections of `pool.acquire()`. Default: none.
   */
  readonly keyPrefix?: string;
  /**
   * The prefix of all channels and patterns of channels: of PUBLISH, of subscriptions and of PUBSUB CHANNELS. Messages have
   * their channel without it. It does not apply to `keyspace()`. Default: none.
   */
  readonly channelPrefix?: string;
  /**
   * Captures the stack of each call for the stack of its error. On Node and Deno the stack of an awaited command has the
   * caller's line at no cost, without this option. Costs 0.2 to 3 microseconds a call. Default: `true` on Bun unless
   * `NODE_ENV` is `"production"`, else `false`.
   */
  readonly callSites?: boolean;
  /**
   * Adds the arguments of the command to errors, as `error.command.arguments`: keys and values, which logs of errors then
   * show. Default `false`.
   */
  readonly errorArguments?: boolean;
  /**
   * Whether to ask for notifications of maintenance (Redis Cloud, Redis Software; RESP3): the client continues at another
   * address before its server leaves, and relaxes time limits meanwhile. Other servers refuse, which is ignored. Default
   * `false`.
   */
  readonly maintNotifications?: boolean | MaintNotificationsOptions;
  /** The limits of the decoder. */
  readonly limits?: DecoderLimits;
  /** A decoder of your own. */
  readonly parser?: RespParserFactory;
  /** A transport of your own. Default: the runtime's. */
  readonly transport?: Transport;
  /** The observer. Default: the `diagnostics_channel` of the runtime, if any. */
  readonly observer?: Observer;
  /** A source of time of your own. Default: the runtime's. */
  readonly clock?: Clock;
}

/** The options of a pool, including those of its connections. */
export interface PoolOptions<C = unknown> extends ConnectionOptions {
  /** The maximum number of connections, 1 or more. Default 100; for a `BlockingConnectionPool` 50. */
  readonly maxConnections?: number;
  /** The idle connection to use next: the last used or the first used. Default `"lifo"`. */
  readonly queue?: "lifo" | "fifo";
  /** An idle connection is closed after this time; 0 is never. Default 0. */
  readonly maxIdleTime?: number;
  /**
   * The age in milliseconds at which a connection is replaced, minus jitter. Leased connections are replaced after
   * their return. 0: never. Default 0.
   */
  readonly maxLifetime?: number;
  /** Idle connections that are kept ready. Default 0. */
  readonly minIdle?: number;
  /** Remember where each lease was taken, for `stats()` and `explain()`. Default `false`. */
  readonly trackLeases?: boolean;
  /** The class of the connections. Default `Connection`. */
  readonly connectionClass?: ConnectionClass<C>;
  /** The time in milliseconds that `close()` waits for leases. Default 5,000. */
  readonly closeGrace?: number;
  /**
   * The maximum number of connections that the callers of clients share. Further ones are opened while reads with
   * large replies (128 KiB or more) would delay other commands; 1: never. Default 2.
   */
  readonly maxMultiplexed?: number;
}

/** The options of a pool that waits. */
export interface BlockingPoolOptions<C = unknown> extends PoolOptions<C> {
  /** The maximum time to wait for a connection, in milliseconds; 0: unlimited. Default 20,000. */
  readonly timeout?: number;
}

/** The options of a client, including those of its pool. */
export interface RedisOptions<P = unknown> extends PoolOptions {
  /** Plain commands of all callers share one connection; `false`: each takes one for its round trip. Default `true`. */
  readonly multiplex?: boolean;
  /**
   * The client-side cache, which answers read-only commands from memory until the server invalidates the keys. Needs
   * RESP3. Default `false`.
   */
  readonly cache?: CacheOptions | boolean;
  /** A pool that the client uses and does not close. The pool has the address of the server. */
  readonly pool?: P;
}
