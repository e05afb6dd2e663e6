/**
 * The owner of the parts of a pool: what they use that the public members of the pool can do.
 *
 * @module
 */
import type { BackgroundTimers } from "../connection/background_timers.ts";
import type { Connection } from "../connection/connection.ts";
import { emit, type MaintenanceDetail, type PoolEvents, type TypedEventTarget } from "../events.ts";
import type { ResolvedPoolOptions } from "../options.ts";

/** The public members of a pool that its parts use. */
interface PublicPool extends TypedEventTarget<PoolEvents> {
  readonly options: ResolvedPoolOptions;
  readonly background: BackgroundTimers;
  readonly closed: boolean;
  release(connection: Connection): void;
  disconnect(): void;
}

/** One object with all callbacks of the parts of a pool; the pool adds those that use its private members. */
export abstract class PartOwner<P extends PublicPool> {
  /** The pool. */
  protected readonly pool: P;

  /** Passes the calls of parts to `pool`. */
  constructor(pool: P) {
    this.pool = pool;
  }

  /** The options of the pool. */
  get options(): ResolvedPoolOptions {
    return this.pool.options;
  }

  /** The timers for work that no caller waits for. */
  get background(): BackgroundTimers {
    return this.pool.background;
  }

  /** Whether the pool takes no connection back. */
  isClosed(): boolean {
    return this.pool.closed;
  }

  /** An attempt to connect begins, counted from 1. */
  connecting(attempt: number): void {
    emit(this.pool, "connecting", { attempt });
  }

  /** An attempt has failed; the next one follows after `delay` milliseconds. */
  repeating(attempt: number, delay: number, cause: unknown): void {
    emit(this.pool, "reconnecting", { attempt, delay, cause });
  }

  /** A server has announced maintenance. */
  maintained(detail: MaintenanceDetail): void {
    emit(this.pool, "maintenance", detail);
  }

  /** Takes a connection back. */
  release(connection: Connection): void {
    this.pool.release(connection);
  }

  /** Closes all connections now. */
  disconnect(): void {
    this.pool.disconnect();
  }
}
