/**
 * A part of a simulated clock: the timers of one owner, which can be counted.
 *
 * @module
 */
import { type Clock, dateOf, type Timer } from "../../src/clock.ts";
import { Dice } from "../harness/dice.ts";

interface OwnedTimer {
  readonly inner: Timer;
  pending: boolean;
}

/** The same time as another clock, with timers and chance of its own. */
export class OwnedClock implements Clock {
  readonly #clock: Clock;
  readonly #dice: Dice;
  #pending = 0;

  /** `seed` decides what `random()` gives. */
  constructor(clock: Clock, seed: number) {
    this.#clock = clock;
    this.#dice = new Dice(seed);
  }

  /** The timers of this owner that wait. */
  get pendingTimers(): number {
    return this.#pending;
  }

  /** The time of the other clock. */
  now(): number {
    return this.#clock.now();
  }

  /** The date of the other clock. */
  date(): number {
    return dateOf(this.#clock);
  }

  /** Sets a timer. */
  setTimeout(callback: () => void, delay: number): Timer {
    const timer: { inner: Timer; pending: boolean } = { inner: undefined, pending: true };
    this.#pending++;
    timer.inner = this.#clock.setTimeout(() => {
      timer.pending = false;
      this.#pending--;
      callback();
    }, delay);
    return timer;
  }

  /** Takes a timer back. */
  clearTimeout(timer: Timer): void {
    const owned = timer as OwnedTimer | undefined;
    if (owned === undefined || !owned.pending) return;
    owned.pending = false;
    this.#pending--;
    this.#clock.clearTimeout(owned.inner);
  }

  /** The next number of the owner's own row. */
  random(): number {
    return this.#dice.next();
  }
}
