/**
 * The `Sentinel` class: finds servers and creates clients for them.
 *
 * @module
 */
import { CachingExecutor } from "../client/cache/caching_executor.ts";
import { cacheOn } from "../client/cache/open_cache.ts";
import { Redis, redisOver } from "../client/redis.ts";
import { Connection } from "../connection/connection.ts";
import { type ConnectionClass, resolveOptions, resolvePoolOptions } from "../options.ts";
import { contradiction } from "../options/option_errors.ts";
import { toAddressFunction } from "../topology/address_map.ts";
import { readSeeds, type Seed, type ServerAddress } from "../topology/server_address.ts";
import { StandaloneExecutor } from "../client/standalone_executor.ts";
import { LazySentinelClient } from "./lazy_sentinel_client.ts";
import {
  checkOwn,
  checkService,
  type Discoverer,
  readPreference,
  refuseAddress,
  resolveClient,
  resolveLogin,
  type SentinelClientOptions,
  type SentinelOptions,
} from "./options.ts";
import { ReadingExecutor } from "./executor.ts";
import type { Wanted } from "./locate.ts";
import { readSentinelUrl } from "./url.ts";
import { plan, register, type SentinelPlan } from "./plan.ts";
import { SentinelConnectionPool } from "./pool.ts";

const DEFAULT_PORT = 26_379;

/**
 * The sentinels of one or more services: where their masters and replicas are, and clients that follow them.
 *
 * @example
 * ```ts
 * import { Sentinel } from "@keywire/redis";
 *
 * const sentinel = new Sentinel([{ host: "localhost", port: 26379 }, { host: "localhost", port: 26380 }]);
 * await using redis = sentinel.masterFor("mymaster");
 * await redis.set("greeting", "hello"); // wherever the master is
 * ```
 */
export class Sentinel implements Discoverer {
  /** The class of the connections to sentinels; the package's entry point sets these in its own class. */
  static readonly connectionClass: ConnectionClass<Connection> = Connection;
  /** The class of the pools that clients are made with. */
  static readonly poolClass: typeof SentinelConnectionPool = SentinelConnectionPool;
  /** The class of the clients. */
  static readonly redisClass: typeof Redis = Redis;

  readonly #plan: SentinelPlan;

  /**
   * Creates a sentinel client, which connects on first use. The options are those of the servers and of the
   * sentinels.
   *
   * @param addresses one or more sentinels; the client discovers the others. Default port: 26379
   * @throws {TypeError | RangeError} for an unknown or invalid option.
   */
  constructor(addresses: readonly Seed[], options: SentinelOptions = {}) {
    const { connectionClass } = new.target;
    refuseAddress(options);
    const { sentinel, minOtherSentinels, addressMap, ...servers } = options;
    const seeds = readSeeds(addresses, "addresses", DEFAULT_PORT);
    const login = resolveLogin(sentinel, servers);
    // Invalid options of the servers throw here, not in the first client.
    resolveClient("servers", servers, {});
    const sentinels = new LazySentinelClient({
      seeds,
      connect: ({ host, port }) => new connectionClass(resolveOptions(login, { host, port })),
      mapAddress: toAddressFunction(checkOwn("addressMap", addressMap, undefined)),
      minOthers: checkOwn("minOtherSentinels", minOtherSentinels, 0),
    });
    this.#plan = { sentinels, servers };
    register(this, this.#plan);
  }

  /**
   * Creates a client for a URL of sentinels: `redis-sentinel://user:password@host:26379,host2:26379/service/0`.
   * `rediss-sentinel:` uses TLS for sentinels and servers. The user, the password and the query are for the servers;
   * `sentinel.username`, `sentinel.password` and the like are for the sentinels.
   *
   * @throws {TypeError | RangeError} for an invalid URL, and for an unknown or invalid option.
   *
   * @example
   * ```ts
   * import { Sentinel } from "@keywire/redis";
   *
   * await using redis = Sentinel.clientFor("redis-sentinel://localhost:26379/mymaster/0?readFrom=preferReplica");
   * ```
   */
  static clientFor(url: string | URL, over: SentinelOptions & SentinelClientOptions = {}): Redis {
    const { addresses, service, options, client } = readSentinelUrl(url, over);
    return new this(addresses, options).masterFor(service, client);
  }

  /** The known sentinels: given and discovered ones. */
  get sentinels(): readonly ServerAddress[] {
    return this.#plan.sentinels.addresses;
  }

  /**
   * Resolves with the address of the master of a service.
   *
   * @throws {ConnectionError} with code `NO_MASTER`, `NO_SERVICE` or `NO_SENTINEL`; the message has the reply of each
   * sentinel.
   * @throws {AuthenticationError} if all sentinels refuse the credentials.
   */
  async discoverMaster(
    service: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<ServerAddress> {
    const name = checkService(service);
    const sentinels = await this.#plan.sentinels.load();
    const { address } = await sentinels.findMaster(name, undefined, options.signal);
    return address;
  }

  /** Resolves with the addresses of the replicas that are up. Throws the errors of `discoverMaster`. */
  async discoverReplicas(
    service: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<ServerAddress[]> {
    const name = checkService(service);
    const sentinels = await this.#plan.sentinels.load();
    const replicas = await sentinels.findReplicas(name, options.signal);
    return replicas.filter(({ sure }) => sure).map(({ address }) => address);
  }

  /**
   * Creates a client of the master of a service, which follows failovers. The options override those of the sentinel.
   * Close the client to close its connections.
   *
   * @throws {TypeError | RangeError} for an unknown or invalid option.
   */
  masterFor(service: string, options: SentinelClientOptions = {}): Redis {
    return this.#client(service, options, "master");
  }

  /**
   * A client of the replicas of a service, for reading: from one after the other. Commands that write are refused. By
   * default the master is read from while no replica is up.
   *
   * @throws {TypeError | RangeError} for an unknown or invalid option.
   */
  replicaFor(service: string, options: SentinelClientOptions = {}): Redis {
    return this.#client(service, options, "replica");
  }

  #client(service: string, options: SentinelClientOptions, role: "master" | "replica"): Redis {
    refuseAddress(options);
    const { readFrom: given, ...over } = options;
    const name = checkService(service);
    const { prefer: readFrom, maxLag } = readPreference(
      checkOwn("readFrom", given, role === "master" ? "master" : "preferReplica"),
    );
    const { poolClass, redisClass } = this.constructor as typeof Sentinel;
    const { sentinels, servers } = this.#plan;
    const { multiplex, poolOptions, cache: cached } = resolveClient(name, servers, over);
    if (cached !== undefined && (role !== "master" || readFrom !== "master")) {
      throw contradiction(["cache", "readFrom"], "only what the master says is cached");
    }
    const pool = (wanted: Wanted): SentinelConnectionPool => {
      // Each pool has options of its own, by which it knows its plan.
      const own = resolvePoolOptions(poolOptions!);
      return new poolClass(plan(own, { sentinels, service: name, wanted }));
    };
    const beside = (wanted: Wanted): SentinelConnectionPool => {
      const made = pool(wanted);
      home.accompany(made);
      return made;
    };
    const fromReplicas = readFrom === "replica" ? "replica" : "preferReplica";
    const home = pool(role === "master" || readFrom === "master" ? "master" : fromReplicas);
    if (role === "master" && readFrom === "master") {
      const executor = new StandaloneExecutor(home, { multiplex, owner: true });
      // A connection to a replaced master is closed, which clears the cache.
      const cache = cached && cacheOn(executor.shared, cached, home.options.connection);
      return redisOver(redisClass, home, cache ? new CachingExecutor(executor, cache) : executor, cache);
    }
    const executor = new ReadingExecutor({
      home,
      master: () => role === "master" ? home : beside("master"),
      replica: beside,
      open: (opened) => new StandaloneExecutor(opened, { multiplex: true, owner: true }),
      service: name,
      readFrom,
      maxLag,
      multiplex,
      readonly: role === "replica",
    }, sentinels);
    return redisOver(redisClass, home, executor);
  }
}
