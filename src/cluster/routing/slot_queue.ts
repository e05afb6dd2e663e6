/**
 * The commands of one slot while some of them are being redirected. It keeps their order:
 *
 * ```text
 *   in flight behind the first refusal --refused--> refused, in call order --by their next steps--> nodes
 *   new calls --> held -----------------------------(when nothing is refused any more)-----------> nodes
 * ```
 *
 * Nothing is sent before all that was sent earlier has been answered. After a delay one command goes alone; when it has
 * run, the others follow. A refused command is rejected where a later one that uses the same keys has run meanwhile.
 *
 * @module
 */
import { OfflineQueue, UNLIMITED } from "../../client/connections/offline_queue.ts";
import { overtaken, UsedKeys } from "../../client/connections/used_keys.ts";
import type { QueueLimits } from "../../options.ts";
import { type Clock, runSoon, type Timer } from "../../clock.ts";
import { Deadlines } from "../../connection/deadlines.ts";
import { commandTimeoutError } from "../../connection/failures.ts";
import type { Pending } from "../../connection/pending.ts";
import { ReplyError } from "../../errors.ts";
import type { Destination } from "../redirection/redirections.ts";

/** A command that did not run, and why. */
interface Refused {
  readonly pending: Pending;
  readonly error: Error;
  readonly to: Destination;
  /** The order of the first refusal; refusals arrive in the order of the calls. */
  readonly order: number;
}

/** The options of a slot queue. */
export interface SlotQueueOptions {
  /** The clock of the pool. */
  readonly clock: Clock;
  /** The limits for held calls. */
  readonly limits: QueueLimits;
  /** The cluster, for messages. */
  readonly address: string;
  /** Sends a refused command. */
  send(pending: Pending, to: Destination): void;
  /** Called when no command is being redirected any more. `held` are the calls made meanwhile. */
  released(held: Pending[]): void;
}

/** Redirects the commands of a slot in order. */
export class SlotQueue {
  readonly #options: SlotQueueOptions;
  readonly #held: OfflineQueue;
  readonly #deadlines: Deadlines;
  /** Sent, and not answered. */
  readonly #awaited: Set<Pending> = new Set();
  /** Commands that call back when they settle. */
  readonly #observed: WeakSet<Pending> = new WeakSet();
  readonly #orders: WeakMap<Pending, number> = new WeakMap();
  #nextOrder = 0;
  /** Refused since something was last sent. */
  #refused: Refused[] = [];
  /** Refused earlier, and not sent since. */
  #waiting: Refused[] = [];
  #scheduled = false;
  #delayed: Timer = undefined;
  /** Whether one command was sent alone, to find out whether the slot is available again. */
  #probing = false;
  #closed = false;

  /** Resolves when nothing is being redirected any more. */
  readonly whenReleased: Promise<void>;
  #release!: () => void;

  /** A queue that waits for the replies to `inFlight`. */
  constructor(options: SlotQueueOptions, inFlight: Iterable<Pending>) {
    this.#options = options;
    this.#held = new OfflineQueue(options.clock, options.limits, options.address);
    this.#deadlines = new Deadlines(options.clock, (now) => this.#expire(now));
    this.whenReleased = new Promise((resolve) => this.#release = resolve);
    this.expect(inFlight);
  }

  /** The number of commands that wait. */
  get size(): number {
    return this.#held.size + this.#refused.length + this.#waiting.length;
  }

  /** The approximate size of the calls that are held, in bytes. */
  get bytes(): number {
    return this.#held.bytes;
  }

  /** Holds a call back until all earlier ones of the slot have been redirected. */
  hold(pending: Pending): void {
    this.#held.add(pending);
  }

  /**
   * Holds a command back that waited for a connection, behind all that was sent before it. A command that this queue
   * has sent takes its place again.
   */
  takeBack(pending: Pending, error: Error): void {
    if (this.#orders.has(pending)) {
      return this.refuse(pending, error, { node: undefined, asking: false, delay: 0 });
    }
    this.#awaited.delete(pending);
    this.#held.reason ??= error;
    this.#held.add(pending, UNLIMITED);
    this.#schedule();
  }

  /** Waits for the replies to commands that were sent before the held ones. */
  expect(inFlight: Iterable<Pending>): void {
    for (const pending of inFlight) this.#await(pending);
  }

  /** Notes that a command was refused, before it is known what becomes of it: others may be refused meanwhile. */
  enter(pending: Pending): void {
    if (!this.#orders.has(pending)) this.#orders.set(pending, this.#nextOrder++);
  }

  /** Takes over a command that was refused. */
  refuse(pending: Pending, error: Error, to: Destination): void {
    this.#awaited.delete(pending);
    this.enter(pending);
    this.#refused.push({ pending, error, to, order: this.#orders.get(pending)! });
    this.#held.reason = error;
    if (pending.deadline !== 0) this.#deadlines.note(pending.deadline);
    this.#schedule();
  }

  /** Forgets a command that fails without having run. */
  dismiss(pending: Pending): void {
    this.#awaited.delete(pending);
    this.#schedule();
  }

  /** Rejects all commands. */
  close(error: (pending: Pending) => Error): void {
    this.#end();
    for (const { pending } of [...this.#refused, ...this.#waiting]) pending.reject(error(pending));
    this.#held.rejectAll(error);
  }

  #end(): void {
    this.#closed = true;
    this.#release();
    this.#options.clock.clearTimeout(this.#delayed);
    this.#deadlines.clear();
  }

  #await(pending: Pending): void {
    this.#awaited.add(pending);
    if (this.#observed.has(pending)) return;
    this.#observed.add(pending);
    pending.onSettled(() => this.#settled(pending));
  }

  /** A command that was sent has run, or may have. */
  #settled(pending: Pending): void {
    if (!this.#awaited.delete(pending)) return;
    const used = new UsedKeys();
    if (this.#refused.length > 0) used.add(pending);
    for (const { pending: earlier, error } of this.#refused) {
      // After a loss reads are repeated in any order, as they always are.
      if (error instanceof ReplyError && used.conflictsWith(earlier)) earlier.reject(overtaken(error));
    }
    this.#schedule();
  }

  /** Commands that a connection or a queue loses together are refused in one go: all of them first. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    runSoon(() => {
      this.#scheduled = false;
      this.#advance();
    });
  }

  #advance(): void {
    if (this.#closed || this.#awaited.size > 0 || this.#delayed !== undefined) return;
    // The command that was sent alone has passed: there is no reason to wait any longer.
    const passed = this.#probing && this.#refused.length === 0;
    this.#probing = false;
    const waiting = passed ? this.#waiting.map(withoutDelay) : this.#waiting;
    this.#waiting = [...this.#refused, ...waiting].filter(({ pending }) => !pending.done)
      .sort((a, b) => a.order - b.order);
    this.#refused = [];
    const first = this.#waiting[0];
    if (first === undefined) {
      this.#end();
      return this.#options.released(this.#held.drain());
    }
    if (first.to.delay > 0) {
      this.#delayed = this.#options.clock.setTimeout(() => {
        this.#delayed = undefined;
        this.#probing = true;
        this.#send(1);
      }, first.to.delay);
      return;
    }
    // Two nodes would answer in no certain order.
    const other = this.#waiting.findIndex(({ to }) =>
      to.delay > 0 || to.node !== first.to.node || to.asking !== first.to.asking
    );
    this.#send(other < 0 ? this.#waiting.length : other);
  }

  #send(count: number): void {
    const sent = this.#waiting.splice(0, count).filter(({ pending }) => !pending.done);
    if (sent.length === 0) return this.#advance();
    for (const { pending } of sent) this.#await(pending);
    for (const { pending, to } of sent) if (!pending.done) this.#options.send(pending, to);
  }

  /** Returns the error of a command that expires after a refusal. NOSCRIPT is no reason: the client sends the source itself. */
  #expired({ command, timeout }: Pending, error: Error): Error {
    if (!(error instanceof ReplyError && error.code === "NOSCRIPT")) return error;
    return commandTimeoutError(command.spec.name, "no", timeout, this.#options.address);
  }

  #expire(now: number): number {
    let next = Infinity;
    for (const { pending, error } of [...this.#refused, ...this.#waiting]) {
      if (pending.done || pending.deadline === 0) continue;
      if (pending.deadline <= now) pending.reject(this.#expired(pending, error));
      else next = Math.min(next, pending.deadline);
    }
    return next;
  }
}

function withoutDelay(one: Refused): Refused {
  return { ...one, to: { ...one.to, delay: 0 } };
}
