/**
 * A pool that finds its servers by sentinels, for each new connection.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import { ReplyError } from "../errors.ts";
import {
  type BlockingPoolOptions,
  type PoolOptions,
  type ResolvedConnectionOptions,
  ResolvedPoolOptions,
  resolveOptions,
  resolvePoolOptions,
} from "../options.ts";
import { BlockingConnectionPool } from "../pool/blocking_pool.ts";
import { limitError } from "../pool/errors.ts";
import type { AcquireOptions } from "../pool/pool.ts";
import type { LazySentinelClient } from "./lazy_sentinel_client.ts";
import type { Wanted } from "./locate.ts";
import {
  checkOwn,
  checkService,
  refuseAddress,
  resolveServers,
  type SentinelPoolOptions,
} from "./options.ts";
import { plan, planOf, sentinelPlan } from "./plan.ts";
import type { ServerFinder } from "./server_finder.ts";

/**
 * A pool of connections to the master of a service, or to its replicas. It asks the sentinels for each new
 * connection, and verifies the role with the server, so a demoted master is never used as a master. When the
 * sentinels announce another master, connections to the old one are closed.
 *
 * @example
 * ```ts
 * import { Redis, Sentinel, SentinelConnectionPool } from "@keywire/redis";
 *
 * const sentinel = new Sentinel([{ host: "localhost", port: 26379 }]);
 * await using pool = new SentinelConnectionPool({ sentinel, service: "mymaster" });
 * await using redis = new Redis({ pool });
 * ```
 */
export class SentinelConnectionPool<C extends Connection = Connection> extends BlockingConnectionPool<C> {
  /** The name of the service. */
  readonly service: string;
  readonly #sentinels: LazySentinelClient;
  readonly #wanted: Wanted;
  #finder: ServerFinder<C> | undefined = undefined;
  readonly #companions: Set<SentinelConnectionPool<C>> = new Set();
  #keepsProcess = true;

  /**
   * Creates a pool, which connects on first use. Connection options override those of the sentinel.
   *
   * @throws {TypeError | RangeError} for an unknown or invalid option.
   */
  constructor(options: SentinelPoolOptions<C> | ResolvedPoolOptions) {
    const resolved = options instanceof ResolvedPoolOptions ? options : planPool(options);
    super(resolved);
    const { sentinels, service, wanted } = planOf(resolved);
    this.service = service;
    this.#sentinels = sentinels;
    this.#wanted = wanted;
    this.beforeClose(() => {
      this.#finder?.close();
      return Promise.resolve();
    });
  }

  /**
   * Called when a server that is not a master refused a command: closes its connection, and searches the master
   * again.
   */
  override misplaced(error: unknown): boolean {
    if (this.#wanted !== "master" || !(error instanceof ReplyError)) return false;
    const demoted = error.code === "READONLY" ||
      (error.code === "UNBLOCKED" && error.message.includes("instance state changed"));
    if (demoted) this.disconnect({ inUse: false });
    return demoted;
  }

  /**
   * Lets the process end although connections of the pool, or those of its `Sentinel` to the sentinels, are open. They
   * have no health checks until `ref()`.
   */
  override unref(): void {
    this.#keepProcess(false);
  }

  /** Keeps the process alive while a connection is open: the default. */
  override ref(): void {
    this.#keepProcess(true);
  }

  /**
   * Adds a pool of the same client, which keeps the process alive when this one does.
   *
   * @internal
   */
  accompany(pool: SentinelConnectionPool<C>): void {
    this.#companions.add(pool);
    pool.beforeClose(() => Promise.resolve(void this.#companions.delete(pool)));
    if (!this.#keepsProcess) pool.unref();
  }

  #keepProcess(alive: boolean): void {
    this.#keepsProcess = alive;
    this.#sentinels.keepProcess(alive);
    if (alive) super.ref();
    else super.unref();
    for (const pool of this.#companions) pool.#keepProcess(alive);
  }

  /** Resolves the options, which contain whether the pool waits. */
  protected override resolve(
    options: string | URL | BlockingPoolOptions | ResolvedConnectionOptions | ResolvedPoolOptions,
    over?: BlockingPoolOptions,
  ): ResolvedPoolOptions {
    if (!(options instanceof ResolvedPoolOptions) || options.timeout !== undefined) {
      return super.resolve(options, over);
    }
    return resolvePoolOptions(options, over as PoolOptions);
  }

  /** Waits at the limit or rejects, as `blocking` defines. */
  protected override atLimit(options: AcquireOptions): Promise<C> {
    return this.options.timeout === undefined
      ? Promise.reject(limitError(this.options))
      : super.atLimit(options);
  }

  /** Finds a server, and opens a connection to it. */
  protected override async openConnection(signal: AbortSignal): Promise<C> {
    if (this.#finder === undefined) {
      const sentinels = await this.#sentinels.load();
      const { ServerFinder } = await import("./lazy_modules.ts");
      signal.throwIfAborted();
      this.#finder ??= new ServerFinder<C>(
        {
          options: this.options.connection,
          service: this.service,
          wanted: this.#wanted,
          make: ({ host, port }) =>
            this.makeConnection(resolveOptions(this.options.connection, { host, port })),
          notify: () => this.reconnectSignal.notify(),
        },
        sentinels,
      );
    }
    return await this.#finder.open(signal);
  }
}

function planPool<C>(options: SentinelPoolOptions<C>): ResolvedPoolOptions {
  const { sentinel, service, role, blocking, ...over } = options;
  refuseAddress(over);
  const name = checkService(service);
  const { sentinels, servers } = sentinelPlan(sentinel);
  const resolved = resolveServers(name, checkOwn("blocking", blocking, false), servers, over);
  const wanted = checkOwn("role", role, "master") === "master" ? "master" : "preferReplica";
  return plan(resolved, { sentinels, service: name, wanted });
}
