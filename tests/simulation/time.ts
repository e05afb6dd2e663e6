/**
 * The time of a world, in milliseconds since its beginning.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { SimulatedClock } from "../harness/clock.ts";

// The first world of a process is like all others: nothing is loaded while it runs.
await Promise.all([import("../../src/client/lazy_modules.ts"), import("../../src/sentinel/lazy_modules.ts")]);

/** All that is ready to run runs. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Time that passes only when a world lets it pass. */
export class WorldTime {
  /** The clock behind it. */
  readonly clock: SimulatedClock;
  readonly #begin: number;
  #loading: Promise<unknown>[] = [];

  /** `seed` decides what the clock's `random()` returns. */
  constructor(seed: number) {
    this.clock = new SimulatedClock({ seed });
    this.#begin = this.clock.now();
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.clock.now() - this.#begin;
  }

  /** Returns the time in milliseconds since the beginning for a time of the clock. */
  since(at: number): number {
    return at - this.#begin;
  }

  /** Calls back later. */
  later(ms: number, run: () => void): void {
    this.clock.setTimeout(run, ms);
  }

  /** Waits. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.later(ms, resolve));
  }

  /** Time stands still until a part of the client is loaded, as real time passes meanwhile. */
  waitFor(loaded: Promise<unknown>): void {
    this.#loading.push(loaded);
  }

  /** Lets time pass. */
  async skip(ms: number): Promise<void> {
    for (let left = ms;;) {
      await this.#settle();
      left = await this.clock.rush(left, () => this.#loading.length > 0);
      if (left === 0 && this.#loading.length === 0) return;
    }
  }

  async #settle(): Promise<void> {
    await settle();
    while (this.#loading.length > 0) {
      await Promise.all(this.#loading.splice(0));
      await settle();
    }
  }
}
