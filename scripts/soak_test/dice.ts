/**
 * Chance that can be repeated, and time.
 *
 * @module
 */
import { SimulatedClock } from "../../tests/harness/clock.ts";

/** Random choices; the same ones for the same seed. */
export class Dice {
  readonly #clock: SimulatedClock;

  /** Any whole number is a seed. */
  constructor(seed: number) {
    this.#clock = new SimulatedClock({ seed });
  }

  /** A number from `from` (included) to `to` (excluded). */
  between(from: number, to: number): number {
    return from + this.#clock.random() * (to - from);
  }

  /** Whether something of this probability happens. */
  chance(probability: number): boolean {
    return this.#clock.random() < probability;
  }

  /** One of a list; `undefined` of none. */
  some<T>(list: readonly [T, ...T[]]): T;
  some<T>(list: readonly T[]): T | undefined;
  some<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#clock.random() * list.length)];
  }
}

/** Resolves after a number of milliseconds. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
