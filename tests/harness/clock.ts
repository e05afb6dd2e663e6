/**
 * Simulated time: it advances only when a test advances it, and always in the same way.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../../src/clock.ts";
import { loadPubSub } from "../../src/client/pubsub/load_pubsub.ts";
import { Heap } from "../../src/testing/heap.ts";

// No part of a client may be loaded while time is simulated.
await loadPubSub();

/** Counts the timers of one owner. */
export interface TimerCount {
  pending: number;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  /** Missing once it was called or taken back: the heap drops it when it comes to the top. */
  callback: (() => void) | undefined;
  readonly owner: TimerCount;
}

/**
 * Lets all promise reactions run, however long their chain: an immediate comes after every microtask. (A message over a
 * MessageChannel does not, on Deno: one that is there already is received in a microtask.)
 */
function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The timers that `rush` calls in one turn of the event loop. */
const TURN = 16;

/** A `Clock` whose time moves only by {@linkcode SimulatedClock.advance}. */
export class SimulatedClock implements Clock {
  #now: number;
  #order = 0;
  #state: number;
  readonly #own: TimerCount = { pending: 0 };
  #pending = 0;
  readonly #timers: Heap<Entry> = new Heap((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));

  /** Starts at `now` milliseconds; the same `seed` gives the same random numbers. */
  constructor(options: { readonly now?: number; readonly seed?: number } = {}) {
    this.#now = options.now ?? 1_000_000;
    this.#state = (options.seed ?? 1) >>> 0;
  }

  /** The simulated time, in milliseconds. */
  now(): number {
    return this.#now;
  }

  /** The simulated time in milliseconds since 1970. */
  date(): number {
    return 1_700_000_000_000 + this.#now;
  }

  /** Calls `callback` when time has advanced by `delay` milliseconds; at the earliest in the next `advance`. */
  setTimeout(callback: () => void, delay: number): Timer {
    return this.schedule(callback, delay, this.#own);
  }

  /** Sets a timer of an owner, whose timers are counted. */
  schedule(callback: () => void, delay: number, owner: TimerCount): Timer {
    const at = this.#now + (delay > 0 ? delay : 0); // NaN counts as 0, as with the real ones
    const entry: Entry = { at, order: this.#order++, callback, owner };
    this.#timers.push(entry);
    this.#pending++;
    owner.pending++;
    return entry;
  }

  /** Takes a timer back. */
  clearTimeout(timer: Timer): void {
    const entry = timer as Entry | undefined;
    if (entry?.callback === undefined) return;
    entry.callback = undefined;
    this.#pending--;
    entry.owner.pending--;
    // Most timers are taken back long before their time: half of a large heap may be such, no more.
    if (this.#timers.size > 64 && this.#timers.size > 2 * this.#pending) {
      this.#timers.retain(({ callback }) => callback !== undefined);
    }
  }

  /** The next of a seeded row of numbers from 0 to 1 (mulberry32). */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** The number of pending timers: 0 at the end of a test without leaks. */
  get pendingTimers(): number {
    return this.#pending;
  }

  /** The time until the next timer in milliseconds; `undefined` without one. */
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
      const callback = next.callback!;
      next.callback = undefined;
      this.#pending--;
      next.owner.pending--;
      this.#now = Math.max(this.#now, next.at);
      callback();
      await settle();
    }
    // A jump may have gone beyond it.
    this.#now = Math.max(this.#now, end);
  }

  /**
   * The same again, faster: the immediates of one turn of the event loop call a timer each, and all promise reactions run
   * between them. Returns early when `pauses()` is true, with the milliseconds that are left; otherwise 0.
   */
  rush(ms: number, pauses: () => boolean): Promise<number> {
    const end = this.#now + ms;
    return new Promise((resolve, reject) => {
      let done = false;
      const finish = (left: number): void => {
        done = true;
        resolve(left);
      };
      const step = (): void => {
        if (done) return;
        if (pauses()) return finish(Math.max(0, end - this.#now));
        const next = this.#next();
        if (next === undefined || next.at > end) {
          this.#now = Math.max(this.#now, end);
          return finish(0);
        }
        const callback = next.callback!;
        next.callback = undefined;
        this.#pending--;
        next.owner.pending--;
        this.#now = Math.max(this.#now, next.at);
        try {
          callback();
        } catch (error) {
          done = true;
          reject(error);
        }
      };
      const turn = (): void => {
        for (let more = 1; more < TURN; more++) setImmediate(step);
        setImmediate(() => {
          step();
          if (!done) turn();
        });
      };
      turn();
    });
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
    let next = this.#timers.peek();
    while (next !== undefined && next.callback === undefined) {
      this.#timers.pop();
      next = this.#timers.peek();
    }
    return next;
  }
}
