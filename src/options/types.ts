/**
 * The options that users give. All times are whole milliseconds, all sizes bytes.
 *
 * @module
 */
import type { Backoff, BackoffFunction } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { DecoderLimits, RespParserFactory } from "../resp/types.ts";
import type { Observer } from "../observer.ts";
import type { KeepAliveOptions, TlsOptions, Transport } from "../transport.ts";
import type { CacheOptions } from "./cache.ts";
import type { CredentialProvider } from "./credentials.ts";
import type { ErrorKind, RetryOptions } from "../retry.ts";
import type { ConnectionClass } from "./resolved.ts";
import type { Encoding, QueueLimits } from "./values.ts";

/** How a lost connection comes back. */
export interface ReconnectOptions {
  /** Failed tries in a row after which those who wait are told; the next command starts anew. Default: no limit. */
  readonly attempts?: number;
  /** The wait before each try. Default `exponential({ base: 50, cap: 5_000, jitter: "full" })`. */
  readonly backoff?: Backoff | BackoffFunction | string;
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
   * Where credentials come from at every connect, instead of `username` and `password`. When that fails, connecting has
   * failed (code `CREDENTIALS`), and is tried again as after other failures.
   */
  readonly credentials?: CredentialProvider;
  /** TLS from the first byte. Default `false`; `true` is TLS with verification by the runtime's own authorities. */
  readonly tls?: boolean | TlsOptions;
  /** Pins the RESP version. Default: 3 is tried, 2 is the fallback. */
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
  /** What a blocking command may take beyond its own timeout. Default 1,000. */
  readonly blockingGrace?: number;
  /**
   * An idle connection is probed by PING after this time, jittered. One that waits without limit for a reply is asked
   * after over a second connection. 0 is never. Default 30,000.
   */
  readonly healthCheckInterval?: number;
  /** TCP keepalive. Default `true`: from 15 seconds of silence on, where the runtime can set that (not on Deno). */
  readonly keepAlive?: boolean | KeepAliveOptions;
  /** TCP_NODELAY. Default `true`. */
  readonly noDelay?: boolean;
  /** Bytes read at once, where the runtime lets one choose. Default 65,536. */
  readonly readBufferSize?: number;
  /** How text arrives. Default `"utf8"`. */
  readonly encoding?: Encoding;
  /** What invalid UTF-8 does: reject with an `EncodingError`, or become U+FFFD. Default `"strict"`. */
  readonly encodingErrors?: "strict" | "replace";
  /** When and how a command is repeated; `false` is never. */
  readonly retry?: RetryOptions | false;
  /** Repeat after `socketTimeout` too. Without `retry`: exactly one immediate repeat. Default `false`. */
  readonly retryOnTimeout?: boolean;
  /** Repeat after these errors too. Without `retry`: exactly one immediate repeat. */
  readonly retryOnError?: readonly ErrorKind[];
  /** How a lost connection comes back. */
  readonly reconnect?: ReconnectOptions;
  /**
   * How many commands may wait while there is no connection; `false` makes them fail at once. Default 1,000,000
   * commands and 64 MiB. Without influence on a connection that is there.
   */
  readonly offlineQueue?: Partial<QueueLimits> | boolean;
  /**
   * How much may wait for a peer that has stalled: one that has neither taken nor sent a byte for 100 ms. Further commands
   * are rejected with the code `QUEUE_FULL`. A peer that makes progress has no limit. Default 1,000,000 commands and
   * 64 MiB.
   */
  readonly sendQueue?: Partial<QueueLimits>;
  /** Bounds of what the decoder accepts. */
  readonly limits?: DecoderLimits;
  /** A decoder of your own. */
  readonly parser?: RespParserFactory;
  /** A transport of your own. Default: the runtime's. */
  readonly transport?: Transport;
  /** Who watches. Default: the `diagnostics_channel` of the runtime, where it has one. */
  readonly observer?: Observer;
  /** A source of time of your own. Default: the runtime's. */
  readonly clock?: Clock;
}

/** The options of a pool, beside those of its connections. */
export interface PoolOptions<C = unknown> extends ConnectionOptions {
  /** How many connections there may be, 1 or more. Default 100; of a `BlockingConnectionPool` 50. */
  readonly maxConnections?: number;
  /** Which idle connection is taken next: the one used last or first. Default `"lifo"`. */
  readonly queue?: "lifo" | "fifo";
  /** An idle connection is closed after this time; 0 is never. Default 0. */
  readonly maxIdleTime?: number;
  /** A connection is replaced at this age, jittered, when nobody holds it, the shared connection also under load; 0 is never. Default 0. */
  readonly maxLifetime?: number;
  /** Idle connections that are kept ready. Default 0. */
  readonly minIdle?: number;
  /** Remember where each lease was taken, for `stats()` and `explain()`. Default `false`. */
  readonly trackLeases?: boolean;
  /** The class of the connections. Default `Connection`. */
  readonly connectionClass?: ConnectionClass<C>;
  /** How long `close()` waits for leases to come back before it cuts them. Default 5,000. */
  readonly closeGrace?: number;
}

/** The options of a pool that waits. */
export interface BlockingPoolOptions<C = unknown> extends PoolOptions<C> {
  /** How long to wait for a connection; 0 is without end. Default 20,000. */
  readonly timeout?: number;
}

/** The options of a client, beside those of the pool that it makes for itself. */
export interface RedisOptions<P = unknown> extends PoolOptions {
  /** Plain commands of all callers share one connection; `false`: each takes one for its round trip. Default `true`. */
  readonly multiplex?: boolean;
  /** Answers read-only commands from memory until the server says that a key changed; needs RESP3. Default `false`. */
  readonly cache?: CacheOptions | boolean;
  /** A pool made elsewhere, which the client uses and does not close; where the server is, the pool says. */
  readonly pool?: P;
}
