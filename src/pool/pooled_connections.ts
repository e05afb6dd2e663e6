/**
 * The connections of a pool: idle, leased or being reset, and their ways from one place to the next.
 *
 * @module
 */
import type { Connection, ConnectionHome } from "../connection/connection.ts";
import { BackgroundTimers } from "../connection/background_timers.ts";
import type { ResolvedConnectionOptions, ResolvedPoolOptions } from "../options.ts";
import type { MaintenanceDetail } from "../events.ts";
import { notLeasedError } from "./errors.ts";
import { IdleStore } from "./idle.ts";
import { Leases, type Request } from "./leases.ts";
import { Lifetimes } from "./lifetimes.ts";
import { MaintNotifications } from "./maint_notifications.ts";
import { SessionResets } from "./session_reset.ts";

/** Receives the events of a pool's connections. */
export interface PooledConnectionsOwner<C extends Connection> extends ConnectionHome {
  /** The options of the pool. */
  readonly options: ResolvedPoolOptions;
  /** Whether the pool takes no connection back. */
  isClosed(): boolean;
  /** Called when a connection has ended. `idle`: it was not leased. */
  lost(connection: C, cause: Error | undefined, idle: boolean): void;
  /** A place or an idle connection has become free. */
  changed(): void;
  /** A server has announced maintenance. */
  maintained(detail: MaintenanceDetail): void;
}

function disconnect(connection: Connection): void {
  connection.disconnect();
}

/** All open connections of a pool. */
export class PooledConnections<C extends Connection> {
  /** The connections that callers hold. */
  readonly leases: Leases<C>;
  readonly #owner: PooledConnectionsOwner<C>;
  #keepsProcess = true;
  readonly #maintenance: MaintNotifications | undefined;
  readonly #idle: IdleStore<C>;
  #resets: SessionResets<C> | undefined = undefined;
  /** Only with the option `maxLifetime`, and after a connection was retired. */
  #lifetimes: Lifetimes<C> | undefined = undefined;
  #background: BackgroundTimers | undefined = undefined;

  /** Makes it for `pool`. `leaseEnded` gets the milliseconds that each lease has lasted. */
  constructor(pool: object, owner: PooledConnectionsOwner<C>, leaseEnded?: (time: number) => void) {
    const { options } = owner;
    const { clock, maintNotifications } = options.connection;
    this.#owner = owner;
    this.#maintenance = maintNotifications ? this.#maintNotifications() : undefined;
    this.#idle = new IdleStore<C>(clock, options, disconnect);
    this.leases = new Leases(pool, clock, options.trackLeases, leaseEnded);
    if (options.maxLifetime > 0) this.#lifetimes = new Lifetimes(clock, options.maxLifetime);
  }

  #maintNotifications(): MaintNotifications {
    return new MaintNotifications({
      options: this.#owner.options.connection,
      background: this.background,
      retire: (one) => this.retire(one as C),
      announce: (detail) => this.#owner.maintained(detail),
    });
  }

  /** The timers for work that no caller waits for. */
  get background(): BackgroundTimers {
    if (this.#background === undefined) {
      this.#background = new BackgroundTimers(this.#owner.options.connection.clock);
      this.#background.keepProcess(this.#keepsProcess);
    }
    return this.#background;
  }

  /** The number of idle connections. */
  get idle(): number {
    return this.#idle.size;
  }

  /** The number of connections in use, including those that are being reset. */
  get inUse(): number {
    return this.leases.size + (this.#resets?.size ?? 0);
  }

  /** Returns the end of a connection's lifetime, by the clock of the pool; `Infinity`: never. */
  endOfLife(connection: C): number {
    return this.#lifetimes?.end(connection) ?? Infinity;
  }

  /** Returns whether the lifetime of a connection is over. */
  isOver(connection: C): boolean {
    return this.#lifetimes?.over(connection) ?? false;
  }

  /** Adds a new connection; the caller leases it or takes it back at once. */
  add(connection: C): void {
    if (!this.#keepsProcess) connection.unref();
    this.#lifetimes?.begin(connection);
    const maintenance = this.#maintenance;
    connection.listen({
      closed: (cause) => this.#lost(connection, cause),
      ...maintenance && { frame: (values) => maintenance.received(connection, values) },
    });
  }

  /** Replaces a connection: at once if it is idle, else when its replies have arrived. */
  retire(connection: C): void {
    this.#endLife(connection);
    if (this.#idle.remove(connection)) connection.disconnect();
    else connection.retire();
  }

  /** Ends the lifetimes of leased connections, so that they are closed when they are returned. */
  endLeased(): void {
    for (const connection of this.leases.connections()) this.#endLife(connection);
  }

  #endLife(connection: C): void {
    const { connection: { clock }, maxLifetime } = this.#owner.options;
    (this.#lifetimes ??= new Lifetimes(clock, maxLifetime)).endNow(connection);
  }

  /** The options for new connections while a server moves to another address; else `undefined`. */
  get target(): ResolvedConnectionOptions | undefined {
    return this.#maintenance?.target;
  }

  /** Leases an idle connection with a reset session, if there is one. */
  takeIdle(): C | undefined {
    for (let connection = this.#idle.take(); connection !== undefined; connection = this.#idle.take()) {
      // Unread bytes or a reply that is due would become the next holder's reply.
      if (connection.settled && !this.#lifetimes?.over(connection)) return connection;
      connection.disconnect();
    }
    return undefined;
  }

  /** Lends a connection. */
  lease(connection: C, request: Request): void {
    connection.attach(this.#owner);
    this.leases.begin(connection, request);
  }

  /**
   * Ends the lease of a connection.
   *
   * @throws {RedisError} with code `NOT_LEASED` for one that was not lent.
   */
  release(connection: C): void {
    const held = this.leases.end(connection);
    if (held === "never") throw notLeasedError();
    if (held === "held") this.takeBack(connection);
  }

  /** Makes a released connection idle, or resets or closes it first. */
  takeBack(connection: C): void {
    const { session } = connection;
    if (
      !connection.settled || session.tainted || this.#owner.isClosed() || this.#lifetimes?.over(connection)
    ) {
      connection.disconnect();
    } else if (session.resetCommands().length > 0) {
      this.#resets ??= new SessionResets((reset) => this.takeBack(reset));
      this.#resets.start(connection);
    } else {
      this.#idle.put(connection, this.endOfLife(connection));
    }
    this.#owner.changed();
  }

  /** Closes a connection that is being reset, to free its place. Returns `false` if there is none. */
  yieldReset(): boolean {
    return this.#resets?.yield() ?? false;
  }

  /** Sets whether connections keep the process alive, those that are added later included. */
  keepProcess(alive: boolean): void {
    this.#keepsProcess = alive;
    this.#background?.keepProcess(alive);
    for (
      const one of [...this.#idle.all(), ...this.#resets?.connections() ?? [], ...this.leases.connections()]
    ) {
      if (alive) one.ref();
      else one.unref();
    }
  }

  /** Takes out all idle connections. */
  clearIdle(): C[] {
    return this.#idle.clear();
  }

  /** Closes the connections in use. */
  disconnectUsed(cause: () => Error): void {
    for (const connection of [...this.#resets?.connections() ?? [], ...this.leases.connections()]) {
      connection.disconnect(cause());
    }
  }

  #lost(connection: C, cause: Error | undefined): void {
    const idle = this.#idle.remove(connection);
    this.#maintenance?.ended(connection);
    this.#resets?.lost(connection);
    this.leases.lost(connection);
    this.#owner.lost(connection, cause, idle);
  }
}
