/**
 * The address of a server: a host and a port, as options, messages and replies write it.
 *
 * @module
 */
import { wrongType } from "../options/option_errors.ts";
import { isPlain, unknownField } from "../options/nested_options.ts";
import { CONNECTION } from "../options/table.ts";
import type { ServerAddress } from "./format_address.ts";

export { formatAddress, type ServerAddress } from "./format_address.ts";

/** A seed address as options take it: `{ host, port }`, `"host:port"` or `"redis://host:port"`. The port is optional. */
export type Seed = string | URL | { readonly host?: string; readonly port?: number };

const SEED = '{ host, port }, "host:port" or "redis://host:port"';

/**
 * Checks a host and a port that a user or a server gave.
 *
 * @throws {TypeError | RangeError} that names the option `name`.
 */
export function checkAddress(host: unknown, port: unknown, name: string): ServerAddress {
  return Object.freeze({
    host: CONNECTION.host!.check(host, `${name}.host`) as string,
    port: CONNECTION.port!.check(port, `${name}.port`) as number,
  });
}

/**
 * Reads a list of seed addresses.
 *
 * @param name the option, for messages
 * @param defaultPort the port of a seed that has none
 * @throws {TypeError | RangeError} for an entry that is not an address, and for an empty list.
 */
export function readSeeds(value: unknown, name: string, defaultPort: number): readonly ServerAddress[] {
  if (!Array.isArray(value)) throw wrongType(name, `a list of ${SEED}`, value);
  if (value.length === 0) {
    throw new RangeError(`Cannot use the option \`${name}\`: it is empty, so there is no server to ask`);
  }
  return Object.freeze(value.map((seed, index) => readSeed(seed, `${name}[${index}]`, defaultPort)));
}

function readSeed(value: unknown, name: string, defaultPort: number): ServerAddress {
  if (value instanceof URL) return readSeed(value.href, name, defaultPort);
  if (typeof value === "string") return parseSeed(value, name, defaultPort);
  if (!isPlain(value)) throw wrongType(name, SEED, value);
  for (const field of Object.keys(value)) {
    if (field !== "host" && field !== "port") throw unknownField(name, field, ["host", "port"]);
  }
  return checkAddress(value.host ?? "localhost", value.port ?? defaultPort, name);
}

function parseSeed(text: string, name: string, defaultPort: number): ServerAddress {
  const match = /^(?:(?:redis|valkey):\/\/)?(?:\[([^\]]+)\]|([^:/?#@[\]]+))(?::(\d{1,5}))?\/?$/.exec(text);
  if (match !== null) {
    const port = match[3] === undefined ? defaultPort : Number(match[3]);
    return checkAddress(match[1] ?? match[2], port, name);
  }
  const why = /^(unix:|\/)/.test(text)
    ? "a Unix socket leads to one server only; give a host and a port"
    : "TLS, user and password are options of their own, the same for all servers";
  // The text is not shown: it may contain a password.
  throw new TypeError(`Cannot use the option \`${name}\`: it must be ${SEED}; ${why}`);
}

/**
 * Parses `host:port` of a server, for example in MOVED and ASK: IPv6 with or without brackets. The host is empty if
 * the server omits it. Returns `undefined` for other text.
 */
export function parseAddress(text: string): ServerAddress | undefined {
  const colon = text.lastIndexOf(":");
  if (colon < 0) return undefined;
  const port = Number(text.slice(colon + 1));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const host = text.slice(0, colon);
  return { host: host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host, port };
}
