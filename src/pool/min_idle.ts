/**
 * Keeping idle connections ready: in the background, side by side, and never at anyone's expense.
 *
 * @module
 */
import { delayOf } from "../backoff.ts";
import type { Timer } from "../clock.ts";
import type { BackgroundTimers } from "../connection/background_timers.ts";
import type { Connection } from "../connection/connection.ts";
import { isPermanentRejection } from "../connection/rejected_by_server.ts";
import { LazySet } from "../lazy_set.ts";
import { isFinal } from "../retry.ts";
import { establish, type Opener } from "./pending_connects.ts";

/** The milliseconds after which a lost connection counts as successful, so that the backoff starts again. */
const STEADY = 1_000;

/** The parts of a pool that are needed to keep idle connections. */
export interface MinIdlePool<C> extends Opener<C> {
  /** Returns the number of connections to open now, not counting pending ones. */
  missing(): number;
  /** Takes a connection in, as idle. */
  park(connection: C): void;
  /** A place has become free. */
  changed(): void;
  /** The timers for retries. */
  readonly background: BackgroundTimers;
}

/** Opens connections until there are `minIdle`; a failure is waited out by `reconnect`, as by the shared connection. */
export class MinIdle<C extends Connection> {
  readonly #pool: MinIdlePool<C>;
  readonly #jobs: LazySet<AbortController> = new LazySet();
  #timer: Timer = undefined;
  #failures = 0;
  #delay = 0;
  #openedAt = -Infinity;
  /** Whether a permanent error (such as a wrong password) paused it until another caller succeeds. */
  #resting = false;
  #stopped = false;

  /** Warms up `pool`. */
  constructor(pool: MinIdlePool<C>) {
    this.#pool = pool;
  }

  /** The number of pending connects. */
  get size(): number {
    return this.#jobs.size;
  }

  /** Opens missing connections. */
  look(): void {
    if (this.#stopped || this.#resting || this.#timer !== undefined) return;
    for (let missing = this.#pool.missing(); missing > 0; missing--) this.#start();
  }

  /** Aborts a pending connect, because a caller needs its place. Returns whether there was one. */
  yield(): boolean {
    for (const job of this.#jobs) {
      this.#jobs.delete(job);
      job.abort(new Error("its place was given to someone who waits"));
      return true;
    }
    return false;
  }

  /** Retries at once, because another caller has connected. */
  retryNow(): void {
    this.#failures = this.#delay = 0;
    this.#resting = false;
  }

  /** An idle connection was lost. A server that closes the door behind each that is opened must not be stormed. */
  lost(cause: Error): void {
    if (this.#pool.options.connection.clock.now() - this.#openedAt >= STEADY) this.retryNow();
    else this.#failed(isPermanentRejection(cause));
  }

  /** Aborts all pending connects. */
  abort(reason: () => Error): void {
    for (const job of [...this.#jobs]) job.abort(reason());
  }

  /** Ends it for good. */
  stop(reason: () => Error): void {
    this.#stopped = true;
    this.#pool.background.clear(this.#timer);
    this.abort(reason);
  }

  async #start(): Promise<void> {
    const job = new AbortController();
    this.#jobs.add(job);
    try {
      await establish(this.#pool, job, { retry: false }, (connection) => {
        this.#jobs.delete(job);
        this.#openedAt = this.#pool.options.connection.clock.now();
        this.#pool.park(connection);
      });
    } catch (error) {
      this.#jobs.delete(job);
      if (!job.signal.aborted) this.#failed(isFinal(error));
      this.#pool.changed();
    }
  }

  #failed(forGood: boolean): void {
    const { clock, reconnect } = this.#pool.options.connection;
    this.#failures++;
    this.#resting ||= forGood || this.#failures >= reconnect.attempts;
    if (this.#resting || this.#stopped || this.#timer !== undefined) return;
    this.#delay = delayOf(reconnect.backoff, this.#failures, clock, this.#delay);
    this.#timer = this.#pool.background.set(() => {
      this.#timer = undefined;
      this.look();
    }, this.#delay);
  }
}
