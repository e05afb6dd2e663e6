/**
 * The pool that fails at its limit: who may use which connection, and what becomes of it afterwards.
 *
 * A connection is in one of these places, and counts against `maxConnections` in each but the last:
 *
 * ```text
 *   acquire() -> opening -> leased -> release() -> (repairing) -> idle -> acquire() ...
 *                   |          |                        |          |
 *                   +----------+------------------------+----------+--> gone (failed, lost, replaced, expired)
 * ```
 *
 * @module
 */
import { runSoon } from "../clock.ts";
import { Connection } from "../connection/connection.ts";
import { emit, type PoolEvents, TypedEventTarget } from "../events.ts";
import { type PoolOptions, resolvePoolOptions } from "../options.ts";
import type { ConnectionClass, ResolvedConnectionOptions, ResolvedPoolOptions } from "../options.ts";
import type { Observer } from "../observer.ts";
import { announce, tellReturned, watched } from "../observe/target.ts";
import type { Transport } from "../transport.ts";
import { closedError, cutError, leaseCutError, limitError } from "./errors.ts";
import { isDemoted, noteRole, ReconnectSignal } from "./reconnect.ts";
import type { BackgroundTimers } from "../connection/background_timers.ts";
import { type AcquireOptions, type Request, stackAbove } from "./leases.ts";
import { PartOwner } from "./part_owner.ts";
import { PendingConnects } from "./pending_connects.ts";
import { PooledConnections, type PooledConnectionsOwner } from "./pooled_connections.ts";
import { Shutdown, type ShutdownOwner } from "./shutdown.ts";
import { type CloseOptions, explainStats, type PoolStats, summary } from "./stats.ts";
import { MinIdle, type MinIdlePool } from "./min_idle.ts";

export type { AcquireOptions } from "./leases.ts";
export type { LeaseInfo, PoolStats } from "./stats.ts";

/**
 * A pool of connections that rejects at its limit, as those of redis-py and coredis do.
 *
 * It emits `connecting`, `ready` and `closed` for each connection, `reconnecting` before each retry, and `exhausted`
 * if a caller needs a connection at the limit.
 *
 * @typeParam C the class of its connections
 *
 * @example
 * ```ts
 * import { ConnectionPool } from "@keywire/redis";
 *
 * await using pool = new ConnectionPool({ host: "localhost", maxConnections: 10 });
 * pool.addEventListener("exhausted", ({ detail }) => console.warn(`all ${detail.max} connections are in use`));
 * using connection = await pool.acquire();
 * await connection.send(["PING"]); // "PONG"
 * ```
 */
export class ConnectionPool<C extends Connection = Connection> extends TypedEventTarget<PoolEvents> {
  /** The transport for options that name none; the package's entry point sets it in its own class. */
  static readonly transport: Transport | undefined = undefined;
  /** The default observer. The entry point of the package sets it in its subclass. */
  static readonly observer: Observer | undefined = undefined;
  /** The class of connections where the options name none. */
  static readonly connectionClass: ConnectionClass<Connection> = Connection;

  /** The options: complete, frozen, and without secrets when printed. */
  readonly options: ResolvedPoolOptions;
  /**
   * Signals waiting reconnects to retry immediately: the server may be reachable again, or elsewhere.
   *
   * @internal
   */
  readonly reconnectSignal: ReconnectSignal = new ReconnectSignal();
  // The class of the connections does not show inside, so that a pool of a subclass is a pool, too.
  readonly #connections: PooledConnections<Connection>;
  readonly #pendingConnects: PendingConnects;
  /** Only with the option `minIdle`. */
  readonly #minIdle: MinIdle<Connection> | undefined;
  readonly #shutdown: Shutdown;
  #opened = 0;
  #gone = 0;

  /**
   * Creates a pool from a URL, an object, or both. Options override URL values. It connects on first use, or with
   * `minIdle` in the background.
   *
   * @throws {TypeError | RangeError} for an unknown or invalid option.
   */
  constructor(
    options: string | URL | PoolOptions | ResolvedConnectionOptions | ResolvedPoolOptions = {},
    over?: PoolOptions,
  ) {
    super();
    const given = this.resolve(options, over);
    const { transport = new.target.transport, observer = new.target.observer } = given.connection;
    const same = transport === given.connection.transport && observer === given.connection.observer;
    this.options = same ? given : this.resolve(given, { transport, observer });
    const { connection, minIdle } = this.options;
    const inside = new ConnectionPool.#Inside(this);
    this.#connections = new PooledConnections(this, inside, tellReturned(connection));
    this.#pendingConnects = new PendingConnects(inside);
    if (minIdle > 0) this.#minIdle = new MinIdle(inside);
    this.#shutdown = new Shutdown(inside);
    announce(this, connection);
    if (minIdle > 0) runSoon(() => this.#minIdle!.look()); // Not before the constructors of subclasses have run.
  }

  /** A pool for a URL; the options go over it. The same as `new ConnectionPool(url, options)`. */
  static fromUrl(url: string | URL, options?: PoolOptions): ConnectionPool {
    return new this(url, options);
  }

  /** Resolves the options. Subclasses with further options override it. */
  protected resolve(
    options: string | URL | PoolOptions | ResolvedConnectionOptions | ResolvedPoolOptions,
    over?: PoolOptions,
  ): ResolvedPoolOptions {
    return resolvePoolOptions(options, over);
  }

  /** @internal The timers for work that no caller waits for. */
  get background(): BackgroundTimers {
    return this.#connections.background;
  }

  /** Whether `close()` has been called. */
  get closed(): boolean {
    return this.#shutdown.started;
  }

  /** Returns the present numbers of the pool. */
  stats(): PoolStats {
    const { idle, inUse } = this.#connections;
    const leases = this.#connections.leases.list();
    return {
      created: idle + inUse,
      idle,
      inUse,
      connecting: this.#pendingConnects.size + this.#pendingIdle,
      waiting: this.waiting,
      max: this.options.maxConnections,
      opened: this.#opened,
      closed: this.#gone,
      longestLease: this.#connections.leases.longest(),
      ...leases && { leases },
    };
  }

  /** @internal Whether at most half of its places would be in use with one more connection. */
  get roomy(): boolean {
    return this.#places * 2 >= this.options.maxConnections + 2;
  }

  /** Returns the statistics as text: the leases, their durations, and with `trackLeases` their stacks. */
  explain(): string {
    return explainStats(this.stats());
  }

  /** Calls of `acquire` that wait; a pool that waits overrides it. */
  protected get waiting(): number {
    return 0;
  }

  /** Makes a connection, not yet connected; subclasses may override it. */
  makeConnection(options: ResolvedConnectionOptions = this.options.connection): C {
    const made = this.options.connectionClass ?? (this.constructor as typeof ConnectionPool).connectionClass;
    return new made(options) as C;
  }

  /** One try to open a connection; a pool that has to find its server first overrides it. */
  protected openConnection(signal: AbortSignal): Promise<C> {
    const connection = this.makeConnection(this.#connections.target);
    return connection.connect({ signal, retry: false }).then(() => noteRole(this, connection));
  }

  /**
   * Returns the end of a connection's lifetime (`maxLifetime`), by the clock of the options; `Infinity`: never.
   *
   * @internal
   */
  endOfLife(connection: Connection): number {
    return this.#connections.endOfLife(connection);
  }

  /** Returns whether a command reached the wrong server, so that the next one needs a new connection. */
  misplaced(error: unknown, connection?: Connection): boolean {
    return isDemoted(this, error, connection, this.#connections);
  }

  /**
   * Takes a connection for exclusive use, until it is released or disposed of.
   *
   * @throws {MaxConnectionsError} at once, when all connections are in use.
   * @throws {ConnectionError | TimeoutError | AuthenticationError} when none can be opened.
   * @throws the signal's reason when it is aborted.
   */
  acquire(options: AcquireOptions = {}): Promise<C> {
    const { connection, trackLeases } = this.options;
    // Here and not further down: Bun's engine drops the frame of a function that ends with a call.
    const request = trackLeases ? { ...options, takenAt: stackAbove(this.acquire) } : options as Request;
    return watched(connection, "acquire", () => this.#acquire(request));
  }

  #acquire(request: Request): Promise<C> {
    if (this.closed) return Promise.reject(closedError(this.options));
    if (request.signal?.aborted) return Promise.reject(request.signal.reason);
    const taken = this.waiting === 0 ? this.take(request) : undefined;
    if (taken !== undefined) return Promise.resolve(taken);
    const later = this.atLimit(request);
    emit(this, "exhausted", { waiting: this.waiting, max: this.options.maxConnections });
    return later;
  }

  /** Leases an idle connection without waiting, if there is one. */
  tryAcquire(): C | undefined {
    if (this.closed || this.waiting > 0) return undefined;
    const idle = this.#connections.takeIdle();
    if (idle === undefined) return undefined;
    return this.#lease(idle, this.options.trackLeases ? { takenAt: stackAbove(this.tryAcquire) } : {});
  }

  /** Takes an idle connection, or opens one where there is a place; `undefined`: there is neither. */
  protected take(request: AcquireOptions): C | Promise<C> | undefined {
    const idle = this.#connections.takeIdle();
    if (idle !== undefined) return this.#lease(idle, request);
    return (this.#places > 0 && this.mayOpen()) || this.#minIdle?.yield() ? this.#open(request) : undefined;
  }

  /** Whether one more may be opened as far as others are concerned; a pool that shares its limit overrides it. */
  protected mayOpen(): boolean {
    return true;
  }

  /** Whether `take` would give something. */
  protected get available(): boolean {
    return this.#connections.idle > 0 || this.#places > 0 || this.#pendingIdle > 0;
  }

  /** Called by `acquire` at the limit. The blocking pool overrides it. */
  protected atLimit(request: AcquireOptions): Promise<C> {
    // A connection that is being reset has no holder: a caller that cannot wait gets a new one in its place.
    const taken = this.#connections.yieldReset() ? this.take(request) : undefined;
    return taken === undefined ? Promise.reject(limitError(this.options)) : Promise.resolve(taken);
  }

  /** A place or an idle connection has become free; a pool that waits serves its waiters. */
  protected placeFreed(): void {}

  /**
   * Returns a connection to the pool. The pool resets a changed session, or replaces the connection.
   *
   * @throws {RedisError} with code `NOT_LEASED` if it has no lease here and was not lost during one.
   */
  release(connection: C): void {
    this.#connections.release(connection);
  }

  /**
   * Closes idle connections, and with `inUse` (default) also leased ones, whose holders get a `ConnectionError`. The
   * pool stays open. `cause` is the reason that commands reject with.
   */
  disconnect({ inUse, cause }: { readonly inUse?: boolean; readonly cause?: Error } = {}): void {
    const cut = () => cause ?? leaseCutError(this.closed);
    for (const connection of this.#connections.clearIdle()) connection.disconnect();
    if (inUse === false) return;
    this.#minIdle?.abort(cut);
    this.#pendingConnects.abort(() => cause ?? cutError(this.options));
    this.#connections.disconnectUsed(cut);
  }

  /** Lets the process end although connections of the pool are open. They have no health checks until `ref()`. */
  unref(): void {
    this.#connections.keepProcess(false);
  }

  /** Keeps the process alive while a connection is open: the default. */
  ref(): void {
    this.#connections.keepProcess(true);
  }

  /** Does what `disconnect()` does, and counts `opened` and `closed` from zero. */
  reset(): void {
    this.disconnect();
    this.#opened = this.#gone = 0;
  }

  /**
   * Closes the pool: rejects new leases, ends blocking commands (CLIENT UNBLOCK), waits for current leases up to
   * `closeGrace`, then closes all connections. With `force` it closes all connections now: commands that wait for their
   * reply reject with `executed: "unknown"`. Never rejects. Further calls wait for the same end.
   */
  close({ force = false }: CloseOptions = {}): Promise<void> {
    return this.#shutdown.start(force);
  }

  /** Closes the pool. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Calls `closer` when the pool starts to close, so that long leases can end. Returns a function that removes it. */
  beforeClose(closer: () => Promise<void>): () => void {
    return this.#shutdown.beforeClose(closer);
  }

  /** Returns the text that Node and Bun print. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `${this.constructor.name} { ${this.options.connection}: ${summary(this.stats())} }`;
  }

  /** Returns the text that Deno prints. Its event targets have their own format. */
  [Symbol.for("Deno.customInspect")](): string {
    return `${this.constructor.name} { ${this.options.connection}: ${summary(this.stats())} }`;
  }

  /** Ends all waiting; a pool that waits overrides it. */
  protected refuseWaiters(_error: Error): void {}

  /** The number of connections that may still be opened. */
  get #places(): number {
    const { idle, inUse } = this.#connections;
    return this.options.maxConnections - idle - inUse - this.#pendingConnects.size - this.#pendingIdle;
  }

  /** The number of pending connects for `minIdle`. */
  get #pendingIdle(): number {
    return this.#minIdle?.size ?? 0;
  }

  async #open(request: Request): Promise<C> {
    try {
      return await this.#pendingConnects.open(request, (connection) => {
        this.#admit(connection);
        this.#minIdle?.retryNow();
        return this.#lease(connection, request);
      });
    } catch (error) {
      this.#changed();
      throw error;
    }
  }

  /** Registers a new connection. The caller must lease it or make it idle synchronously. */
  #admit(connection: Connection): void {
    this.#opened++;
    this.#connections.add(connection);
    runSoon(() => emit(this, "ready", { protocol: connection.protocol as 2 | 3 }));
  }

  #lease(connection: Connection, request: Request): C {
    this.#connections.lease(connection, request);
    this.#minIdle?.look();
    return connection as C;
  }

  /** Uses free places for waiting callers, then for `minIdle`. A closing pool waits for the last lease. */
  #changed(): void {
    this.placeFreed();
    this.#minIdle?.look();
    this.#shutdown.placeFreed();
  }

  /** The private side of the pool, for its parts. */
  static readonly #Inside = class extends PartOwner<ConnectionPool>
    implements PooledConnectionsOwner<Connection>, MinIdlePool<Connection>, ShutdownOwner {
    get connections(): PooledConnections<Connection> {
      return this.pool.#connections;
    }

    open(signal: AbortSignal): Promise<Connection> {
      return this.pool.openConnection(signal);
    }

    lost(_: Connection, cause: Error | undefined, idle: boolean): void {
      const { pool } = this;
      pool.#gone++;
      if (idle && cause !== undefined) pool.#minIdle?.lost(cause);
      pool.#changed();
      emit(pool, "closed", { cause });
    }

    changed(): void {
      this.pool.#changed();
    }

    missing(): number {
      const { pool } = this;
      return Math.min(pool.options.minIdle - pool.#connections.idle - pool.#minIdle!.size, pool.#places);
    }

    park(connection: Connection): void {
      this.pool.#admit(connection);
      this.pool.#connections.takeBack(connection);
    }

    refuse(): void {
      const { pool } = this;
      if (pool.waiting > 0) pool.refuseWaiters(closedError(pool.options));
      pool.#minIdle?.stop(() => cutError(pool.options));
      pool.#pendingConnects.abort(() => cutError(pool.options));
    }
  };
}
