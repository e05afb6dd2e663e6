/**
 * Who watches that replies come: the deadlines of commands, and the silence of the server.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { TimeoutError } from "../errors.ts";
import { Deadlines } from "./deadlines.ts";
import { commandTimeoutError } from "./failures.ts";
import type { ReplyDispatcher } from "./reply_dispatcher.ts";
import type { Output } from "./output.ts";
import type { Pending } from "./pending.ts";

/** How many are looked at in each millisecond, at most and in the mean; a deadline is kept that much less exactly. */
const LOOKS_A_MILLISECOND = 10_000;

/** The least time between two suspicions where no limit of commands says it, in milliseconds. */
const SHORTEST = 1_000;
/** The flag of commands that may block; `CommandFlag.blocking`. */
const BLOCKING = 4;

/** What a watchdog needs to know of its connection. */
export interface Watched {
  readonly dispatcher: ReplyDispatcher;
  readonly output: Output;
  readonly where: string;
  readonly commandTimeout: number;
  readonly socketTimeout: number;
  readonly healthCheckInterval: number;
  /** Whether the system tells of a peer that is gone. */
  readonly noticesDeadPeer: boolean;
  /** The server has been silent for too long: the link counts as dead. */
  silent(error: TimeoutError): void;
  /** The server has been silent for longer than is usual: it may be dead. `mayBlock`: or wait for something to happen. */
  suspect(mayBlock: boolean): void;
}

/** Rejects commands whose time is up, and declares a connection dead that owes replies and says nothing. */
export class Watchdog {
  /** The time at the beginning of this tick; read by what is queued in it. */
  now = 0;
  /** Since when the server has owed a reply and said nothing. */
  silentSince = 0;
  /** When the server was last heard. */
  receivedAt = 0;
  /** Nothing is read, so silence says nothing. */
  paused = false;
  #suspectedAt = 0;
  /** The timer; a command notes its deadline here. */
  readonly deadlines: Deadlines;
  readonly #clock: Clock;
  readonly #watched: Watched;

  /** Watches one connection. */
  constructor(clock: Clock, watched: Watched) {
    this.#clock = clock;
    this.#watched = watched;
    this.deadlines = new Deadlines(clock, (now) => this.#check(now));
  }

  /** A tick begins in which commands are queued; `idle`: none was waiting before. */
  tick(idle: boolean): void {
    this.now = this.#clock.now();
    if (idle) this.silentSince = this.now;
  }

  /** Bytes came. */
  received(): void {
    this.silentSince = this.receivedAt = this.#clock.now();
  }

  /** Sets the deadline of a command that is being queued, and sees to it. */
  watch(pending: Pending): void {
    if (pending.deadline === 0) {
      pending.deadline = pending.timeout === 0 ? Infinity : this.now + pending.timeout;
    }
    const { next } = this.deadlines;
    if (pending.deadline < next) this.deadlines.note(pending.deadline);
    if (next === Infinity) {
      const silence = Math.min(this.#patience(pending), this.#suspicion(pending));
      if (silence !== Infinity) this.deadlines.note(this.silentSince + silence);
    }
  }

  #check(now: number): number {
    const { dispatcher, output, where } = this.#watched;
    const { queue } = dispatcher;
    // What has begun to be sent will be sent whole.
    const begun = queue.length - output.staged;
    let next = Infinity;
    for (let index = 0; index < queue.length; index++) {
      const pending = queue.at(index)!;
      if (pending.done) continue;
      if (pending.deadline > now) {
        if (pending.deadline < next) next = pending.deadline;
        continue;
      }
      expire(pending, index < begun ? "unknown" : "no", where);
    }
    const { unsent } = output;
    let expired = false;
    unsent.forEach((pending) => {
      if (pending.deadline > now) next = Math.min(next, pending.deadline);
      else expire(pending, "no", where), expired = true;
    });
    if (expired) unsent.sweep();
    const head = queue.peek() ?? unsent.peek();
    if (head === undefined) return next;
    const patience = this.#patience(head);
    const silentAt = (this.paused ? now : this.silentSince) + patience;
    // A peer that says a byte now and then is never silent; nobody waits for its reply any more, and all others do.
    const stuckAt = head.done && !this.paused ? head.deadline + patience : Infinity;
    const end = Math.min(silentAt, stuckAt);
    // Each look costs as much as there are waiting: a million deadlines are not looked at each by itself.
    if (end > now) {
      next = Math.min(next, end, this.#suspect(head, now));
      return Math.max(next, now + (queue.length + unsent.commands) / LOOKS_A_MILLISECOND);
    }
    const what = silentAt <= now
      ? `was silent for ${Math.round(now - this.silentSince)} ms while a reply was due`
      : `did not end a reply within ${Math.round(patience)} ms after the time for it was up`;
    this.#watched.silent(
      new TimeoutError(`${where} ${what}`, { code: "SOCKET_TIMEOUT", executed: "unknown" }),
    );
    return Infinity;
  }

  /** Voices a suspicion that is due, and returns when the next one will be. */
  #suspect(head: Pending, now: number): number {
    const suspicion = this.#suspicion(head);
    if (suspicion >= this.#patience(head)) return Infinity;
    const due = (this.paused ? now : Math.max(this.silentSince, this.#suspectedAt)) + suspicion;
    if (due > now) return due;
    this.#suspectedAt = now;
    // What has not been sent whole has no reply yet.
    if (!this.#watched.output.busy) this.#watched.suspect(mayBlock(head));
    return now + suspicion;
  }

  /** How long the server may be silent before it is asked over another connection whether it lives. */
  #suspicion(head: Pending): number {
    const { commandTimeout, healthCheckInterval, noticesDeadPeer } = this.#watched;
    const interval = healthCheckInterval === 0 ? Infinity : Math.max(healthCheckInterval, SHORTEST);
    if (!mayBlock(head)) return commandTimeout || interval;
    return head.deadline === Infinity && !noticesDeadPeer ? interval : Infinity;
  }

  /** How long the server may be silent while the command at the head waits. */
  #patience(head: Pending): number {
    const { commandTimeout, socketTimeout } = this.#watched;
    if (socketTimeout > 0) return socketTimeout + (head.cold?.blocks ?? 0);
    // A caller who gave a command more time than usual wants it to have it.
    return head.timeout === 0 || commandTimeout === 0 ? Infinity : Math.max(commandTimeout, head.timeout);
  }
}

/** Whether a command may wait on the server for something to happen; of raw words nothing is known. */
function mayBlock({ command: { spec }, cold }: Pending): boolean {
  return spec.words === 0 || (spec.flags & BLOCKING) !== 0 || (cold?.blocks ?? 0) > 0;
}

/** Its time is up for all tries together: nobody may send it again. */
function expire(pending: Pending, executed: "no" | "unknown", where: string): void {
  pending.reject(commandTimeoutError(pending.command.spec.name, executed, pending.timeout, where));
}
