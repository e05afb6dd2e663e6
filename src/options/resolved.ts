/**
 * The options of a connection as they hold: complete, checked, frozen, and safe to print.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { DecoderLimits, RespParserFactory } from "../resp/types.ts";
import type { RetryPolicy } from "../retry.ts";
import type { Observer } from "../observer.ts";
import type { Endpoint, KeepAliveOptions, LookupFunction, TlsOptions, Transport } from "../transport.ts";
import { REDACTED } from "./option_errors.ts";
import type { CredentialProvider } from "./credentials.ts";
import { printed, show } from "./redacted_options.ts";
import type {
  ConnectionValues,
  Encoding,
  MaintNotificationsPolicy,
  QueueLimits,
  ReconnectPolicy,
} from "./values.ts";

export type { ConnectionValues, Encoding, MaintNotificationsPolicy, QueueLimits, ReconnectPolicy };

/** A class of connections. */
export type ConnectionClass<C = unknown> = new (options: ResolvedConnectionOptions) => C;

/** The options of a connection, resolved. Made by `resolveOptions`; see {@linkcode ConnectionOptions} for what each means. */
export class ResolvedConnectionOptions {
  // Secrets and functions are private, and the class has getters for them. So they do not show in JSON,
  // structured clones, spreads, the console or a debugger's list of own properties.
  readonly #values: ConnectionValues;
  readonly #endpoint: Endpoint;

  /** The server's host; unused with `path`. */
  declare readonly host: string;
  /** The server's port; unused with `path`. */
  declare readonly port: number;
  /** The path of the Unix socket, if that is how the server is reached. */
  declare readonly path: string | undefined;
  /** The database. */
  declare readonly db: number;
  /** The ACL user. */
  declare readonly username: string | undefined;
  /** The RESP version, if pinned. */
  declare readonly protocol: 2 | 3 | undefined;
  /** The name of the connection. */
  declare readonly clientName: string | undefined;
  /** The library's name; `false` sends no CLIENT SETINFO. */
  declare readonly libName: string | false;
  /** The library's version. */
  declare readonly libVersion: string;
  /** Milliseconds for one try to connect; 0 is no limit. */
  declare readonly connectTimeout: number;
  /** Milliseconds for the whole of a command; 0 is no limit. */
  declare readonly commandTimeout: number;
  /** Milliseconds of silence during one try of a command; 0 is no limit. */
  declare readonly socketTimeout: number;
  /** Milliseconds that a blocking command may take beyond its own timeout. */
  declare readonly blockingGrace: number;
  /** Milliseconds after which an idle connection is probed; 0 is never. */
  declare readonly healthCheckInterval: number;
  /** TCP keepalive. */
  declare readonly keepAlive: boolean | KeepAliveOptions;
  /** TCP_NODELAY. */
  declare readonly noDelay: boolean;
  /** The family of addresses to use; `undefined`: both. */
  declare readonly family: 4 | 6 | undefined;
  /** Text before every key. */
  declare readonly keyPrefix: string;
  /** Text before every channel. */
  declare readonly channelPrefix: string;
  /** Whether the stack of each call is noted; `undefined`: as the transport defines. */
  declare readonly callSites: boolean | undefined;
  /** Whether errors have the arguments of their command. */
  declare readonly errorArguments: boolean;
  /** Bytes read at once. */
  declare readonly readBufferSize: number;
  /** The type of text replies. */
  declare readonly encoding: Encoding;
  /** The handling of invalid UTF-8. */
  declare readonly encodingErrors: "strict" | "replace";
  /** The limits of the offline queue; `false`: no queue. */
  declare readonly offlineQueue: QueueLimits | false;
  /** The limits of the send queue for a stalled server. */
  declare readonly sendQueue: QueueLimits;
  /** Notifications of maintenance; `false`: none. */
  declare readonly maintNotifications: MaintNotificationsPolicy | false;
  /** The limits of the decoder. */
  declare readonly limits: Required<DecoderLimits>;

  /** Uses checked values, which it keeps. Users call `resolveOptions`. */
  constructor(values: ConnectionValues) {
    const { tls } = values;
    this.#values = values;
    this.#endpoint = Object.freeze(
      values.path !== undefined
        ? { path: values.path }
        : { host: values.host, port: values.port, ...tls && { tls } },
    );
    this.host = values.host;
    this.port = values.port;
    this.path = values.path;
    this.db = values.db;
    this.username = values.username;
    this.protocol = values.protocol;
    this.clientName = values.clientName;
    this.libName = values.libName;
    this.libVersion = values.libVersion;
    this.connectTimeout = values.connectTimeout;
    this.commandTimeout = values.commandTimeout;
    this.socketTimeout = values.socketTimeout;
    this.blockingGrace = values.blockingGrace;
    this.healthCheckInterval = values.healthCheckInterval;
    this.keepAlive = values.keepAlive;
    this.noDelay = values.noDelay;
    this.family = values.family;
    this.keyPrefix = values.keyPrefix;
    this.channelPrefix = values.channelPrefix;
    this.callSites = values.callSites;
    this.errorArguments = values.errorArguments;
    this.readBufferSize = values.readBufferSize;
    this.encoding = values.encoding;
    this.encodingErrors = values.encodingErrors;
    this.offlineQueue = values.offlineQueue;
    this.sendQueue = values.sendQueue;
    this.maintNotifications = values.maintNotifications;
    this.limits = values.limits;
    Object.freeze(this);
  }

  /** The given password. The handshake uses `credentials`. */
  get password(): string | undefined {
    return this.#values.password;
  }

  /** The credentials: the given provider, or one for `username` and `password`; `undefined`: none. */
  get credentials(): CredentialProvider | undefined {
    const { credentials, username, password } = this.#values;
    if (credentials !== undefined) return credentials;
    if (username === undefined && password === undefined) return undefined;
    return () => ({ username, password: password ?? "" });
  }

  /** The TLS options; `undefined`: no TLS. `key` and `passphrase` are readable by name, but not enumerable. */
  get tls(): TlsOptions | undefined {
    return this.#values.tls;
  }

  /** The address for a transport. Its `tls` hides secrets from enumeration, too. */
  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  /** The function that resolves host names. */
  get lookup(): LookupFunction | undefined {
    return this.#values.lookup;
  }

  /** The retry policy of commands. */
  get retry(): RetryPolicy {
    return this.#values.retry;
  }

  /** The policy for reconnects. */
  get reconnect(): ReconnectPolicy {
    return this.#values.reconnect;
  }

  /** The decoder that was given. */
  get parser(): RespParserFactory | undefined {
    return this.#values.parser;
  }

  /** The transport that was given. */
  get transport(): Transport | undefined {
    return this.#values.transport;
  }

  /** The observer. */
  get observer(): Observer | undefined {
    return this.#values.observer;
  }

  /** The source of time. */
  get clock(): Clock {
    return this.#values.clock;
  }

  /** All options as plain values; secrets are `"[redacted]"`. */
  toJSON(): Record<string, unknown> {
    return show(this.#values);
  }

  /** Returns the address as a URL without secrets: `"rediss://bob:[redacted]@db.example.com:6380/0"`. */
  toString(): string {
    const { path, host, port, db, username, password, credentials, tls } = this.#values;
    const secret = password !== undefined || credentials !== undefined ? `:${REDACTED}` : "";
    const user = username === undefined ? "" : encodeURIComponent(username);
    const who = user + secret === "" ? "" : `${user}${secret}@`;
    if (path !== undefined) return `unix://${who}${encodeURI(path)}?db=${db}`;
    return `${tls ? "rediss" : "redis"}://${who}${host.includes(":") ? `[${host}]` : host}:${port}/${db}`;
  }

  /** Returns the text that Node and Bun print. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return printed("ConnectionOptions", this);
  }

  /** Returns the text that Deno prints. */
  [Symbol.for("Deno.customInspect")](): string {
    return printed("ConnectionOptions", this);
  }
}
