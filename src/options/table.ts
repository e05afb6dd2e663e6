/**
 * All options by name: of connections, of pools, of clients.
 *
 * @module
 */
import { outOfRange, wrongType } from "./option_errors.ts";
import { callable, choice, duration, flag, having, integer, isOff, type Kind, text } from "./value_kinds.ts";
import {
  cache,
  errorKinds,
  keepAlive,
  limits,
  maintNotifications,
  offlineQueue,
  reconnect,
  retry,
  sendQueue,
  timeLimit,
  tls,
} from "./nested_options.ts";

const host: Kind = {
  check(value, name) {
    const wanted = "a host name, an IPv4 address or an IPv6 address without brackets";
    if (typeof value !== "string") throw wrongType(name, wanted, value);
    if (value.includes("://")) {
      throw new RangeError(
        `Cannot use the option \`${name}\`: it holds a URL, which is the first argument instead`,
      );
    }
    const v6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[\w.\-]+)?$/.test(value);
    if (!v6 && /^[^:]+:\d+$/.test(value)) {
      throw outOfRange(name, `${wanted}, and the port stands in \`port\``, value);
    }
    // Blanks, control characters and delimiters must not reach a resolver, a certificate check or a log.
    // deno-lint-ignore no-control-regex
    if (!v6 && !/^[^\x00-\x20\x7f"#%/:<>?@[\\\]^`{|}\u0080-\u00a0\u2028\u2029]+$/.test(value)) {
      throw outOfRange(name, wanted, value);
    }
    return value;
  },
  parse: (value) => value,
};

const NAME = "text of visible ASCII characters without blanks";

const libName: Kind = {
  check: (value, name) =>
    value === false ? value : text(`false, or ${NAME}`, /^[\x21-\x7e]+$/).check(value, name),
  parse: (value) => isOff(value) ? false : value,
};

const credentials: Kind = {
  check(value, name) {
    const provider = (value ?? {}) as { get?: unknown; subscribe?: unknown };
    const streams = typeof provider.get === "function" && typeof provider.subscribe === "function";
    if (typeof value === "function" || (typeof value === "object" && streams)) return value;
    throw wrongType(name, "a function or { get, subscribe }", value, true);
  },
};

/** The options of a connection. */
export const CONNECTION: Readonly<Record<string, Kind>> = {
  host,
  port: integer(1, 65_535),
  path: text("the path of a Unix socket", /^[^\0]+$/),
  db: integer(0, 2_147_483_647),
  username: text("text of at least one character", /^[^]+$/),
  password: text("text", /^[^]*$/, true),
  credentials,
  tls,
  protocol: choice(2, 3),
  clientName: text(NAME, /^[\x21-\x7e]+$/),
  libName,
  libVersion: text(NAME, /^[\x21-\x7e]+$/),
  connectTimeout: timeLimit,
  commandTimeout: timeLimit,
  socketTimeout: timeLimit,
  blockingGrace: duration("no grace"),
  healthCheckInterval: duration("never"),
  keepAlive,
  noDelay: flag,
  family: choice(4, 6),
  lookup: callable("a function (host, { family }) that resolves with addresses"),
  readBufferSize: integer(512, 1_073_741_824),
  encoding: choice("utf8", "latin1", "bytes"),
  encodingErrors: choice("strict", "replace"),
  retry,
  retryOnTimeout: flag,
  retryOnError: errorKinds,
  reconnect,
  offlineQueue,
  sendQueue,
  keyPrefix: text("text", /^[^]*$/),
  channelPrefix: text("text", /^[^]*$/),
  callSites: flag,
  errorArguments: flag,
  maintNotifications,
  limits,
  parser: callable("a function (handler, limits) that makes a parser"),
  transport: having("a transport with the method connect()", "connect"),
  observer: having("an observer with listens() and observe()", "listens", "observe"),
  clock: having(
    "a clock with now(), setTimeout(), clearTimeout() and random()",
    "now",
    "setTimeout",
    "clearTimeout",
    "random",
  ),
};

/** The options of a pool alone. */
export const POOL: Readonly<Record<string, Kind>> = {
  maxConnections: integer(1, 1_000_000),
  queue: choice("lifo", "fifo"),
  maxIdleTime: duration("never"),
  maxLifetime: duration("never"),
  minIdle: integer(0, 1_000_000),
  trackLeases: flag,
  connectionClass: callable("a class that extends Connection", "connect"),
  closeGrace: duration("no grace"),
  maxMultiplexed: integer(1, 16),
};

/** The options of a pool that waits, alone. */
export const BLOCKING: Readonly<Record<string, Kind>> = { timeout: timeLimit };

/** The options of a client alone. */
export const CLIENT: Readonly<Record<string, Kind>> = {
  multiplex: flag,
  cache,
  pool: having("a pool with acquire() and release()", "acquire", "release"),
};

/** The connection options that a client accepts beside `pool`, because they concern its calls. */
export const BESIDE_POOL: ReadonlySet<string> = new Set([
  "multiplex",
  "cache",
  "pool",
  "commandTimeout",
  "blockingGrace",
  "encoding",
  "encodingErrors",
  "retry",
  "keyPrefix",
  "channelPrefix",
  "callSites",
  "errorArguments",
  "retryOnTimeout",
  "retryOnError",
  "reconnect",
  "offlineQueue",
  "sendQueue",
]);
