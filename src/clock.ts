/**
 * Time as a value, so that deadlines, backoff and health checks can be tested in simulated time.
 *
 * @module
 */

/** A timer of a clock, opaque to its users. */
export type Timer = unknown;

/** A source of time and timers. */
export interface Clock {
  /** Returns monotonic milliseconds from a fixed point in the past. */
  now(): number;
  /** Calls `callback` once, after `delay` milliseconds: any number from 0 up, also above 2^31 - 1; never with `Infinity`. */
  setTimeout(callback: () => void, delay: number): Timer;
  /** Takes a timer back; one that has fired or is `undefined` is no error. */
  clearTimeout(timer: Timer): void;
  /** Returns a random number from 0 (included) to 1 (excluded), for jitter. Tests replace it. */
  random(): number;
  /** Milliseconds since 1970. Default: the runtime's own. */
  date?(): number;
}

// Taken at import: fake timers of test frameworks replace the globals later, and would stop clients and servers.
const startTimer = setTimeout;
const stopTimer = clearTimeout;
const RealDate = Date;

/** `queueMicrotask` of the runtime, also while a test framework has replaced it by a fake. */
export const runSoon: (callback: () => void) => void = queueMicrotask;

/** Milliseconds that a timer of the runtimes holds; with more, it fires at once. */
const LONGEST = 2_147_483_647;

/** A timer for longer than a timer of the runtime holds. */
class LongTimer {
  #timer: ReturnType<typeof startTimer> | undefined;

  constructor(callback: () => void, delay: number) {
    this.#wait(callback, delay);
  }

  clear(): void {
    stopTimer(this.#timer);
  }

  #wait(callback: () => void, left: number): void {
    if (left === Infinity) return;
    const next = left > LONGEST ? () => this.#wait(callback, left - LONGEST) : callback;
    this.#timer = startTimer(next, Math.min(left, LONGEST));
  }
}

/** The runtime's own time. */
export const systemClock: Clock = {
  now: performance.now.bind(performance),
  setTimeout: (callback, delay) =>
    delay > LONGEST ? new LongTimer(callback, delay) : startTimer(callback, delay),
  clearTimeout: (timer) =>
    timer instanceof LongTimer ? timer.clear() : stopTimer(timer as ReturnType<typeof startTimer>),
  random: () => Math.random(),
  date: () => Date.now(),
};

/** Milliseconds since 1970, by a clock. */
export function dateOf(clock: Clock): number {
  return clock.date?.() ?? Date.now();
}

/**
 * Milliseconds since 1970: of `Date` while a test framework has replaced it by a fake, so that keys of a test server
 * expire in the time of the test.
 */
export function wallTime(): number {
  return globalThis.Date === RealDate ? performance.timeOrigin + systemClock.now() : globalThis.Date.now();
}

/** A text that no other caller gets; by a clock of its own for tests, the same row of them in each run. */
export function uniqueId(clock: Clock): string {
  return clock === systemClock ? crypto.randomUUID() : `${clock.random()}${clock.random()}`;
}
