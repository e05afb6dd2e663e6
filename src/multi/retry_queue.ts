/**
 * Calls of a `MultiRedis` that wait for another try, and the calls behind them: they start in the order in which they
 * were made.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";

/** A call that may be tried several times. */
export interface RetriedCall {
  /** The position of the call among all calls of the client. */
  readonly sequence: number;
  /** The time of the clock at which the call expires; `Infinity`: never. */
  readonly end: number;
  /** Ends the call while it waits. */
  readonly signal: AbortSignal | undefined;
  /** Sends the commands, before it returns. */
  start(): void;
  /** Rejects the call. */
  reject(error: unknown): void;
}

/** A waiting call. */
interface Waiting {
  readonly call: RetriedCall;
  /** Called when its signal is aborted. */
  abort(): void;
  /** Aborted: it keeps its place until the next start, as removing each of many would visit all others. */
  aborted: boolean;
}

/** The calls that wait. While it is busy, new calls wait in it, too. */
export class RetryQueue {
  readonly #clock: Clock;
  #calls: Waiting[] = [];
  #timer: Timer = undefined;
  /** The time at which the calls start; `Infinity`: there are none. */
  #next = Infinity;
  #starting = false;

  /** Is empty. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether new calls must wait. */
  get busy(): boolean {
    return this.#starting || this.#next !== Infinity;
  }

  /** Lets the call wait for at most `delay` milliseconds; less if it would expire before. */
  add(call: RetriedCall, delay: number): void {
    const { signal } = call;
    const waiting: Waiting = {
      call,
      aborted: false,
      abort() {
        waiting.aborted = true;
        call.reject(signal!.reason);
      },
    };
    signal?.addEventListener("abort", waiting.abort, { once: true });
    this.#calls.push(waiting);
    this.hold(call.end > this.#clock.now() + delay ? delay : 0);
  }

  /** Lets new calls wait for at most `delay` milliseconds. */
  hold(delay: number): void {
    const at = this.#clock.now() + delay;
    if (at >= this.#next) return;
    this.#next = at;
    if (!this.#starting) this.#setTimer();
  }

  /** Starts the calls, in order. */
  start(): void {
    const calls = this.#calls.sort((one, other) => one.call.sequence - other.call.sequence);
    this.#calls = [];
    this.#next = Infinity;
    this.#starting = true;
    for (const { call, abort, aborted } of calls) {
      call.signal?.removeEventListener("abort", abort);
      if (!aborted) call.start();
    }
    this.#starting = false;
    this.#setTimer();
  }

  #setTimer(): void {
    this.#clock.clearTimeout(this.#timer);
    if (this.#next === Infinity) return;
    this.#timer = this.#clock.setTimeout(() => this.start(), Math.max(0, this.#next - this.#clock.now()));
  }
}
