/**
 * The timer for health checks of idle connections.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";

/** Calls `probe` when the connection has been idle for an interval, jittered by a tenth either way. */
export class HealthCheckTimer {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #idleSince: () => number;
  readonly #probe: () => void;
  #timer: Timer = undefined;

  /** `idleSince` returns the time of the last activity; an interval of 0 never probes. */
  constructor(clock: Clock, interval: number, idleSince: () => number, probe: () => void) {
    this.#clock = clock;
    this.#interval = interval;
    this.#idleSince = idleSince;
    this.#probe = probe;
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
    this.#timer = this.#clock.setTimeout(() => this.#wake(), Math.ceil(delay));
  }

  #wake(): void {
    const idle = this.#clock.now() - this.#idleSince();
    const wanted = this.#interval * 0.9;
    if (idle < wanted) return this.#sleep(this.#jittered() - idle);
    this.#sleep(this.#jittered());
    this.#probe();
  }
}
