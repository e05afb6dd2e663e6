/**
 * The timer for health checks of idle connections.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";

/** The milliseconds by which a timer of a busy process may be late; later ones show that the process was stopped. */
const BUSY = 500;

/** The owner of the timer, which receives its events. */
export interface HealthCheckOwner {
  /** The time of the last activity. */
  readonly idleSince: number;
  /** Called when the connection has been idle for an interval. */
  probe(): void;
  /** Called instead when the timer is late by an interval, and 500 ms, or more, with how late it is. */
  overslept(milliseconds: number): void;
  /** Called with the time after which the timer is late. */
  scheduled(wakeBy: number): void;
}

/** Calls `probe` when the connection has been idle for an interval, jittered by a tenth either way. */
export class HealthCheckTimer {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #owner: HealthCheckOwner;
  #wakeAt = 0;
  #timer: Timer = undefined;

  /** An interval of 0 never probes. */
  constructor(clock: Clock, interval: number, owner: HealthCheckOwner) {
    this.#clock = clock;
    this.#interval = interval;
    this.#owner = owner;
  }

  /** Starts the timer. */
  start(): void {
    if (this.#interval > 0) this.#sleep(this.#jittered());
  }

  /** Stops the timer. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #jittered(): number {
    // Spreads the probes of connections that were opened together.
    return this.#interval * (0.9 + this.#clock.random() * 0.2);
  }

  #sleep(delay: number): void {
    this.#wakeAt = this.#clock.now() + delay;
    this.#timer = this.#clock.setTimeout(() => this.#wake(), Math.ceil(delay));
    this.#owner.scheduled(this.#wakeAt + Math.max(this.#interval, BUSY));
  }

  #wake(): void {
    const now = this.#clock.now();
    const idle = now - this.#owner.idleSince;
    const late = now - this.#wakeAt;
    if (late > Math.max(this.#interval, BUSY)) {
      this.#sleep(this.#jittered());
      return this.#owner.overslept(late);
    }
    const wanted = this.#interval * 0.9;
    if (idle < wanted) return this.#sleep(this.#jittered() - idle);
    this.#sleep(this.#jittered());
    this.#owner.probe();
  }
}
