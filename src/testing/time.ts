/**
 * The server's time: its clock plus the time that a test has added.
 *
 * @module
 */
import { type Clock, systemClock, type Timer, wallTime } from "../clock.ts";
import { Heap } from "./heap.ts";

/** A scheduled call. */
export interface Alarm {
  /** Milliseconds since 1970, in the server's time. */
  readonly at: number;
  /** Decides between alarms of the same time: the earlier set goes first. */
  readonly order: number;
  /** The callback. */
  readonly ring: () => void;
  /** Whether it was taken back, or has happened. */
  done: boolean;
}

/** Wall time and alarms. */
export class ServerTime {
  readonly #clock: Clock;
  #base: number;
  #frozen: number | undefined;
  #order = 0;
  #alarms: Heap<Alarm> = new Heap((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #stopped = false;

  /** Whether it is the runtime's time, which runs by itself. */
  get real(): boolean {
    return this.#clock === systemClock;
  }

  /** Begins at `epoch`, in milliseconds since 1970. */
  constructor(clock: Clock, epoch: number) {
    this.#clock = clock;
    this.#base = epoch - this.#source();
  }

  #source(): number {
    return this.real ? wallTime() : this.#clock.now();
  }

  /** Milliseconds since 1970, with fractions where the clock has them. */
  exact(): number {
    return this.#frozen ?? this.#base + this.#source();
  }

  /** Milliseconds since 1970, whole. */
  now(): number {
    return Math.floor(this.exact());
  }

  /** A number from 0 to 1, from the clock. */
  random(): number {
    return this.#clock.random();
  }

  /** Calls `ring` when the server's time is `at`. */
  set(at: number, ring: () => void): Alarm {
    const alarm: Alarm = { at, order: this.#order++, ring, done: false };
    this.#alarms.push(alarm);
    this.#arm();
    return alarm;
  }

  /** Takes an alarm back. */
  cancel(alarm: Alarm | undefined): void {
    if (alarm !== undefined) alarm.done = true;
  }

  /** Moves time forward; everything that is due on the way happens, in order, each at its own time. */
  advance(ms: number): void {
    const target = this.exact() + ms;
    for (let next = this.#next(); next !== undefined && next.at <= target; next = this.#next()) {
      this.#frozen = Math.max(this.exact(), next.at);
      this.#ring();
    }
    this.#frozen = undefined;
    this.#base = target - this.#source();
    this.#arm();
  }

  /** The difference between its time and the clock's. It changes when time is advanced, and can be reset. */
  get offset(): number {
    return this.#base;
  }

  set offset(offset: number) {
    this.#base = offset;
    this.#clock.clearTimeout(this.#timer);
    this.#timerAt = Infinity;
    this.#arm();
  }

  /** No timer is set from now on. */
  stop(): void {
    this.#stopped = true;
    this.#clock.clearTimeout(this.#timer);
    this.#alarms.clear();
  }

  #next(): Alarm | undefined {
    while (this.#alarms.peek()?.done) this.#alarms.pop();
    return this.#alarms.peek();
  }

  #ring(): void {
    const alarm = this.#alarms.pop()!;
    alarm.done = true;
    alarm.ring();
  }

  #arm(): void {
    const next = this.#next();
    if (next === undefined || this.#stopped || next.at >= this.#timerAt) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timerAt = next.at;
    const delay = Math.min(Math.max(0, Math.ceil(next.at - this.exact())), 2 ** 31 - 1);
    this.#timer = this.#clock.setTimeout(() => {
      this.#timerAt = Infinity;
      for (let due = this.#next(); due !== undefined && due.at <= this.exact(); due = this.#next()) {
        this.#ring();
      }
      this.#arm();
    }, delay);
  }
}
