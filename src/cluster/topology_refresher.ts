/**
 * When the slots are asked for anew: one flight at a time, jittered, from whoever may know.
 *
 * @module
 */
import { delayOf, exponential } from "../backoff.ts";
import type { Clock, Timer } from "../clock.ts";
import type { RefreshReason } from "./topology.ts";

/** Who is refreshed. */
export interface Refreshable {
  /** Asks around once and writes down what is found; rejects when nobody knows. */
  round(reason: RefreshReason): Promise<void>;
  /** A round has failed; tells whether another is wanted. */
  failed(error: Error, attempt: number): boolean;
}

/** The spread of requests that many clients make at the same moment, in milliseconds. */
const JITTER = 50;
/** Rounds that fail at the start follow each other more slowly each time, up to a second. */
const BACKOFF = /* @__PURE__ */ exponential({ base: 50, cap: 1_000, jitter: "equal" });

/** Makes rounds, never two at a time. */
export class TopologyRefresher {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #target: Refreshable;
  #flight: Promise<void> | undefined = undefined;
  /** What was asked for while a flight was on its way, which may have come too early. */
  #again: RefreshReason | undefined = undefined;
  #requested: Timer = undefined;
  #next: Timer = undefined;
  #stopped = false;

  /** Refreshes `target` each `interval` milliseconds (0: never) and when asked to. */
  constructor(clock: Clock, interval: number, target: Refreshable) {
    this.#clock = clock;
    this.#interval = interval;
    this.#target = target;
  }

  /** Asks for a refresh in the background, soon. */
  request(reason: RefreshReason): void {
    if (this.#stopped || this.#requested !== undefined) return;
    if (this.#flight !== undefined) {
      this.#again ??= reason;
      return;
    }
    this.#requested = this.#clock.setTimeout(() => {
      this.#requested = undefined;
      this.now(reason).catch(() => {});
    }, this.#clock.random() * JITTER);
  }

  /** Refreshes at once, or joins the flight that is on its way; rejects when no round succeeds. */
  now(reason: RefreshReason): Promise<void> {
    return this.#flight ??= this.#fly(reason).finally(() => {
      this.#flight = undefined;
      const again = this.#again;
      this.#again = undefined;
      if (this.#stopped) return;
      if (again !== undefined) this.request(again);
      this.#schedule();
    });
  }

  /** No more. */
  stop(): void {
    this.#stopped = true;
    this.#clock.clearTimeout(this.#requested);
    this.#clock.clearTimeout(this.#next);
  }

  async #fly(reason: RefreshReason): Promise<void> {
    this.#clock.clearTimeout(this.#requested);
    this.#requested = undefined;
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#target.round(reason);
      } catch (error) {
        if (this.#stopped || !this.#target.failed(error as Error, attempt)) throw error;
        const delay = delayOf(BACKOFF, attempt, this.#clock);
        await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, delay));
      }
    }
  }

  #schedule(): void {
    this.#clock.clearTimeout(this.#next);
    if (this.#interval === 0) return;
    const delay = this.#interval * (0.9 + this.#clock.random() * 0.2);
    this.#next = this.#clock.setTimeout(() => this.now("interval").catch(() => {}), delay);
  }
}
