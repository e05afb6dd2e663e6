/**
 * A part of a simulated clock: the timers of one owner, which can be counted.
 *
 * @module
 */
import { type Clock, dateOf, type Timer } from "../../src/clock.ts";
import type { SimulatedClock, TimerCount } from "../harness/clock.ts";
import { Dice } from "../harness/dice.ts";

/** The same time as another clock, with timers and chance of its own. */
export class OwnedClock implements Clock {
  readonly #clock: SimulatedClock;
  readonly #dice: Dice;
  readonly #timers: TimerCount = { pending: 0 };
  /** Milliseconds between the date of the other clock and that of this owner. */
  #dateOffset = 0;

  /** `seed` decides what `random()` gives. */
  constructor(clock: SimulatedClock, seed: number) {
    this.#clock = clock;
    this.#dice = new Dice(seed);
  }

  /** The timers of this owner that wait. */
  get pendingTimers(): number {
    return this.#timers.pending;
  }

  /** The time of the other clock. */
  now(): number {
    return this.#clock.now();
  }

  /** The date of the other clock, with all its changes. */
  date(): number {
    return dateOf(this.#clock) + this.#dateOffset;
  }

  /** Changes the date by the given milliseconds. */
  moveDate(ms: number): void {
    this.#dateOffset += ms;
  }

  /** Sets a timer. */
  setTimeout(callback: () => void, delay: number): Timer {
    return this.#clock.schedule(callback, delay, this.#timers);
  }

  /** Takes a timer back. */
  clearTimeout(timer: Timer): void {
    this.#clock.clearTimeout(timer);
  }

  /** The next number of the owner's own row. */
  random(): number {
    return this.#dice.next();
  }
}
