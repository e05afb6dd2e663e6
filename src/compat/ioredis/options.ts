/**
 * The options of a client: types, defaults, and how the forms of the constructor become one object.
 *
 * @module
 */
import type { Transport } from "../../transport.ts";
import type { CommanderOptions } from "./commander.ts";
import type { ReplyMappingMode } from "./reply.ts";
import { defaults, isInteger } from "./support.ts";

/** Returns what to do when a command fails: nothing, reconnect (`true`, 1), or reconnect and send it again (2). */
export type ReconnectOnError = (error: Error) => boolean | 1 | 2;

/** Returns the milliseconds before the next attempt to reconnect; anything but a number ends the client. */
export type RetryStrategy = ((times: number) => number | void | null) | null | undefined;

/** An address of a sentinel. */
export interface SentinelAddress {
  /** The port. Default 26379. */
  port?: number | undefined;
  /** The host. */
  host?: string | undefined;
  /** 4 or 6. */
  family?: number | undefined;
}

/** A server that is preferred among replicas; a lower `prio` comes first. */
export interface PreferredSlave {
  /** The address. */
  ip: string;
  /** The port, from the sentinel. */
  port: string;
  /** Default 1. */
  prio?: number | undefined;
}

/** The reply of a sentinel about a replica. */
export interface AddressFromResponse {
  /** The port. */
  port: string;
  /** The address. */
  ip: string;
  /** Flags, with commas between. */
  flags?: string | undefined;
}

/** Addresses that stand for others. */
export type NatMap = Record<string, { host: string; port: number }> | NatMapFunction;

/** Returns the address to connect to for one that a server announces, or null. */
export type NatMapFunction = (key: string) => { host: string; port: number } | null;

/** The TLS options that are honoured; others are refused by name. */
export interface TlsConnectionOptions {
  /** Authorities instead of the runtime's. */
  ca?: string | Uint8Array | (string | Uint8Array)[] | undefined;
  /** The client's certificate. */
  cert?: string | Uint8Array | undefined;
  /** The client's key. */
  key?: string | Uint8Array | undefined;
  /** The client's certificate and key in one PKCS #12 container. */
  pfx?: string | Uint8Array | undefined;
  /** The passphrase of the key, or of `pfx`. */
  passphrase?: string | undefined;
  /** Checks the server's certificate in place of its name; returns an error to refuse it. */
  // deno-lint-ignore no-explicit-any
  checkServerIdentity?: ((host: string, certificate: any) => Error | undefined) | undefined;
  /** The name to verify instead of the host. */
  servername?: string | undefined;
  /** `false` accepts any certificate. Default `true`. */
  rejectUnauthorized?: boolean | undefined;
  /** The lowest version. */
  minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** OpenSSL's list of ciphers. */
  ciphers?: string | undefined;
  /** Protocols for ALPN. */
  ALPNProtocols?: string[] | undefined;
  /** Others. */
  [name: string]: unknown;
}

/** The definition of a script. */
export interface ScriptDefinition {
  /** The source. */
  lua: string;
  /** The number of keys; without it the caller passes the number. */
  numberOfKeys?: number | undefined;
  /** Whether replicas may run it. */
  readOnly?: boolean | undefined;
}

/** The options that all kinds of clients have. */
export interface CommonRedisOptions extends CommanderOptions {
  /** The delay before reconnecting. */
  retryStrategy?: RetryStrategy;
  /** Milliseconds that a command may take. Default: no limit. */
  commandTimeout?: number | undefined;
  /** Milliseconds after which an unlimited blocking command resolves with null. Default: no limit. */
  blockingTimeout?: number | undefined;
  /** Milliseconds added to the own timeout of a blocking command where `blockingTimeout` is set. Default 100. */
  blockingTimeoutGrace?: number | undefined;
  /** Milliseconds without data, while replies are due, after which the connection is replaced. */
  socketTimeout?: number | undefined;
  /** Milliseconds before TCP keepalive begins. Default 30,000. */
  keepAlive?: number | undefined;
  /** TCP_NODELAY. Default `true`. */
  noDelay?: boolean | undefined;
  /** The name for CLIENT SETNAME. */
  connectionName?: string | undefined;
  /** Sends no CLIENT SETINFO. Default `false`. */
  disableClientInfo?: boolean | undefined;
  /** Stands behind the library's name in CLIENT SETINFO. */
  clientInfoTag?: string | undefined;
  /** The ACL user. */
  username?: string | undefined;
  /** The password. */
  password?: string | undefined;
  /** The database. Default 0. */
  db?: number | undefined;
  /** Subscribes again after a reconnection. Default `true`. */
  autoResubscribe?: boolean | undefined;
  /** Sends commands without a reply again after a reconnection: they may run twice. Default `true`. */
  autoResendUnfulfilledCommands?: boolean | undefined;
  /** Keeps Keywire's promises: a command that may have run is sent again only when it is read-only. Default `false`. */
  strict?: boolean | undefined;
  /** Returns whether the error of a command requires a reconnect. */
  reconnectOnError?: ReconnectOnError | null | undefined;
  /** Sends READONLY, to read from replicas of a cluster. Default `false`. */
  readOnly?: boolean | undefined;
  /** Gives numbers as text. Default `false`. */
  stringNumbers?: boolean | undefined;
  /** The version of the protocol. Default 3, with 2 as the fallback. */
  protocol?: 2 | 3 | undefined;
  /** The shapes of replies. Default `"legacy"`, as with RESP2. */
  replyMapping?: ReplyMappingMode | undefined;
  /** Milliseconds to connect. Default 10,000. */
  connectTimeout?: number | undefined;
  /** Sends MONITOR when it is ready. */
  monitor?: boolean | undefined;
  /** Attempts to reconnect after which waiting commands are rejected; null is no limit. Default 20. */
  maxRetriesPerRequest?: number | null | undefined;
  /** The most milliseconds between two looks at a server that loads its data. Default 10,000. */
  maxLoadingRetryTime?: number | undefined;
  /** Sends the commands of a turn as one pipeline. Default `false`. */
  enableAutoPipelining?: boolean | undefined;
  /** Commands that are no part of that. */
  autoPipeliningIgnoredCommands?: string[] | undefined;
  /** Keeps commands until there is a connection. Default `true`. */
  enableOfflineQueue?: boolean | undefined;
  /** Waits until the server has loaded its data. Default `true`. */
  enableReadyCheck?: boolean | undefined;
  /** Connects with the first command. Default `false`. */
  lazyConnect?: boolean | undefined;
  /** Scripts that become commands. */
  scripts?: Record<string, ScriptDefinition> | undefined;
  /** The transport. Default: that of the runtime. */
  transport?: Transport | undefined;
}

/** The options of a client of one server. */
export interface StandaloneConnectionOptions {
  /** The port. Default 6379. */
  port?: number | undefined;
  /** The host. Default `"localhost"`. */
  host?: string | undefined;
  /** 4 or 6: the kind of addresses of the host name. Default: both. */
  family?: number | undefined;
  /** The path of a Unix socket. */
  path?: string | undefined;
  /** Milliseconds that `disconnect()` waits for the server's end. Default 2,000. */
  disconnectTimeout?: number | undefined;
  /** TLS. */
  tls?: TlsConnectionOptions | true | undefined;
}

/** The options of a client that asks sentinels for its server. */
export interface SentinelConnectionOptions {
  /** The name of the service. */
  name?: string | undefined;
  /** The role of the server. Default `"master"`. */
  role?: "master" | "slave" | undefined;
  /** TLS for the servers, too: their options are `tls`. Default `false`. */
  enableTLSForSentinelMode?: boolean | undefined;
  /** The user at the sentinels. */
  sentinelUsername?: string | undefined;
  /** The password at the sentinels. */
  sentinelPassword?: string | undefined;
  /** The sentinels. */
  sentinels?: SentinelAddress[] | null | undefined;
  /** The delay before asking all sentinels again. */
  sentinelRetryStrategy?: ((times: number) => number | void | null) | undefined;
  /** The delay before the failover detector reconnects to a sentinel. */
  sentinelReconnectStrategy?: ((times: number) => number | void | null) | undefined;
  /** The preferred replica. */
  preferredSlaves?:
    | ((slaves: AddressFromResponse[]) => AddressFromResponse | null)
    | PreferredSlave[]
    | PreferredSlave
    | undefined;
  /** Milliseconds for a command to a sentinel. */
  sentinelCommandTimeout?: number | undefined;
  /** TLS for the sentinels. */
  sentinelTLS?: TlsConnectionOptions | undefined;
  /** Addresses that stand for others. */
  natMap?: NatMap | null | undefined;
  /** Whether to discover further sentinels. Default `true`. */
  updateSentinels?: boolean | undefined;
  /** The most sentinels that the failover detector listens to. Default 10. */
  sentinelMaxConnections?: number | undefined;
  /** Listens to sentinels for failovers. Default `false`. */
  failoverDetector?: boolean | undefined;
}

/** The options of a client. */
export interface RedisOptions
  extends CommonRedisOptions, StandaloneConnectionOptions, SentinelConnectionOptions {}

/** The defaults. */
export const DEFAULT_REDIS_OPTIONS: RedisOptions = {
  port: 6379,
  host: "localhost",
  family: 0,
  connectTimeout: 10_000,
  disconnectTimeout: 2_000,
  retryStrategy: (times) => Math.min(2 ** (times - 1) * 50, 5_000) + Math.floor(Math.random() * 200),
  keepAlive: 30_000,
  noDelay: true,
  connectionName: null as unknown as undefined,
  disableClientInfo: false,
  clientInfoTag: undefined,
  sentinels: null,
  name: null as unknown as undefined,
  role: "master",
  sentinelRetryStrategy: (times) => Math.min(times * 10, 1_000),
  sentinelReconnectStrategy: () => 60_000,
  natMap: null,
  enableTLSForSentinelMode: false,
  updateSentinels: true,
  failoverDetector: false,
  username: null as unknown as undefined,
  password: null as unknown as undefined,
  db: 0,
  enableOfflineQueue: true,
  enableReadyCheck: true,
  autoResubscribe: true,
  autoResendUnfulfilledCommands: true,
  lazyConnect: false,
  keyPrefix: "",
  reconnectOnError: null,
  readOnly: false,
  stringNumbers: false,
  protocol: 3,
  replyMapping: "legacy",
  maxRetriesPerRequest: 20,
  maxLoadingRetryTime: 10_000,
  enableAutoPipelining: false,
  autoPipeliningIgnoredCommands: [],
  sentinelMaxConnections: 10,
  blockingTimeoutGrace: 100,
};

/** Options that ioredis has and that are refused by name. */
const REFUSED: Readonly<Record<string, string>> = {
  Connector: "a connector of your own is not supported; use the option `transport`",
  himportFieldsets: "field sets of HIMPORT are not supported; call HIMPORT yourself",
};

/**
 * Makes one object of the constructor's arguments: a port, a host, a path, a URL, or options.
 *
 * @throws {Error} for an argument that is none of these, or an option that is refused.
 */
export function parseOptions(args: readonly unknown[]): RedisOptions {
  const options: RedisOptions = {};
  let secure = false;
  for (const arg of args) {
    if (arg === null || arg === undefined) continue;
    if (typeof arg === "object") defaults(options, arg);
    else if (typeof arg === "number") options.port = arg;
    else if (typeof arg === "string") {
      defaults(options, parseURL(arg));
      secure ||= arg.startsWith("rediss://");
    } else throw new Error(`Invalid argument ${String(arg)}`);
  }
  if (secure) options.tls ??= true;
  defaults(options, DEFAULT_REDIS_OPTIONS);
  if (typeof options.port === "string") options.port = Number.parseInt(options.port, 10);
  if (typeof options.db === "string") options.db = Number.parseInt(options.db, 10);
  if (options.replyMapping === "resp3" && options.protocol !== 3) {
    throw new Error('The "resp3" replyMapping is only supported with protocol 3');
  }
  for (const [name, why] of Object.entries(REFUSED)) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined && value !== null) {
      throw new TypeError(`Cannot use the option \`${name}\`: ${why}`);
    }
  }
  return options;
}

/** Reads a URL, `host:port`, a port or a path; the query names options. */
export function parseURL(url: string): RedisOptions {
  if (isInteger(url)) return { port: url as unknown as number };
  if (url.startsWith("/") && !url.startsWith("//")) {
    const [path, query] = url.split(/\?(.*)/s);
    return defaults({ path: path! }, readQuery(new URLSearchParams(query ?? "")));
  }
  const hasScheme = /^rediss?:\/\//i.test(url);
  const parsed = new URL(hasScheme ? url : url.startsWith("//") ? `redis:${url}` : `redis://${url}`);
  const options: Record<string, unknown> = {};
  if (parsed.username || parsed.password) {
    options.username = decodeURIComponent(parsed.username);
    options.password = decodeURIComponent(parsed.password);
  }
  if (parsed.pathname.length > 1) {
    if (hasScheme || url.startsWith("//")) options.db = parsed.pathname.slice(1);
    else options.path = parsed.pathname;
  }
  if (parsed.hostname) options.host = parsed.hostname.replace(/^\[|\]$/g, "");
  if (parsed.port) options.port = parsed.port;
  return defaults(options, readQuery(parsed.searchParams)) as RedisOptions;
}

function readQuery(query: URLSearchParams): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [name, value] of query) {
    const family = name === "family" ? Number.parseInt(value, 10) : NaN;
    options[name] = Number.isNaN(family) ? value : family;
  }
  return options;
}
