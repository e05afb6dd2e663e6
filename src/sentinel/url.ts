/**
 * Merges the options of a URL of sentinels with those of an object.
 *
 * @module
 */
import { mergeOptions } from "../options/merge_options.ts";
import { CLIENT, CONNECTION, POOL } from "../options/table.ts";
import { parseSentinelUrl } from "../url.ts";
import type { Seed } from "../topology/server_address.ts";
import { KINDS, refuseAddress, type SentinelClientOptions, type SentinelOptions } from "./options.ts";

/** The values of a URL. */
export interface SentinelUrlOptions {
  /** The addresses of the sentinels. */
  readonly addresses: readonly Seed[];
  /** The name of the service. */
  readonly service: string;
  /** The options of the sentinel. */
  readonly options: SentinelOptions;
  /** The options of the client. */
  readonly client: SentinelClientOptions;
}

const { pool: _pool, ...OF_CLIENT } = CLIENT;
const { readFrom, minOtherSentinels } = KINDS;
const SERVERS = { ...CONNECTION, ...POOL, ...OF_CLIENT, readFrom, minOtherSentinels };
const PREFIX = "sentinel.";

type Pairs = readonly (readonly [name: string, value: string])[];

/** A URL of one server, for the reader of those; the host is none, and taken out afterwards. */
function serverUrl(tls: boolean, user: string, db: number | undefined, query: Pairs): string {
  const pairs = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return `${tls ? "rediss" : "redis"}://${user}sentinel/${db ?? ""}?${pairs.join("&")}`;
}

/**
 * Reads a URL of sentinels.
 *
 * @throws {TypeError | RangeError} for one that is not right, and for an unknown or invalid option.
 */
export function readSentinelUrl(
  url: string | URL,
  over: SentinelOptions & SentinelClientOptions,
): SentinelUrlOptions {
  refuseAddress(over);
  const { sentinel, addressMap, ...others } = over;
  const { tls, addresses, service, username, password, db, query } = parseSentinelUrl(String(url));
  const secret = password === undefined ? "" : `:${encodeURIComponent(password)}`;
  const user = username === undefined && password === undefined
    ? ""
    : `${encodeURIComponent(username ?? "")}${secret}@`;
  const rest = query.filter(([name]) => !name.startsWith(PREFIX));
  const login: Pairs = query.filter(([name]) => name.startsWith(PREFIX))
    .map(([name, value]) => [name.slice(PREFIX.length), value]);
  const { host: _host, readFrom, minOtherSentinels, ...servers } = mergeOptions(
    serverUrl(tls, user, db, rest),
    others,
    SERVERS,
  );
  const { host: _, ...said } = mergeOptions(serverUrl(tls, "", undefined, login), sentinel, CONNECTION);
  // Without TLS options of their own, the sentinels use those of the servers.
  const own = said.tls === true ? { ...said, tls: servers.tls } : said;
  return {
    addresses: addresses.map(({ host, port }) => ({ host: host!, port })),
    service,
    options: { ...servers, sentinel: own, minOtherSentinels, addressMap } as SentinelOptions,
    client: { readFrom } as SentinelClientOptions,
  };
}
