/**
 * A pool whose servers are found by sentinels, anew for each connection.
 *
 * @module
 */
import type { Timer } from "../clock.ts";
import type { Connection } from "../connection/connection.ts";
import { AuthenticationError, ConnectionError, RedisError, ReplyError } from "../errors.ts";
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
import { formatAddress, type ServerAddress } from "../topology/server_address.ts";
import type { SentinelClient } from "./sentinel_client.ts";
import { type Found, Locator, type Refused, type Wanted } from "./locate.ts";
import {
  checkOwn,
  checkService,
  refuseAddress,
  resolveServers,
  type SentinelPoolOptions,
} from "./options.ts";
import { plan, planOf, sentinelPlan } from "./plan.ts";
import type { ServiceListener } from "./service.ts";

/** Milliseconds until the sentinels are asked again, when they know a master and it is none, or cannot be reached. */
const PAUSE = 100;

/**
 * A pool of connections to the master of a service, or to its replicas. Where those are, sentinels say, each time
 * that a connection is opened; the server itself is asked too, so that a demoted master is never taken for one. When
 * the sentinels announce another master, the connections to the old one are dropped.
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
  readonly #sentinels: SentinelClient;
  readonly #locator: Locator;
  readonly #wanted: Wanted;
  readonly #live: Map<C, Found> = new Map();
  readonly #tries: Map<AbortController, Found> = new Map();
  readonly #sleepers: Set<() => void> = new Set();
  #unwatch: (() => void) | undefined = undefined;

  /**
   * Makes a pool; it connects when a connection is first needed. Options of connections go over those of the sentinel.
   *
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
   */
  constructor(options: SentinelPoolOptions<C> | ResolvedPoolOptions) {
    const resolved = options instanceof ResolvedPoolOptions ? options : planPool(options);
    super(resolved);
    const { sentinels, service, wanted } = planOf(resolved);
    const { clock } = this.options.connection;
    this.service = service;
    this.#sentinels = sentinels;
    this.#wanted = wanted;
    this.#locator = new Locator(sentinels, service, wanted, () => clock.random());
    this.beforeClose(() => {
      this.#unwatch?.();
      return Promise.resolve();
    });
  }

  /** A command was refused by a server that is no master: its connection is left, and the master is searched anew. */
  override misplaced(error: unknown): boolean {
    if (this.#wanted !== "master" || !(error instanceof ReplyError)) return false;
    const demoted = error.code === "READONLY" ||
      (error.code === "UNBLOCKED" && error.message.includes("instance state changed"));
    if (demoted) this.disconnect({ inUse: false });
    return demoted;
  }

  /** What the options come to; they say by themselves whether the pool waits. */
  protected override resolve(
    options: string | URL | BlockingPoolOptions | ResolvedConnectionOptions | ResolvedPoolOptions,
    over?: BlockingPoolOptions,
  ): ResolvedPoolOptions {
    if (!(options instanceof ResolvedPoolOptions) || options.timeout !== undefined) {
      return super.resolve(options, over);
    }
    return resolvePoolOptions(options, over as PoolOptions);
  }

  /** Waits at the limit, or fails, as `blocking` says. */
  protected override atLimit(options: AcquireOptions): Promise<C> {
    return this.options.timeout === undefined
      ? Promise.reject(limitError(this.options))
      : super.atLimit(options);
  }

  /**
   * One try: goes on within `connectTimeout` while the sentinels know a master that is none yet, or cannot be reached,
   * as in the middle of a failover.
   */
  protected override async openConnection(signal: AbortSignal): Promise<C> {
    this.#unwatch ??= this.#sentinels.watch(this.service, this.#listener());
    const { clock, connectTimeout } = this.options.connection;
    const end = connectTimeout === 0 ? Infinity : clock.now() + connectTimeout;
    while (true) {
      try {
        return await this.#round(signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const soon = error instanceof RedisError && error.code === "NO_MASTER" && clock.now() + PAUSE < end;
        if (!soon) throw error;
      }
      await this.#pause(signal);
    }
  }

  /** Tries all servers that the sentinels name. */
  async #round(signal: AbortSignal): Promise<C> {
    const refused: Refused = new Map();
    while (true) {
      const found = await this.#locator.next(refused, signal);
      try {
        return await this.#openAt(found, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof AuthenticationError || !(error instanceof RedisError)) throw error;
        refused.set(formatAddress(found.address), error.message);
      }
    }
  }

  async #openAt(found: Found, signal: AbortSignal): Promise<C> {
    const attempt = new AbortController();
    const give = (): void => attempt.abort(signal.reason);
    signal.addEventListener("abort", give, { once: true });
    this.#tries.set(attempt, found);
    const { host, port } = found.address;
    const connection = this.makeConnection(resolveOptions(this.options.connection, { host, port }));
    try {
      signal.throwIfAborted();
      await connection.connect({ signal: attempt.signal });
      await this.#checkRole(connection, found, attempt.signal);
      attempt.signal.throwIfAborted();
    } catch (error) {
      connection.disconnect();
      throw error;
    } finally {
      this.#tries.delete(attempt);
      signal.removeEventListener("abort", give);
    }
    this.#live.set(connection, found);
    connection.listen({ closed: () => this.#live.delete(connection) });
    if (found.answer !== undefined) this.#locator.service.confirm(found.answer);
    return connection;
  }

  /** HELLO says what the server is; where it was not said, ROLE is asked. */
  async #checkRole(connection: C, { role, address }: Found, signal: AbortSignal): Promise<void> {
    let said: unknown = connection.server.role;
    if (typeof said !== "string") {
      const timeout = this.options.connection.connectTimeout;
      const reply = await connection.send(["ROLE"], { timeout, signal });
      said = Array.isArray(reply) ? reply[0] : undefined;
    }
    const is = said === "slave" ? "replica" : said;
    if (is === role) return;
    throw new ConnectionError(`${formatAddress(address)} was to be the ${role}, and says that it is ${is}`, {
      code: "WRONG_ROLE",
      executed: "no",
    });
  }

  /** Waits a little, or until there is news. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.options.connection;
    let timer: Timer;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clock.clearTimeout(timer);
        this.#sleepers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#sleepers.add(wake);
      signal.addEventListener("abort", wake, { once: true });
      timer = clock.setTimeout(wake, PAUSE);
    });
    signal.throwIfAborted();
  }

  #listener(): ServiceListener {
    return {
      switched: (address) => this.#switched(address),
      changed: () => this.#wake(),
    };
  }

  /** There is another master: what leads elsewhere ends now, however silent it is. */
  #switched(address: ServerAddress): void {
    const master = formatAddress(address);
    const right = (found: Found): boolean =>
      (formatAddress(found.address) === master) === (found.role === "master");
    const cause = new ConnectionError(
      `the sentinels say that ${master} is the master of "${this.service}" now`,
      {
        code: "SWITCHED",
      },
    );
    for (const [attempt, found] of [...this.#tries]) if (!right(found)) attempt.abort(cause);
    for (const [connection, found] of [...this.#live]) if (!right(found)) connection.disconnect(cause);
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#sleepers]) wake();
    this.reconnectSignal.notify();
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
