/**
 * Commands that wait for a connection: bounded in number and in bytes, each up to its deadline.
 *
 * @module
 */
import type { Clock } from "../../clock.ts";
import { Deadlines } from "../../connection/deadlines.ts";
import { noConnectionYet, queueFullError } from "../../connection/failures.ts";
import type { BatchSink, Pending } from "../../connection/pending.ts";
import { TimeoutError } from "../../errors.ts";
import type { QueueLimits } from "../../options.ts";
import { bytesOf } from "../../resp/snapshot.ts";

export { bytesOf };

/** Milliseconds between two searches of a full room for places that are free after all. */
const SWEEP_INTERVAL = 100;
/** The maximum and the average number of commands to check in each millisecond. Deadlines are less precise by that. */
const LOOKS_A_MILLISECOND = 10_000;

/** No limits, for commands that were accepted before, or that wait for the first connection only. */
export const UNLIMITED: QueueLimits = { maxCommands: Infinity, maxBytes: Infinity };

/** The owner of a queue, which receives its events. */
export interface OfflineQueueOwner {
  /** Called when the last command that waited has expired. */
  emptied(): void;
}

/** A queue of commands that have not been sent, or may be sent again. */
export class OfflineQueue {
  /** The reason why there is no connection, for the errors of expired commands. */
  reason: Error | undefined = undefined;
  readonly #clock: Clock;
  readonly #limits: QueueLimits;
  readonly #address: { toString(): string };
  readonly #owner: OfflineQueueOwner | undefined;
  #deadlines: Deadlines | undefined = undefined;
  #queue: Pending[] = [];
  #sweptAt = -Infinity;
  #bytes = 0;

  /** `address` is for messages. */
  constructor(
    clock: Clock,
    limits: QueueLimits,
    address: { toString(): string },
    owner?: OfflineQueueOwner,
  ) {
    this.#owner = owner;
    this.#clock = clock;
    this.#limits = limits;
    this.#address = address;
  }

  /** The number of queued commands. */
  get size(): number {
    return this.#queue.length;
  }

  /** Lets a command wait, or rejects it when the room is full, by other limits if they are given: those of the send queue. */
  add(pending: Pending, limits: QueueLimits = this.#limits): void {
    pending.keepArguments();
    pending.coldFields.size ??= bytesOf(pending.command.args);
    if (this.#isFull(pending, limits) && !(this.#sweep() && !this.#isFull(pending, limits))) {
      const queue = limits === this.#limits ? "offlineQueue" : "sendQueue";
      return pending.reject(queueFullError(pending.command.spec.name, String(this.#address), queue));
    }
    pending.startDeadline(this.#clock);
    this.#queue.push(pending);
    this.#bytes += pending.coldFields.size!;
    (this.#deadlines ??= new Deadlines(this.#clock, (now) => this.#check(now))).note(pending.deadline);
  }

  /** Whether a command is still waiting. `size` includes commands that have settled and keep their position. */
  get awaited(): boolean {
    return this.#queue.some((pending) => !pending.done);
  }

  /** About how many bytes they hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes out all who still wait, in order. */
  drain(): Pending[] {
    const all = this.#queue.filter((pending) => !pending.done);
    this.#queue = [];
    this.#bytes = 0;
    this.#deadlines?.clear();
    // Many clients are never offline again.
    this.#deadlines = undefined;
    return all;
  }

  /** Rejects the commands that report to `sink` with `reason`. */
  withdraw(sink: BatchSink, reason: unknown): void {
    for (const pending of this.#queue) if (pending.reportsTo(sink)) pending.reject(reason);
  }

  /** Rejects all queued commands. */
  rejectAll(error: (pending: Pending) => Error): void {
    for (const pending of this.drain()) pending.reject(error(pending));
  }

  #isFull({ coldFields: { size = 0 } }: Pending, { maxCommands, maxBytes }: QueueLimits): boolean {
    if (this.#bytes > 0 && this.#bytes + size > maxBytes) return true;
    return this.#queue.length >= maxCommands;
  }

  /** Lets those go who were aborted and hold a place; now and then only, as it looks at all. */
  #sweep(): boolean {
    const now = this.#clock.now();
    if (now - this.#sweptAt < SWEEP_INTERVAL) return false;
    this.#sweptAt = now;
    this.#check(now);
    return true;
  }

  #check(now: number): number {
    let next = Infinity;
    const staying: Pending[] = [];
    this.#bytes = 0;
    for (const pending of this.#queue) {
      if (!pending.done && pending.deadline <= now) pending.reject(this.#expired(pending));
      if (pending.done) continue;
      staying.push(pending);
      this.#bytes += pending.coldFields.size!;
      next = Math.min(next, pending.deadline);
    }
    this.#queue = staying;
    if (staying.length === 0) this.#owner?.emptied();
    // Each look costs as much as there are waiting: a million deadlines are not looked at each by itself.
    return Math.max(next, now + staying.length / LOOKS_A_MILLISECOND);
  }

  #expired({ command, timeout }: Pending): TimeoutError {
    const why = this.reason === undefined ? noConnectionYet(String(this.#address)) : this.reason.message;
    const message = `${command.spec.name} waited ${timeout} ms for a connection to ${this.#address}: ${why}`;
    return new TimeoutError(message, { code: "COMMAND_TIMEOUT", executed: "no", cause: this.reason });
  }
}
