/**
 * Detects a stalled peer, which has neither read nor sent a byte for one second.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";

/** Milliseconds without progress after which a peer counts as stalled. */
const STALLED_AFTER = 1_000;

/** Watches the progress of a peer while too much waits for it. */
export class StallDetector {
  readonly #clock: Clock;
  readonly #progress: () => number;
  #timer: Timer = undefined;
  #watching = false;
  #seen = 0;
  #stalled = false;

  /** `progress` returns a number that grows with each progress of the peer. */
  constructor(clock: Clock, progress: () => number) {
    this.#clock = clock;
    this.#progress = progress;
  }

  /** Whether the peer has stalled; the first call starts to watch it. */
  get stalled(): boolean {
    if (this.#stalled && this.#progress() === this.#seen) return true;
    this.#stalled = false;
    if (!this.#watching) this.#watch();
    return false;
  }

  /** Watches no more. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#watching = true;
  }

  #watch(): void {
    this.#watching = true;
    this.#seen = this.#progress();
    // After a busy time, timers run before the sockets; so a second timer follows.
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = this.#clock.setTimeout(() => {
        this.#watching = false;
        this.#stalled = this.#progress() === this.#seen;
      }, 0);
    }, STALLED_AFTER);
  }
}
