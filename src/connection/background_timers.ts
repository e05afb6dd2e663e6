/**
 * Timers for work that no caller waits for, such as reconnects and refreshes. `unref()` of a client concerns them.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";
import { LazySet } from "../lazy_set.ts";

/** Timers of Node, Bun and Deno have these methods; those of Workers and of other clocks need not. */
function keepProcess(timer: Timer, alive: boolean): void {
  (timer as Partial<Record<"ref" | "unref", () => void>>)[alive ? "ref" : "unref"]?.();
}

/** The background timers of a pool. */
export class BackgroundTimers {
  readonly #clock: Clock;
  readonly #timers: LazySet<Timer> = new LazySet();
  #keepsProcess = true;

  /** Has no timer yet. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `callback` once, after `delay` milliseconds. */
  set(callback: () => void, delay: number): Timer {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, delay);
    this.#timers.add(timer);
    if (!this.#keepsProcess) keepProcess(timer, false);
    return timer;
  }

  /** Takes a timer back; one that has fired or is `undefined` is no error. */
  clear(timer: Timer): void {
    this.#timers.delete(timer);
    this.#clock.clearTimeout(timer);
  }

  /** Sets whether the timers keep the process alive, those that are set later included. Default: they do. */
  keepProcess(alive: boolean): void {
    this.#keepsProcess = alive;
    for (const timer of this.#timers) keepProcess(timer, alive);
  }
}
