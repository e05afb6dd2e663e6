/**
 * Sentinels as users hold them: who asks them, and makes clients of the servers that they know.
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
   * Knows sentinels; connects when they are first asked. The options are those of the servers, and some of its own.
   *
   * @param addresses one or more; the others are learned from them. The port is 26379 where none is given
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
   */
  constructor(addresses: readonly Seed[], options: SentinelOptions = {}) {
    const { connectionClass } = new.target;
    refuseAddress(options);
    const { sentinel, minOtherSentinels, addressMap, ...servers } = options;
    const seeds = readSeeds(addresses, "addresses", DEFAULT_PORT);
    const login = resolveLogin(sentinel, servers);
    // Wrong options of the servers are told here, and not when the first client is made.
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
   * A client for a URL of sentinels: `redis-sentinel://user:password@host:26379,host2:26379/service/0`, with
   * `rediss-sentinel:` for TLS to sentinels and servers. User, password and options of the query are those of the
   * servers; `sentinel.username`, `sentinel.password` and the like are those of the sentinels.
   *
   * @throws {TypeError | RangeError} for a URL that is not right, and for an option that is unknown or wrong.
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

  /** The sentinels that are known now: those that were given, and those that were learned of. */
  get sentinels(): readonly ServerAddress[] {
    return this.#plan.sentinels.addresses;
  }

  /**
   * Where the master of a service is now.
   *
   * @throws {ConnectionError} with code `NO_MASTER`, `NO_SERVICE` or `NO_SENTINEL`; it says what each sentinel answered.
   * @throws {AuthenticationError} when all sentinels refuse the credentials.
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

  /** Where the replicas of a service are that are up now; throws as `discoverMaster` does. */
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
   * A client of the master of a service, wherever it is: it follows failovers. The options go over those of the
   * sentinel. It owns its connections; close it when done.
   *
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
   */
  masterFor(service: string, options: SentinelClientOptions = {}): Redis {
    return this.#client(service, options, "master");
  }

  /**
   * A client of the replicas of a service, for reading: from one after the other. Commands that write are refused. By
   * default the master is read from while no replica is up.
   *
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
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
    const fromReplicas = readFrom === "replica" ? "replica" : "preferReplica";
    const home = pool(role === "master" || readFrom === "master" ? "master" : fromReplicas);
    if (role === "master" && readFrom === "master") {
      const executor = new StandaloneExecutor(home, { multiplex, owner: true });
      // The connection to a master that was replaced is dropped, and with it all that was cached.
      const cache = cached && cacheOn(executor.shared, cached, home.options.connection);
      return redisOver(redisClass, home, cache ? new CachingExecutor(executor, cache) : executor, cache);
    }
    const executor = new ReadingExecutor({
      home,
      master: () => role === "master" ? home : pool("master"),
      replica: pool,
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
