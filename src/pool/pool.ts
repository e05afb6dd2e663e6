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
import { Connection, type ConnectionHome } from "../connection/connection.ts";
import { ConnectionError, MaxConnectionsError, RedisError } from "../errors.ts";
import {
  type ConnectionClass,
  type PoolOptions,
  type ResolvedConnectionOptions,
  type ResolvedPoolOptions,
  resolvePoolOptions,
} from "../options.ts";
import type { Arg } from "../resp/types.ts";
import type { Transport } from "../transport.ts";
import { establish } from "./establish.ts";
import { IdleStore } from "./idle.ts";
import { Leases } from "./leases.ts";

/** What a pool has and has had. */
export interface PoolStats {
  /** Connections that exist: idle, in use, and being put right. */
  readonly created: number;
  /** Connections that nobody holds. */
  readonly idle: number;
  /** Connections that are held. */
  readonly inUse: number;
  /** Connections that are being opened. */
  readonly connecting: number;
  /** Calls of `acquire` that wait for a place. */
  readonly waiting: number;
  /** The limit. */
  readonly max: number;
  /** Connections opened since the beginning or the last `reset()`. */
  readonly opened: number;
  /** Connections that have gone since then. */
  readonly closed: number;
}

/** Limits of one `acquire`. */
export interface AcquireOptions {
  /** Ends waiting and connecting; the place goes to the next. */
  readonly signal?: AbortSignal;
  /** Whether a failed try to connect is repeated as the option `retry` says. Default `true`. */
  readonly retry?: boolean;
}

/**
 * A pool of connections that refuses at its limit, at once, as those of redis-py and coredis do.
 *
 * @example
 * ```ts
 * import { ConnectionPool } from "@keywire/redis";
 *
 * await using pool = new ConnectionPool({ host: "localhost", maxConnections: 10 });
 * using connection = await pool.acquire();
 * await connection.send(["PING"]); // "PONG"
 * ```
 */
export class ConnectionPool<C extends Connection = Connection> {
  /** The transport for options that name none; the package's entry point sets it in its own class. */
  static readonly transport: Transport | undefined = undefined;
  /** The class of connections where the options name none. */
  static readonly connectionClass: ConnectionClass<Connection> = Connection;

  /** The options: complete, frozen, and without secrets when printed. */
  readonly options: ResolvedPoolOptions;
  readonly #idle: IdleStore<C>;
  readonly #leases: Leases<C>;
  readonly #opening: Set<AbortController> = new Set();
  readonly #repairing: Set<C> = new Set();
  readonly #born: WeakMap<C, number> = new WeakMap();
  readonly #closers: Set<() => Promise<void>> = new Set();
  readonly #hurriers: Set<() => void> = new Set();
  #opened = 0;
  #gone = 0;
  #closing: Promise<void> | undefined = undefined;
  #idled: (() => void) | undefined = undefined;

  /**
   * Makes a pool; it connects when a connection is first needed. Options are a URL, an object, or both: the
   * object goes over the URL.
   *
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
   */
  constructor(
    options: string | URL | PoolOptions | ResolvedConnectionOptions | ResolvedPoolOptions = {},
    over?: PoolOptions,
  ) {
    const { transport } = new.target;
    const given = this.resolve(options, over);
    this.options = given.connection.transport === undefined && transport !== undefined
      ? this.resolve(given, { transport })
      : given;
    const { clock } = this.options.connection;
    this.#idle = new IdleStore(clock, this.options, (connection) => connection.disconnect());
    this.#leases = new Leases(clock, this.options.trackLeases);
  }

  /** A pool for a URL; the options go over it. The same as `new ConnectionPool(url, options)`. */
  static fromUrl(url: string | URL, options?: PoolOptions): ConnectionPool {
    return new this(url, options);
  }

  /** What the options come to; a pool with further options overrides it. */
  protected resolve(
    options: string | URL | PoolOptions | ResolvedConnectionOptions | ResolvedPoolOptions,
    over?: PoolOptions,
  ): ResolvedPoolOptions {
    return resolvePoolOptions(options, over);
  }

  /** Whether `close()` has been called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** What the pool has at this moment. */
  stats(): PoolStats {
    const idle = this.#idle.size;
    const inUse = this.#leases.size + this.#repairing.size;
    return {
      created: idle + inUse,
      idle,
      inUse,
      connecting: this.#opening.size,
      waiting: this.waiting,
      max: this.options.maxConnections,
      opened: this.#opened,
      closed: this.#gone,
    };
  }

  /** Who holds what, and for how long; with `trackLeases` also where each lease was taken. */
  explain(): string {
    return this.#leases.explain(this.stats());
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
  protected async openConnection(signal: AbortSignal): Promise<C> {
    const connection = this.makeConnection();
    await connection.connect({ signal });
    return connection;
  }

  /** Whether a refused command came to the wrong server, so that it belongs on a new connection; never for a fixed address. */
  misplaced(_error: unknown): boolean {
    return false;
  }

  /** Calls `hurry` when there is reason to connect at once instead of waiting out a backoff; returns how to take that back. */
  onHurry(hurry: () => void): () => void {
    this.#hurriers.add(hurry);
    return () => this.#hurriers.delete(hurry);
  }

  /** Tells those who wait to reconnect that now is the time. */
  protected hurry(): void {
    for (const hurry of [...this.#hurriers]) hurry();
  }

  /**
   * Takes a connection for exclusive use, until it is released or disposed of.
   *
   * @throws {MaxConnectionsError} at once, when all connections are in use.
   * @throws {ConnectionError | TimeoutError | AuthenticationError} when none can be opened.
   * @throws the signal's reason when it is aborted.
   */
  acquire(options: AcquireOptions = {}): Promise<C> {
    if (this.closed) return Promise.reject(this.closedError());
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const idle = this.#takeIdle();
    if (idle !== undefined) return Promise.resolve(this.#lease(idle));
    if (this.hasPlace) return this.#open(options);
    return this.atLimit(options);
  }

  /** Takes an idle connection for exclusive use, if there is one, without waiting for anything. */
  tryAcquire(): C | undefined {
    if (this.closed) return undefined;
    const idle = this.#takeIdle();
    return idle && this.#lease(idle);
  }

  /** What `acquire` does when all places are taken; a pool that waits overrides it. */
  protected atLimit(_options: AcquireOptions): Promise<C> {
    return Promise.reject(this.limitError());
  }

  /** The error for a pool that does not wait at its limit. */
  protected limitError(): MaxConnectionsError {
    const message =
      `Cannot take a connection to ${this.options.connection}: all ${this.options.maxConnections} ` +
      "are in use; release them sooner, raise maxConnections, or use a BlockingConnectionPool to wait";
    return new MaxConnectionsError(message, { code: "MAX_CONNECTIONS", executed: "no" });
  }

  /** Whether one more connection may be opened. */
  protected get hasPlace(): boolean {
    const { created, connecting, max } = this.stats();
    return created + connecting < max;
  }

  /** A place or an idle connection has become free; a pool that waits serves its waiters. */
  protected placeFreed(): void {}

  /**
   * Takes a connection back. One that is not as it was found is put right, or replaced.
   *
   * @throws {RedisError} with code `NOT_LEASED` for one that this pool has not lent: foreign, or released twice.
   */
  release(connection: C): void {
    const held = this.#leases.end(connection);
    if (held === "never") {
      const message = "Cannot release a connection that this pool has not lent, or has taken back already";
      throw new RedisError(message, { code: "NOT_LEASED", executed: "no" });
    }
    if (held === "lost") return;
    const { session } = connection;
    if (!connection.settled || session.beyondRepair || this.closed || this.#tooOld(connection)) {
      connection.disconnect();
      return this.#changed();
    }
    const repairs = session.repairs();
    if (repairs.length === 0) this.#park(connection);
    else this.#repair(connection, repairs);
  }

  /** Closes idle connections, and with `inUse` (default) also those that are held: their holders see a `ConnectionError`. */
  disconnect(options: { readonly inUse?: boolean } = {}): void {
    const cut = new ConnectionError("the pool was disconnected", { code: "CLOSED" });
    for (const connection of this.#idle.clear()) connection.disconnect();
    if (options.inUse === false) return;
    for (const attempt of [...this.#opening]) attempt.abort(this.#cut("opened"));
    for (const connection of [...this.#repairing, ...this.#leases.connections()]) connection.disconnect(cut);
  }

  /** Does what `disconnect()` does, and counts from zero. */
  reset(): void {
    this.disconnect();
    this.#opened = 0;
    this.#gone = 0;
  }

  /**
   * Ends the pool: refuses new leases, waits for those that are out up to `closeGrace`, then cuts them. Never
   * rejects; calling it again waits for the same end.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Closes the pool. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Calls `closer` when the pool begins to close; returns how to take that back. */
  beforeClose(closer: () => Promise<void>): () => void {
    this.#closers.add(closer);
    return () => this.#closers.delete(closer);
  }

  /** Ends all waiting; a pool that waits overrides it. */
  protected refuseWaiters(_error: Error): void {}

  /** The error for what is asked of a closed pool. */
  protected closedError(): ConnectionError {
    return new ConnectionError(`Cannot take a connection to ${this.options.connection}: the pool is closed`, {
      code: "CLOSED",
      executed: "no",
    });
  }

  /** Opens a connection for someone who waits; the place is taken at once. */
  protected open(options: AcquireOptions): Promise<C> {
    return this.#open(options);
  }

  #takeIdle(): C | undefined {
    for (let connection = this.#idle.take(); connection !== undefined; connection = this.#idle.take()) {
      // Unread bytes or a reply that is due would become the next holder's reply.
      if (connection.settled && !this.#tooOld(connection)) return connection;
      connection.disconnect();
    }
    return undefined;
  }

  async #open(options: AcquireOptions): Promise<C> {
    const attempt = new AbortController();
    this.#opening.add(attempt);
    try {
      const connection = await establish(
        (signal) => this.openConnection(signal),
        this.options.connection,
        attempt,
        options,
      );
      this.#opening.delete(attempt);
      this.#opened++;
      this.#born.set(connection, this.#bornAt());
      connection.listen({ closed: () => this.#lost(connection) });
      return this.#lease(connection);
    } catch (error) {
      this.#opening.delete(attempt);
      this.#changed();
      throw error;
    }
  }

  #lease(connection: C): C {
    connection.attach(this as unknown as ConnectionHome);
    this.#leases.begin(connection);
    return connection;
  }

  #park(connection: C): void {
    this.#idle.put(connection);
    this.#changed();
  }

  async #repair(connection: C, repairs: readonly (readonly Arg[])[]): Promise<void> {
    this.#repairing.add(connection);
    try {
      await Promise.all(repairs.map((words) => connection.send(words)));
    } catch {
      connection.disconnect();
    }
    if (!this.#repairing.delete(connection)) return;
    if (this.closed) connection.disconnect();
    if (connection.settled) this.#park(connection);
    else this.#changed();
  }

  #lost(connection: C): void {
    this.#gone++;
    this.#idle.remove(connection);
    this.#repairing.delete(connection);
    this.#leases.lost(connection);
    this.#changed();
  }

  #changed(): void {
    this.placeFreed();
    if (this.#leases.size + this.#repairing.size === 0) this.#idled?.();
  }

  /** Lifetimes differ by up to a tenth, so that connections opened together are not replaced together. */
  #bornAt(): number {
    const { clock } = this.options.connection;
    return clock.now() - clock.random() * this.options.maxLifetime * 0.1;
  }

  #tooOld(connection: C): boolean {
    const { maxLifetime } = this.options;
    if (maxLifetime === 0) return false;
    return this.options.connection.clock.now() - (this.#born.get(connection) ?? 0) >= maxLifetime;
  }

  #cut(what: string): ConnectionError {
    const message = `Cannot take a connection: the pool was closed or disconnected before it was ${what}`;
    return new ConnectionError(message, { code: "CLOSED", executed: "no" });
  }

  async #close(): Promise<void> {
    this.refuseWaiters(this.closedError());
    for (const attempt of [...this.#opening]) attempt.abort(this.#cut("opened"));
    const ends = this.#idle.clear().map((connection) => connection.close());
    const { clock } = this.options.connection;
    let timer: unknown;
    const grace = new Promise<void>((resolve) => timer = clock.setTimeout(resolve, this.options.closeGrace));
    const returned = new Promise<void>((resolve) => this.#idled = resolve);
    const closers = [...this.#closers].map((closer) => closer());
    if (this.#leases.size + this.#repairing.size === 0) this.#idled!();
    await Promise.race([grace, Promise.all([returned, ...closers, ...ends])]);
    clock.clearTimeout(timer);
    this.disconnect();
  }
}
