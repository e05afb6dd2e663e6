/**
 * Time as a value, so that deadlines, backoff and health checks can be tested in simulated time.
 *
 * @module
 */

/** What a clock hands out for a timer; only the clock that made it knows what it is. */
export type Timer = unknown;

/** A source of time and timers. */
export interface Clock {
  /** Milliseconds from a fixed point in the past; never goes back. */
  now(): number;
  /** Calls `callback` once, after `delay` milliseconds. */
  setTimeout(callback: () => void, delay: number): Timer;
  /** Takes a timer back; one that has fired or is `undefined` is no error. */
  clearTimeout(timer: Timer): void;
  /** A number from 0 (included) to 1 (excluded): jitter comes from here, so that tests can be repeated. */
  random(): number;
}

/** The runtime's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  random: () => Math.random(),
};
