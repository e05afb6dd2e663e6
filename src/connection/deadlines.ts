/**
 * One timer for all commands of a connection.
 *
 * Replies come in order, so under one common limit only the oldest command matters; the timer stands at the
 * earliest deadline that was known when it was set, and is set anew when it fires. A command costs one comparison.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";

/** Milliseconds behind its time from which on a timer counts as held up. */
const LATE = 100;
/** Milliseconds that it waits then: Deno may not have sent yet what was written before it was held up. */
const AGAIN = 5;

/** A timer that is only ever moved forward by `note`, and asks for its next time when it fires. */
export class Deadlines {
  /** When the timer fires next; `Infinity`: it is not set. */
  next = Infinity;
  readonly #clock: Clock;
  readonly #check: (now: number) => number;
  #timer: Timer = undefined;
  #late = false;

  /** `check` deals with what is due and returns when to be called next (`Infinity`: not at all). */
  constructor(clock: Clock, check: (now: number) => number) {
    this.#clock = clock;
    this.#check = check;
  }

  /** Makes sure that the timer fires at `deadline` or before. */
  note(deadline: number): void {
    if (deadline >= this.next) return;
    this.#clock.clearTimeout(this.#timer);
    this.next = deadline;
    // Timers of the runtimes hold 31 bits, and fire up to a millisecond early.
    const delay = Math.min(Math.max(Math.ceil(deadline - this.#clock.now()), 0), 2_147_483_647);
    this.#timer = this.#clock.setTimeout(this.#fire, delay);
  }

  /** Takes the timer back. */
  clear(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#late = false;
    this.next = Infinity;
  }

  #fire = (): void => {
    const now = this.#clock.now();
    // The process was busy or asleep: replies may have come in time and lie unread, and are let in first.
    this.#late = !this.#late && now - this.next > LATE;
    if (this.#late) {
      this.#timer = this.#clock.setTimeout(this.#fire, AGAIN);
      return;
    }
    this.#timer = undefined;
    this.next = Infinity;
    const next = this.#check(now);
    // A check that ended the connection has cleared everything; it returns Infinity.
    if (next !== Infinity) this.note(next);
  };
}
