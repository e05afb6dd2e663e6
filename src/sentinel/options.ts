/**
 * The options of sentinels and of the servers that they manage.
 *
 * @module
 */
import { contradiction } from "../options/option_errors.ts";
import { choice, flag, integer, type Kind } from "../options/value_kinds.ts";
import { isPlain, unknownField } from "../options/nested_options.ts";
import {
  type BlockingPoolOptions,
  type ConnectionOptions,
  type RedisOptions,
  resolveBlockingPoolOptions,
  type ResolvedConnectionOptions,
  type ResolvedPoolOptions,
  type ResolvedRedisOptions,
  resolveOptions,
  resolvePoolOptions,
  resolveRedisOptions,
} from "../options.ts";
import { type AddressMap, addressMap } from "../topology/address_map.ts";
import { type ReadFrom, readFrom } from "../topology/read_from.ts";
import type { ServerAddress } from "../topology/server_address.ts";

/** Reads from replicas with recent data. Without one, reads go where they go when no replica is up. */
export interface ReadFromFresh {
  /** The servers that receive reads. */
  readonly prefer: ReadFrom;
  /**
   * The age in milliseconds that the data of a replica may have, 300 at least: the client compares the replication
   * offsets of master and replicas three times as often.
   */
  readonly maxLag: number;
}

/** The options of the connections to the sentinels themselves. */
export type SentinelLogin = Omit<
  ConnectionOptions,
  "host" | "port" | "path" | "db" | "encoding" | "encodingErrors"
>;

/** The options of servers that sentinels find: where they are is not among them. */
export type FoundServerOptions = Omit<RedisOptions, "host" | "port" | "path" | "pool">;

/** The options of a {@linkcode Sentinel}, including those of the servers. */
export interface SentinelOptions extends FoundServerOptions {
  /**
   * User, password, TLS and timeouts for the sentinels; nothing of it is taken from the options of the servers but
   * `transport` and `clock`. By default `connectTimeout` and `commandTimeout` are 1,000.
   */
  readonly sentinel?: SentinelLogin;
  /** The number of other sentinels that a sentinel must know. Default 0. */
  readonly minOtherSentinels?: number;
  /** Maps announced addresses, of sentinels and of servers, to reachable addresses: rules, or a function. */
  readonly addressMap?: AddressMap;
}

/** The options of one client of a {@linkcode Sentinel}. They override those of the sentinel. */
export interface SentinelClientOptions extends FoundServerOptions {
  /** The servers that receive reads. Default: `"master"` for `masterFor`, `"preferReplica"` for `replicaFor`. */
  readonly readFrom?: ReadFrom | ReadFromFresh;
}

/** Finds the servers of a service, as a `Sentinel` does. */
export interface Discoverer {
  /** Resolves with the address of the master of a service. */
  discoverMaster(service: string): Promise<ServerAddress>;
  /** Resolves with the addresses of the replicas of a service. */
  discoverReplicas(service: string): Promise<ServerAddress[]>;
}

/** The options of a {@linkcode SentinelConnectionPool}, including those of its connections. */
export interface SentinelPoolOptions<C = unknown>
  extends Omit<BlockingPoolOptions<C>, "host" | "port" | "path"> {
  /** The sentinel that finds the servers. */
  readonly sentinel: Discoverer;
  /** The name of the service. */
  readonly service: string;
  /** The servers to connect to: the master (default), or replicas with the master as a fallback. */
  readonly role?: "master" | "replica";
  /** Wait at `maxConnections` instead of failing. Default `false`. */
  readonly blocking?: boolean;
}

/** The default options of connections to sentinels: fail fast. */
const SENTINEL_DEFAULTS = {
  connectTimeout: 1_000,
  commandTimeout: 1_000,
  healthCheckInterval: 5_000,
} as const;

const maxLag = integer(300, 2_147_483_647, "whole milliseconds (a second is 1000), 300 at least");

/** `readFrom` as for clusters, or with a limit of the lag. */
const limitedReadFrom: Kind = {
  ...readFrom,
  check(value, name) {
    if (!isPlain(value) || !("prefer" in value || "maxLag" in value)) return readFrom.check(value, name);
    for (const field of Object.keys(value)) {
      if (field !== "prefer" && field !== "maxLag") throw unknownField(name, field, ["prefer", "maxLag"]);
    }
    return {
      prefer: readFrom.check(value.prefer, `${name}.prefer`),
      maxLag: maxLag.check(value.maxLag, `${name}.maxLag`),
    };
  },
};

/** Separates the limit of the lag (0: none) from the servers to read from. */
export function readPreference(given: ReadFrom | ReadFromFresh): ReadFromFresh {
  return typeof given === "object" && "prefer" in given ? given : { prefer: given, maxLag: 0 };
}

/** The options that only sentinels have, by name. */
export const KINDS = {
  minOtherSentinels: integer(0, 1_000),
  readFrom: limitedReadFrom,
  addressMap,
  role: choice("master", "replica"),
  blocking: flag,
} as const;

/** Checks one of our own options; absent is `fallback`. */
export function checkOwn<T>(name: keyof typeof KINDS, value: T | undefined, fallback: T): T {
  return value === undefined ? fallback : KINDS[name].check(value, name) as T;
}

/** Checks the name of a service. */
export function checkService(service: unknown): string {
  if (typeof service === "string" && service !== "") return service;
  throw new TypeError('Cannot use a Sentinel without the name of a service, as in masterFor("mymaster")');
}

/** Refuses options that contain an address. */
export function refuseAddress(given: unknown): void {
  if (given !== undefined && !isPlain(given)) {
    throw new TypeError("Cannot use these options: wanted a plain object");
  }
  for (const name of ["host", "port", "path", "pool"]) {
    if ((given as Record<string, unknown> | undefined)?.[name] !== undefined) {
      throw contradiction([name, "sentinel"], "where the servers are, the sentinels say");
    }
  }
}

/** Returns the text for messages instead of an address. */
function label(service: string): { host: string } {
  return { host: /^[\w.\-]+$/.test(service) ? service : "sentinel" };
}

/** The options of connections to sentinels. */
export function resolveLogin(
  login: SentinelLogin | undefined,
  { transport, clock }: Pick<FoundServerOptions, "transport" | "clock">,
): ResolvedConnectionOptions {
  if (login !== undefined && !isPlain(login)) {
    throw new TypeError("Cannot use the option `sentinel`: it must be { username, password, tls, ... }");
  }
  for (const name of ["host", "port", "path", "db", "encoding", "encodingErrors"]) {
    if ((login as Record<string, unknown> | undefined)?.[name] !== undefined) {
      throw new TypeError(`Cannot use the option \`sentinel.${name}\`: sentinels have none of it`);
    }
  }
  return resolveOptions({
    ...SENTINEL_DEFAULTS,
    ...transport && { transport },
    ...clock && { clock },
    ...login,
  });
}

/** The options of a pool of servers of this service. */
export function resolveServers(
  service: string,
  blocking: boolean,
  under: FoundServerOptions,
  over: BlockingPoolOptions,
): ResolvedPoolOptions {
  const { multiplex: _, cache: _cache, ...ground } = under;
  const given = { ...ground, ...over, ...label(service) };
  return blocking ? resolveBlockingPoolOptions(given) : resolvePoolOptions(given);
}

/** The options of a client of this service. */
export function resolveClient(
  service: string,
  under: FoundServerOptions,
  over: FoundServerOptions,
): ResolvedRedisOptions {
  return resolveRedisOptions({ ...under, ...over, ...label(service) });
}
