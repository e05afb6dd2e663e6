/**
 * A strict parser for URLs. Messages never contain secrets.
 *
 * The runtime's `URL` is not used: for schemes such as `redis:` it removes tabs and line breaks, encodes parts
 * inconsistently, and misreads passwords with a stray `@` or `/`.
 *
 * @module
 */

/** The schemes of a single server; `true`: TLS. */
const SCHEMES: Readonly<Record<string, boolean>> = {
  redis: false,
  rediss: true,
  valkey: false,
  valkeys: true,
  unix: false,
};

/** The schemes of Sentinel. */
const SENTINEL: Readonly<Record<string, boolean>> = { "redis-sentinel": false, "rediss-sentinel": true };

/** An address in a URL; missing parts were not given. */
export interface UrlAddress {
  /** The host, without brackets. */
  readonly host?: string;
  /** The port. */
  readonly port?: number;
}

/** The parts of every URL. */
export interface UrlCommon {
  /** Whether the scheme asks for TLS. */
  readonly tls: boolean;
  /** The user. */
  readonly username?: string;
  /** The password; empty where the URL has `user:@`. */
  readonly password?: string;
  /** The database in the path. */
  readonly db?: number;
  /** Names and values of the query, decoded, in order. */
  readonly query: readonly (readonly [name: string, value: string])[];
}

/** A URL of one server. */
export interface ServerUrl extends UrlCommon, UrlAddress {
  /** The path of a Unix socket. */
  readonly path?: string;
}

/** A URL of sentinels. */
export interface SentinelUrl extends UrlCommon {
  /** The addresses of one or more sentinels. */
  readonly addresses: readonly UrlAddress[];
  /** The name of the service. */
  readonly service: string;
}

/** The parts of a URL, still encoded. */
interface Parts {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly hosts: string;
  readonly path: string;
  readonly query: string | undefined;
}

function refuse(why: string): TypeError {
  return new TypeError(`Cannot read the URL: ${why}`);
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse(
      `${what} has a "%" that is not followed by two hexadecimal digits of UTF-8; write "%25" for "%"`,
    );
  }
}

function split(url: string): Parts {
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x20\x7f]/.test(url)) {
    throw refuse("it holds a blank or a control character, which must be percent-encoded");
  }
  const match = /^([A-Za-z][A-Za-z0-9+.\-]*):(\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(#[^]*)?$/.exec(url);
  if (match === null) {
    throw refuse("it does not begin with a scheme such as redis://; write redis://HOST:PORT");
  }
  const [, scheme, slashes, authority = "", path = "", query, fragment] = match;
  const at = authority.lastIndexOf("@");
  const unix = scheme!.toLowerCase() === "unix";
  // A raw "/", "?" or "#" in a password ends the authority early, and the password would be read as host, port or name.
  const behind = `${unix && authority === "" ? "" : path}${query ?? ""}${fragment ?? ""}`;
  if (behind.includes("@")) {
    throw refuse(
      'there is an "@" behind the host; in user and password "/", "?", "#" and "@" must be percent-encoded, and so must "@" elsewhere',
    );
  }
  if (fragment !== undefined) throw refuse('there is a "#" in it, which must be percent-encoded');
  if (slashes === undefined && !unix) {
    const isHost = !/^(rediss?|valkeys?|redis-sentinels?)$/i.test(scheme!) && /^\d+(\/|,|$)/.test(path);
    throw refuse(
      isHost && path.includes(",")
        ? "give a list of nodes to RedisCluster"
        : isHost
        ? `the scheme is missing: write redis://${scheme}:${path}`
        : `"${scheme}:" must be followed by "//"`,
    );
  }
  if (at >= 0 && authority.indexOf("@") !== at) {
    throw refuse(
      'there are several "@" in front of the host; in user and password they must be written "%40"',
    );
  }
  const user = at < 0 ? undefined : authority.slice(0, at);
  return { scheme: scheme!.toLowerCase(), user, hosts: authority.slice(at + 1), path, query };
}

function readUser(user: string | undefined): { username?: string; password?: string } {
  if (user === undefined) return {};
  const colon = user.indexOf(":");
  const name = decode(colon < 0 ? user : user.slice(0, colon), "the user");
  const password = colon < 0 ? undefined : decode(user.slice(colon + 1), "the password");
  if (name === "" && (password === undefined || password === "")) {
    throw refuse('there is neither user nor password in front of the "@"');
  }
  return { ...name !== "" && { username: name }, ...password !== undefined && { password } };
}

function readAddress(text: string): UrlAddress {
  const match = /^(\[[^[\]]*\]|[^:[\]]*)(?::([^:[\]]*))?$/.exec(text);
  if (match === null) {
    throw refuse(
      "the host is followed by more than a port; an IPv6 address stands in brackets, as in redis://[::1]:6379",
    );
  }
  const [, name = "", port] = match;
  const bracketed = name.startsWith("[");
  const host = decode(bracketed ? name.slice(1, -1) : name, "the host");
  if (bracketed && !host.includes(":")) throw refuse("what stands in brackets is no IPv6 address");
  if (!bracketed && host.includes(":")) throw refuse('there is an encoded ":" in the host');
  if (port !== undefined && !/^[1-9]\d{0,4}$/.test(port)) {
    // Not shown: where a password holds an unencoded "/", this is its beginning.
    throw refuse("the port must be a number from 1 to 65535");
  }
  if (port !== undefined && Number(port) > 65_535) {
    throw new RangeError("Cannot read the URL: the port must be a number from 1 to 65535");
  }
  return { ...host !== "" && { host }, ...port !== undefined && { port: Number(port) } };
}

function readDb(text: string): { db?: number } {
  if (text === "") return {};
  if (!/^(0|[1-9]\d{0,9})$/.test(text)) {
    throw refuse("what follows the host must be the number of a database, as in redis://localhost:6379/0");
  }
  return { db: Number(text) };
}

/** Names whose values must not be shown. */
const SECRETS: ReadonlySet<string> = new Set(["password", "tls.key", "tls.pfx", "tls.passphrase"]);

/** True for the name of an option whose value is a secret. */
export function isSecret(name: string): boolean {
  return SECRETS.has(name);
}

function readQuery(query: string | undefined): [string, string][] {
  if (query === undefined || query === "") return [];
  const seen = new Set<string>();
  let secret: string | undefined;
  return query.split("&").map((pair) => {
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals), "a name in the query");
    const named = /^[A-Za-z_][\w.\-]*$/.test(name);
    if (secret !== undefined && (!named || equals < 0)) {
      // Not shown: it may be the rest of a password with a "&" in it.
      throw refuse(
        `there is no option behind \`${secret}\`; in the value of \`${secret}\`, "&" must be written "%26"`,
      );
    }
    if (!named) throw refuse('what stands in front of a "=" in the query must be the name of an option');
    if (isSecret(name)) secret = name;
    if (equals < 0 || equals === pair.length - 1) {
      throw refuse(`the option \`${name}\` has no value; leave it out, or write ${name}=...`);
    }
    if (seen.has(name)) throw refuse(`the option \`${name}\` stands there twice`);
    seen.add(name);
    return [name, decode(pair.slice(equals + 1), `the option \`${name}\``)];
  });
}

/**
 * Takes the URL of one server apart: `redis: rediss: valkey: valkeys: unix:`.
 *
 * User, password, host, path, names and values are percent-decoded once; a `+` is a plus.
 *
 * @throws {TypeError} when it is not plainly right. The message shows nothing of user, password or host.
 * @throws {RangeError} when the port is above 65535.
 */
export function parseUrl(url: string): ServerUrl {
  const { scheme, user, hosts, path, query } = split(url);
  if (Object.hasOwn(SENTINEL, scheme)) {
    throw refuse(`"${scheme}:" names sentinels, not a server; use Sentinel`);
  }
  if (!Object.hasOwn(SCHEMES, scheme)) {
    throw refuse(
      `"${scheme}:" is unknown; there are ${Object.keys(SCHEMES).map((name) => `${name}:`).join(", ")}`,
    );
  }
  const common = { tls: SCHEMES[scheme]!, ...readUser(user), query: readQuery(query) };
  if (scheme !== "unix") return { ...common, ...readAddress(hosts), ...readDb(path.replace(/^\//, "")) };
  if (hosts !== "") {
    throw refuse(
      "a Unix socket has no host; an absolute path takes three slashes, as in unix:///run/redis.sock",
    );
  }
  const file = decode(path, "the path");
  if (file === "" || file.includes("\0")) throw refuse("there is no path of a Unix socket in it");
  return { ...common, path: file };
}

/**
 * Takes the URL of sentinels apart: `redis-sentinel://[user:password@]host:26379,host2:26379/service[/db]`;
 * `rediss-sentinel:` for TLS.
 *
 * @throws as {@linkcode parseUrl} does.
 */
export function parseSentinelUrl(url: string): SentinelUrl {
  const { scheme, user, hosts, path, query } = split(url);
  if (!Object.hasOwn(SENTINEL, scheme)) {
    throw refuse(`"${scheme}:" is no scheme of Sentinel; there are redis-sentinel: and rediss-sentinel:`);
  }
  const [, service = "", db = "", ...rest] = path.split("/");
  if (service === "") throw refuse("the name of the service must follow the hosts, as in /mymaster");
  if (rest.length > 0) throw refuse("there is more behind the service than the number of a database");
  const addresses = hosts.split(",").map(readAddress);
  if (addresses.some(({ host }) => host === undefined)) throw refuse("one of the sentinels has no host");
  return {
    tls: SENTINEL[scheme]!,
    ...readUser(user),
    addresses,
    service: decode(service, "the service"),
    ...readDb(db),
    query: readQuery(query),
  };
}

/** True for a URL of sentinels. */
export function isSentinelUrl(url: string): boolean {
  return Object.hasOwn(SENTINEL, url.slice(0, Math.max(0, url.indexOf(":"))).toLowerCase());
}
