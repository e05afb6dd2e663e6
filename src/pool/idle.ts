/**
 * The connections of a pool that nobody holds.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";

/** Idle connections, taken last-in first-out or first-in first-out; the oldest leave after `maxIdleTime`. */
export class IdleStore<C> {
  readonly #clock: Clock;
  readonly #order: "lifo" | "fifo";
  readonly #maxIdleTime: number;
  readonly #expired: (connection: C) => void;
  readonly #keep: number;
  // The order of release: the first has been idle for longest.
  readonly #entries: { readonly connection: C; readonly since: number }[] = [];
  #timer: Timer = undefined;

  /** `expired` gets each connection that leaves by age; `keep` of them stay however old. */
  constructor(
    clock: Clock,
    options: { readonly queue: "lifo" | "fifo"; readonly maxIdleTime: number; readonly minIdle: number },
    expired: (connection: C) => void,
  ) {
    this.#clock = clock;
    this.#order = options.queue;
    this.#maxIdleTime = options.maxIdleTime;
    this.#keep = options.minIdle;
    this.#expired = expired;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.length;
  }

  /** Adds a connection that has become idle. */
  put(connection: C): void {
    this.#entries.push({ connection, since: this.#clock.now() });
    if (this.#maxIdleTime > 0 && this.#timer === undefined) this.#sleep(this.#maxIdleTime);
  }

  /** Takes one out, if there is one. */
  take(): C | undefined {
    const entry = this.#order === "lifo" ? this.#entries.pop() : this.#entries.shift();
    if (this.#entries.length === 0) this.#wake();
    return entry?.connection;
  }

  /** Takes this one out; tells whether it was there. */
  remove(connection: C): boolean {
    const index = this.#entries.findIndex((entry) => entry.connection === connection);
    if (index >= 0) this.#entries.splice(index, 1);
    if (this.#entries.length === 0) this.#wake();
    return index >= 0;
  }

  /** Whether this one is idle. */
  has(connection: C): boolean {
    return this.#entries.some((entry) => entry.connection === connection);
  }

  /** Takes all out. */
  clear(): C[] {
    this.#wake();
    return this.#entries.splice(0).map((entry) => entry.connection);
  }

  #sleep(delay: number): void {
    this.#timer = this.#clock.setTimeout(() => this.#sweep(), Math.ceil(delay));
  }

  /** Nobody is left to be watched. */
  #wake(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    while (this.#entries.length > this.#keep) {
      const { connection, since } = this.#entries[0]!;
      if (since + this.#maxIdleTime > now) break;
      this.#entries.shift();
      this.#expired(connection);
    }
    if (this.#entries.length === 0) return;
    const left = this.#entries[0]!.since + this.#maxIdleTime - now;
    this.#sleep(left > 0 ? left : this.#maxIdleTime);
  }
}
