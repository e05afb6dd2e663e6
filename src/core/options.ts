/**
 * The options of the small client: few, and looked at by the compiler more than by the program.
 *
 * @module
 */
import { type Clock, systemClock } from "../clock.ts";
import type { LinkOptions } from "../connection/link_owner.ts";
import { addressOf } from "../connection/failures.ts";
import type { Endpoint, TlsOptions, Transport } from "../transport.ts";

/** The options of the small client. They have the meaning of the options of `Redis` with the same names. */
export interface CoreOptions {
  /** Default `"localhost"`. */
  readonly host?: string;
  /** Default 6379. */
  readonly port?: number;
  /** The path of a Unix socket, instead of `host` and `port`. */
  readonly path?: string;
  /** The database. Default 0. */
  readonly db?: number;
  /** The ACL user. */
  readonly username?: string;
  /** The password. */
  readonly password?: string;
  /** TLS; `true` verifies by the runtime's own authorities. Default `false`. */
  readonly tls?: boolean | TlsOptions;
  /** The RESP version. Default: 3 with fallback to 2. */
  readonly protocol?: 2 | 3;
  /** The name of the connection. */
  readonly clientName?: string;
  /** Milliseconds for one try to connect; 0 is no limit. Default 5,000. */
  readonly connectTimeout?: number;
  /** Milliseconds for a command from when there is a connection; 0 is no limit. Default 5,000. */
  readonly commandTimeout?: number;
  /** The transport. Default: that of the runtime. */
  readonly transport?: Transport;
  /** The source of time. */
  readonly clock?: Clock;
}

/** The settings of the small client. */
export interface CoreSettings extends LinkOptions {
  /** The server's address, for messages. */
  readonly address: string;
  /** The given options. */
  readonly given: CoreOptions;
  /** Milliseconds for one try to connect; 0 is no limit. */
  readonly connectTimeout: number;
}

function fromUrl(source: string | URL): CoreOptions {
  const { protocol, hostname, port, pathname, username, password, search, hash } = new URL(source);
  const [, kind, secure] = /^(redis|valkey|unix(?=:))(s?):$/.exec(protocol) ?? [];
  if (kind === undefined || search + hash !== "") {
    throw new TypeError(
      "Cannot use the URL: it must be redis(s):, valkey(s): or unix:, without a query",
    );
  }
  const db = kind === "unix" ? "" : pathname.slice(1);
  if (!/^(0|[1-9]\d{0,9})?$/.test(db)) {
    throw new TypeError("Cannot use the URL: what follows the host must be the number of a database");
  }
  return {
    ...kind === "unix" ? { path: decodeURIComponent(pathname) } : { host: hostname.replace(/^\[|\]$/g, "") },
    ...port && { port: Number(port) },
    ...db && { db: Number(db) },
    ...username && { username: decodeURIComponent(username) },
    ...password && { password: decodeURIComponent(password) },
    ...secure && { tls: true },
  };
}

const KNOWN: ReadonlySet<string> = new Set(
  ("host port path db username password tls protocol clientName connectTimeout commandTimeout transport clock")
    .split(" "),
);

function check(given: CoreOptions): void {
  const unknown = Object.keys(given).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) {
    throw new TypeError(`Cannot use the option \`${unknown}\`: there are ${[...KNOWN].join(", ")}`);
  }
  const beside = given.path !== undefined && (["host", "port", "tls"] as const).find((name) => given[name]);
  if (beside) throw new TypeError(`Cannot use the options \`path\` and \`${beside}\` together`);
}

/** Resolves options; `transport` is the default transport. */
export function resolveCoreOptions(
  source: string | URL | CoreOptions,
  over: CoreOptions,
  transport: Transport,
): CoreSettings {
  const base = typeof source === "string" || source instanceof URL ? fromUrl(source) : source;
  const given = { ...base, ...over };
  check(given);
  const { host = "localhost", port = 6379, path, tls } = given;
  const secured = tls === true ? {} : tls || undefined;
  const endpoint: Endpoint = path === undefined ? { host, port, tls: secured } : { path };
  return {
    given,
    endpoint,
    address: addressOf(endpoint),
    connectTimeout: given.connectTimeout ?? 5_000,
    commandTimeout: given.commandTimeout ?? 5_000,
    transport: given.transport ?? transport,
    clock: given.clock ?? systemClock,
    socketTimeout: 0,
    sendQueue: { maxCommands: 1_000_000, maxBytes: 67_108_864 },
    noDelay: true,
    keepAlive: true,
    readBufferSize: 65_536,
    parser: undefined,
    // The decoder has the usual ones by itself.
    limits: {},
  };
}
