/**
 * The timer for health checks of idle connections.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";

/** The milliseconds by which a timer of a busy process may be late; later ones show that the process was stopped. */
const BUSY = 500;

/** Calls `probe` when the connection has been idle for an interval, jittered by a tenth either way. */
export class HealthCheckTimer {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #idleSince: () => number;
  readonly #probe: () => void;
  readonly #overslept: (milliseconds: number) => void;
  readonly #scheduled: (wakeBy: number) => void;
  #wakeAt = 0;
  #timer: Timer = undefined;

  /** `idleSince` returns the time of the last activity; an interval of 0 never probes. */
  constructor(
    clock: Clock,
    interval: number,
    { idleSince, probe, overslept, scheduled }: {
      readonly idleSince: () => number;
      readonly probe: () => void;
      /** Called instead when the timer is late by an interval, and 500 ms, or more, with how late it is. */
      readonly overslept: (milliseconds: number) => void;
      /** Called with the time after which the timer is late. */
      readonly scheduled: (wakeBy: number) => void;
    },
  ) {
    this.#clock = clock;
    this.#interval = interval;
    this.#idleSince = idleSince;
    this.#probe = probe;
    this.#overslept = overslept;
    this.#scheduled = scheduled;
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
    this.#scheduled(this.#wakeAt + Math.max(this.#interval, BUSY));
  }

  #wake(): void {
    const now = this.#clock.now();
    const idle = now - this.#idleSince();
    const late = now - this.#wakeAt;
    if (late > Math.max(this.#interval, BUSY)) {
      this.#sleep(this.#jittered());
      return this.#overslept(late);
    }
    const wanted = this.#interval * 0.9;
    if (idle < wanted) return this.#sleep(this.#jittered() - idle);
    this.#sleep(this.#jittered());
    this.#probe();
  }
}
