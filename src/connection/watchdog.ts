/**
 * Watches the deadlines of commands and the silence of the server.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { TimeoutError } from "../errors.ts";
import { Deadlines } from "./deadlines.ts";
import { commandTimeoutError } from "./failures.ts";
import type { LinkOptions, LinkOwner } from "./link_owner.ts";
import type { ReplyDispatcher } from "./reply_dispatcher.ts";
import type { Output } from "./output.ts";
import type { Pending } from "./pending.ts";

/** The average number of commands checked in a millisecond, at most; deadlines are that much less exact. */
const LOOKS_A_MILLISECOND = 10_000;

/** The minimum time between two suspicions without a limit of commands, in milliseconds. */
const SHORTEST = 1_000;
/** The flag of commands that may block; `CommandFlag.blocking`. */
const BLOCKING = 4;

/** The parts of a link that its watchdog uses. */
export interface Watched {
  /** The commands that wait for replies. */
  readonly dispatcher: ReplyDispatcher;
  /** Called when the server has been silent for too long: the link is dead. */
  lost(error: TimeoutError): void;
}

const NEVER = { at: Infinity };

/** Rejects expired commands, and reports a server that owes replies and is silent. */
export class Watchdog {
  /** The time at the beginning of this tick. */
  now = 0;
  /** The time since when the server has owed a reply and been silent. */
  silentSince = 0;
  /** The time of the last received bytes. */
  receivedAt = 0;
  /** The time by which a timer of this process must have fired. */
  readonly #wakeBy: { at: number };
  /** Reading is paused, so silence proves nothing. */
  paused = false;
  #suspectedAt = 0;
  /** The least limit of commands that have the usual one, in milliseconds. */
  #relaxed = 0;
  /** The timer for all deadlines. */
  readonly deadlines: Deadlines;
  readonly #clock: Clock;
  readonly #options: LinkOptions;
  readonly #owner: LinkOwner;
  readonly #link: Watched;
  readonly #output: Output;
  readonly #noticesDeadPeer: boolean;

  /** Watches one connection. `noticesDeadPeer`: the system reports a peer that is gone. */
  constructor(
    options: LinkOptions,
    owner: LinkOwner,
    link: Watched,
    output: Output,
    noticesDeadPeer: boolean,
  ) {
    this.#clock = options.clock;
    this.#options = options;
    this.#owner = owner;
    this.#link = link;
    this.#output = output;
    this.#noticesDeadPeer = noticesDeadPeer;
    this.#wakeBy = owner.wakeBy ?? NEVER;
    this.deadlines = new Deadlines(options.clock, (now) => this.#check(now));
  }

  /** Begins a tick in which commands are queued; `idle`: no command was waiting before. */
  tick(idle: boolean): void {
    this.now = this.#clock.now();
    if (!idle) return;
    this.silentSince = this.now;
    if (this.now > this.#wakeBy.at) this.#overslept();
  }

  #overslept(): void {
    const late = this.now - this.#wakeBy.at;
    this.#wakeBy.at = Infinity;
    this.#owner.overslept?.(late);
  }

  /** Notes that bytes arrived. */
  received(): void {
    this.silentSince = this.receivedAt = this.#clock.now();
  }

  /** Sets the least limit of commands that have the usual limit, also of those that wait; 0: the usual one. */
  relax(limit: number): void {
    this.#relaxed = limit;
    if (this.deadlines.next !== Infinity) this.deadlines.note(this.#clock.now());
  }

  /** Returns when a command expires. */
  #end({ deadline, timeout }: Pending): number {
    if (this.#relaxed <= timeout || timeout !== this.#options.commandTimeout) return deadline;
    return deadline - timeout + this.#relaxed;
  }

  /** Sets the deadline of a command that is being queued, and watches it. */
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
    const { address: where } = this.#owner;
    const output = this.#output;
    const { queue } = this.#link.dispatcher;
    let next = Infinity;
    for (let index = 0; index < queue.length; index++) {
      const pending = queue.at(index)!;
      if (pending.done) continue;
      const end = this.#relaxed === 0 ? pending.deadline : this.#end(pending);
      if (end > now) {
        if (end < next) next = end;
        continue;
      }
      // A command that has begun to be sent will be sent whole. Rejecting one may send the next of its pipeline.
      expire(pending, index < queue.length - output.staged ? "unknown" : "no", where);
    }
    const { unsent } = output;
    let expired = false;
    unsent.forEach((pending) => {
      const end = this.#end(pending);
      if (end > now) next = Math.min(next, end);
      else expire(pending, "no", where), expired = true;
    });
    if (expired) unsent.sweep();
    const head = queue.peek() ?? unsent.peek();
    if (head === undefined) return next;
    const patience = this.#patience(head);
    const silentAt = (this.paused ? now : this.silentSince) + patience;
    // A peer that sends a byte now and then is never silent, while the commands behind an expired one wait.
    const stuckAt = head.done && !this.paused ? head.deadline + patience : Infinity;
    const end = Math.min(silentAt, stuckAt);
    // Each check visits all waiting commands: a million deadlines must not cause a million checks.
    if (end > now) {
      next = Math.min(next, end, this.#suspect(head, now));
      return Math.max(next, now + (queue.length + unsent.commands) / LOOKS_A_MILLISECOND);
    }
    const what = silentAt <= now
      ? `was silent for ${Math.round(now - this.silentSince)} ms while a reply was due`
      : `did not end a reply within ${Math.round(patience)} ms after the time for it was up`;
    this.#link.lost(
      new TimeoutError(`${where} ${what}`, { code: "SOCKET_TIMEOUT", executed: "unknown" }),
    );
    return Infinity;
  }

  /** Reports a suspicion that is due, and returns the time of the next one. */
  #suspect(head: Pending, now: number): number {
    const suspicion = this.#suspicion(head);
    if (suspicion >= this.#patience(head)) return Infinity;
    const due = (this.paused ? now : Math.max(this.silentSince, this.#suspectedAt)) + suspicion;
    if (due > now) return due;
    this.#suspectedAt = now;
    // A command that has not been sent whole has no reply yet.
    if (!this.#output.blocked) this.#owner.suspect?.(mayBlock(head));
    return now + suspicion;
  }

  /** Returns how long the server may be silent before a suspicion. */
  #suspicion(head: Pending): number {
    const { commandTimeout, healthCheckInterval = 0 } = this.#options;
    const interval = healthCheckInterval === 0 ? Infinity : Math.max(healthCheckInterval, SHORTEST);
    if (!mayBlock(head)) return Math.max(commandTimeout || interval, this.#relaxed);
    return head.deadline === Infinity && !this.#noticesDeadPeer ? interval : Infinity;
  }

  /** Returns how long the server may be silent while the command at the head waits. */
  #patience(head: Pending): number {
    const { commandTimeout, socketTimeout } = this.#options;
    if (socketTimeout > 0) return Math.max(socketTimeout, this.#relaxed) + (head.cold?.blocks ?? 0);
    // A command with a longer limit than usual may take that long.
    return head.timeout === 0 || commandTimeout === 0
      ? Infinity
      : Math.max(commandTimeout, head.timeout, this.#relaxed);
  }
}

/** Whether a command may block at the server; raw words may be any command. */
function mayBlock({ command: { spec }, cold }: Pending): boolean {
  return spec.words === 0 || (spec.flags & BLOCKING) !== 0 || (cold?.blocks ?? 0) > 0;
}

/** Rejects a command whose time for all tries is up. */
function expire(pending: Pending, executed: "no" | "unknown", where: string): void {
  pending.reject(commandTimeoutError(pending.command.spec.name, executed, pending.timeout, where));
}
