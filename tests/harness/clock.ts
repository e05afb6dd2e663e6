/**
 * Simulated time: nothing happens until a test says that time goes on, and it happens the same way each run.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../../src/clock.ts";

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Lets all promise reactions run, however long their chain: an immediate comes after every microtask. (A message over a
 * MessageChannel does not, on Deno: one that is there already is received in a microtask.)
 */
function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A `Clock` whose time moves only by {@linkcode SimulatedClock.advance}. */
export class SimulatedClock implements Clock {
  #now: number;
  #order = 0;
  #state: number;
  readonly #timers: Set<Entry> = new Set();

  /** Starts at `now` milliseconds; the same `seed` gives the same random numbers. */
  constructor(options: { readonly now?: number; readonly seed?: number } = {}) {
    this.#now = options.now ?? 1_000_000;
    this.#state = (options.seed ?? 1) >>> 0;
  }

  /** The simulated time, in milliseconds. */
  now(): number {
    return this.#now;
  }

  /** Calls `callback` when time has advanced by `delay` milliseconds; at the earliest in the next `advance`. */
  setTimeout(callback: () => void, delay: number): Timer {
    const at = this.#now + (delay > 0 ? delay : 0); // NaN counts as 0, as with the real ones
    const entry: Entry = { at, order: this.#order++, callback };
    this.#timers.add(entry);
    return entry;
  }

  /** Takes a timer back. */
  clearTimeout(timer: Timer): void {
    this.#timers.delete(timer as Entry);
  }

  /** The next of a seeded row of numbers from 0 to 1 (mulberry32). */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** How many timers wait: 0 at the end of a test that leaks none. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, in milliseconds from now; `undefined` without one. */
  get nextTimer(): number | undefined {
    const next = this.#next();
    return next && next.at - this.#now;
  }

  /**
   * Moves time on by `ms` milliseconds. Timers that come due are called in the order of their times, then of
   * their making, each at its own time, and all promises settle before the next one.
   */
  advance(ms: number): Promise<void> {
    return this.skip(ms, drainMicrotasks);
  }

  /** The same, for many short tests: `settle` lets promises settle, in its own way, before and after each timer. */
  async skip(ms: number, settle: () => Promise<void>): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(); next !== undefined && next.at <= end; next = this.#next()) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settle();
    }
    this.#now = end;
  }

  /** Time goes by in which nothing runs, as in a process that was stopped: timers come due behind their time. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Lets promises settle without moving time on; timers of 0 ms are called. */
  async settle(): Promise<void> {
    await this.advance(0);
  }

  #next(): Entry | undefined {
    let next: Entry | undefined;
    for (const entry of this.#timers) {
      if (next === undefined || entry.at < next.at || (entry.at === next.at && entry.order < next.order)) {
        next = entry;
      }
    }
    return next;
  }
}
