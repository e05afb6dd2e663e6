/**
 * One timer for all commands of a connection.
 *
 * Replies come in order, so under one common limit only the oldest command matters; the timer stands at the
 * earliest deadline that was known when it was set, and is set anew when it fires. A command costs one comparison.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";

/** Milliseconds of delay from which a timer counts as late. */
const LATE = 100;
/** Milliseconds that a late timer waits: Deno may not have sent the bytes that were written before the delay. */
const AGAIN = 5;

/** A timer for the earliest deadline; `note` moves it forward, and `check` returns its next time. */
export class Deadlines {
  /** The time at which the timer fires; `Infinity`: it is not set. */
  next = Infinity;
  readonly #clock: Clock;
  readonly #check: (now: number) => number;
  #timer: Timer = undefined;
  #late = false;

  /** `check` handles expired commands and returns the time of its next call (`Infinity`: none). */
  constructor(clock: Clock, check: (now: number) => number) {
    this.#clock = clock;
    this.#check = check;
  }

  /** Ensures that the timer fires at `deadline` or before. */
  note(deadline: number): void {
    if (deadline >= this.next) return;
    this.#clock.clearTimeout(this.#timer);
    this.next = deadline;
    // Timers of the runtimes hold 31 bits, and fire up to a millisecond early.
    const delay = Math.min(Math.max(Math.ceil(deadline - this.#clock.now()), 0), 2_147_483_647);
    this.#timer = this.#clock.setTimeout(() => this.#fire(), delay);
  }

  /** Stops the timer. */
  clear(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#late = false;
    this.next = Infinity;
  }

  #fire(): void {
    const now = this.#clock.now();
    // The process was busy or asleep: replies that arrived in time may be unread, and are read first.
    this.#late = !this.#late && now - this.next > LATE;
    if (this.#late) {
      this.#timer = this.#clock.setTimeout(() => this.#fire(), AGAIN);
      return;
    }
    this.#timer = undefined;
    this.next = Infinity;
    const next = this.#check(now);
    // A check that ended the connection has cleared everything; it returns Infinity.
    if (next !== Infinity) this.note(next);
  }
}
