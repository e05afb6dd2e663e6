/**
 * The idle connections of a pool.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { Deadlines } from "../connection/deadlines.ts";

/** The options of idle connections. */
export interface IdleOptions {
  /** The connection to use next: last or first in. */
  readonly queue: "lifo" | "fifo";
  /** Milliseconds after which one leaves; 0 is never. */
  readonly maxIdleTime: number;
  /** The number of connections that are never closed for being idle. */
  readonly minIdle: number;
}

/** One idle connection. */
interface Entry<C> {
  readonly connection: C;
  /** The time at which it has been idle for too long. */
  idleUntil: number;
  /** The end of its lifetime. */
  readonly diesAt: number;
}

/** Idle connections, taken last-in first-out or first-in first-out; they leave by idleness and by age. */
export class IdleStore<C> {
  readonly #clock: Clock;
  readonly #options: IdleOptions;
  readonly #expired: (connection: C) => void;
  // The order of release: the first has been idle for longest.
  readonly #entries: Entry<C>[] = [];
  #deadlines: Deadlines | undefined = undefined;

  /** `expired` gets each connection that leaves by itself. */
  constructor(clock: Clock, options: IdleOptions, expired: (connection: C) => void) {
    this.#clock = clock;
    this.#options = options;
    this.#expired = expired;
  }

  /** The number of connections. */
  get size(): number {
    return this.#entries.length;
  }

  /** Adds a connection that has become idle, and leaves when `diesAt` has come. */
  put(connection: C, diesAt: number): void {
    const { maxIdleTime } = this.#options;
    const idleUntil = maxIdleTime === 0 ? Infinity : this.#clock.now() + maxIdleTime;
    this.#entries.push({ connection, idleUntil, diesAt });
    const next = Math.min(idleUntil, diesAt);
    if (next === Infinity) return;
    this.#deadlines ??= new Deadlines(this.#clock, (now) => this.#sweep(now));
    this.#deadlines.note(next);
  }

  /** Takes one out, if there is one. */
  take(): C | undefined {
    const entry = this.#options.queue === "lifo" ? this.#entries.pop() : this.#entries.shift();
    if (this.#entries.length === 0) this.#deadlines?.clear();
    return entry?.connection;
  }

  /** Removes a connection. Returns whether it was idle. */
  remove(connection: C): boolean {
    const index = this.#entries.findIndex((entry) => entry.connection === connection);
    if (index >= 0) this.#entries.splice(index, 1);
    if (this.#entries.length === 0) this.#deadlines?.clear();
    return index >= 0;
  }

  /** Returns all connections. */
  all(): C[] {
    return this.#entries.map((entry) => entry.connection);
  }

  /** Takes all out. */
  clear(): C[] {
    this.#deadlines?.clear();
    return this.#entries.splice(0).map((entry) => entry.connection);
  }

  #sweep(now: number): number {
    const { maxIdleTime, minIdle } = this.#options;
    let next = Infinity;
    const leaving: C[] = [];
    for (const entry of [...this.#entries]) {
      if (entry.idleUntil <= now) {
        if (this.#entries.length > minIdle) {
          this.#entries.splice(this.#entries.indexOf(entry), 1);
          leaving.push(entry.connection);
          continue;
        }
        entry.idleUntil = now + maxIdleTime;
      }
      if (entry.diesAt <= now) {
        this.#entries.splice(this.#entries.indexOf(entry), 1);
        leaving.push(entry.connection);
        continue;
      }
      next = Math.min(next, entry.idleUntil, entry.diesAt);
    }
    // Listeners may add connections, so note the times afterwards.
    for (const connection of leaving) this.#expired(connection);
    return this.#entries.length === 0 ? Infinity : next;
  }
}
