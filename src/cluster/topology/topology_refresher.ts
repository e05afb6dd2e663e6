/**
 * Schedules topology refreshes: one at a time, at most two a second, less often the longer a trouble lasts.
 *
 * @module
 */
import { sleep } from "../../connection/sleep.ts";
import { delayOf, exponential } from "../../backoff.ts";
import type { BackgroundTimers } from "../../connection/background_timers.ts";
import type { Clock, Timer } from "../../clock.ts";
import type { RefreshReason } from "./topology.ts";

/** The target of refreshes. */
export interface RefreshTarget {
  /** Queries the nodes and applies the answer; returns whether the topology has changed. Rejects when none answers. */
  refresh(reason: RefreshReason): Promise<boolean>;
  /** A refresh has failed; returns whether it is retried. */
  failed(error: Error): boolean;
}

/** The spread of the first request, so that many clients do not refresh at the same moment, in milliseconds. */
const JITTER = 50;
/** The shortest and the longest time between two requested refreshes, in milliseconds. */
const [SHORTEST, LONGEST] = [500, 5_000];
/** The time without requests after which an outage counts as over, in milliseconds. */
const QUIET = 2 * LONGEST;
/** The delays between retries at the start. */
const BACKOFF = /* @__PURE__ */ exponential({ base: 50, cap: 1_000, jitter: "equal" });

/** Refreshes a topology on request, at an interval, and at once. */
export class TopologyRefresher {
  readonly #clock: Clock;
  readonly #background: BackgroundTimers;
  readonly #interval: number;
  readonly #target: RefreshTarget;
  readonly #signal: AbortSignal;
  #flight: Promise<void> | undefined = undefined;
  #requested: Timer = undefined;
  #next: Timer = undefined;
  /** The start of the last refresh. */
  #last = -Infinity;
  /** Since when refreshes are requested that change nothing. */
  #troubledSince = 0;
  /** The reason of a request that came during a flight, which may have begun too early for it. */
  #again: RefreshReason | undefined = undefined;

  /** Refreshes `target` every `interval` milliseconds (0: never) and on request, until the signal is aborted. */
  constructor(
    clock: Clock,
    background: BackgroundTimers,
    interval: number,
    target: RefreshTarget,
    signal: AbortSignal,
  ) {
    this.#clock = clock;
    this.#background = background;
    this.#interval = interval;
    this.#target = target;
    this.#signal = signal;
    signal.addEventListener("abort", () => {
      background.clear(this.#requested);
      background.clear(this.#next);
    }, { once: true });
  }

  /** Requests a refresh in the background; requests that come together are served by one. */
  request(reason: RefreshReason): void {
    if (this.#signal.aborted || this.#requested !== undefined) return;
    if (this.#flight !== undefined) {
      this.#again ??= reason;
      return;
    }
    const now = this.#clock.now();
    if (now - this.#last > QUIET) this.#troubledSince = now;
    // So a trouble lasts a twentieth longer at most, for it was over and no refresh has shown it.
    const spacing = Math.min(LONGEST, Math.max(SHORTEST, (now - this.#troubledSince) / 20));
    const jitter = this.#clock.random();
    const delay = Math.max(jitter * JITTER, this.#last + spacing * (1 + jitter / 10) - now);
    this.#requested = this.#background.set(() => {
      this.#requested = undefined;
      this.now(reason).catch(() => {});
    }, delay);
  }

  /** Refreshes at once, or joins the refresh that is under way; rejects when it fails. */
  now(reason: RefreshReason): Promise<void> {
    return this.#flight ??= this.#run(reason).finally(() => {
      this.#flight = undefined;
      const again = this.#again;
      this.#again = undefined;
      if (again !== undefined) this.request(again);
      this.#schedule();
    });
  }

  /** Refreshes by queries that begin now or later: one that is under way may have begun too early. */
  async anew(reason: RefreshReason): Promise<void> {
    await this.#flight?.catch(() => {});
    await this.now(reason);
  }

  async #run(reason: RefreshReason): Promise<void> {
    this.#background.clear(this.#requested);
    this.#requested = undefined;
    for (let attempt = 1;; attempt++) {
      this.#signal.throwIfAborted();
      this.#last = this.#clock.now();
      try {
        if (await this.#target.refresh(reason)) this.#troubledSince = this.#clock.now();
        return;
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!this.#target.failed(error as Error)) throw error;
        await sleep(this.#clock, delayOf(BACKOFF, attempt, this.#clock), this.#signal);
      }
    }
  }

  #schedule(): void {
    this.#background.clear(this.#next);
    if (this.#interval === 0 || this.#signal.aborted) return;
    const delay = this.#interval * (0.9 + this.#clock.random() * 0.2);
    this.#next = this.#background.set(() => this.now("interval").catch(() => {}), delay);
  }
}
