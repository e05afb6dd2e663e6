/**
 * Ordered retries: while refused commands wait for their retry, nothing else is sent on their connection.
 *
 * ```text
 *   sent:     A  B  C  D            A refused -> the gate closes, a PING follows as a barrier
 *   replies:  no no no OK           the barrier's reply -> what became of B, C and D is known
 *   retry:    (A, B, C: D ran behind them, so they are rejected instead; reads behind which only reads ran go again)
 * ```
 *
 * A script that the server did not know is rejected only where a command with one of its keys has run behind it: SCRIPT
 * FLUSH must not fail the scripts of a busy connection.
 *
 * @module
 */
import { Command } from "../../commands/command.ts";
import { PING } from "../../commands/function_specs.ts";
import type { Connection } from "../../connection/connection.ts";
import { type BatchSink, Pending } from "../../connection/pending.ts";
import type { RedisError } from "../../errors.ts";
import { DecodeMode } from "../../resp/types.ts";
import { isReadonly, overtaken, UsedKeys } from "./used_keys.ts";

/**
 * Returns a PING whose reply shows that all commands before it have theirs. It never expires, but a server that is silent
 * for longer than other commands may take counts as dead.
 */
export function barrier(commandTimeout: number, sink?: BatchSink): Pending {
  const pending = new Pending(new Command(PING, []), DecodeMode.text, commandTimeout, sink);
  pending.deadline = Infinity;
  return pending;
}

/** Sends PING as a barrier. Calls `answered` with its reply of any kind, unless the connection ends before. */
export function sendBarrier(connection: Connection, answered: () => void): void {
  // A full queue refuses no barrier.
  connection.link?.enqueue(
    barrier(connection.options.commandTimeout, { resolved: answered, rejected: answered }),
  );
}

/** A refused command, or the placeholder of a batch. */
interface Refused {
  readonly pending: Pending;
  readonly error: RedisError;
  /** Its place among the commands in flight; -1 is before all of them. */
  readonly place: number;
}

/** The commands of one connection that were refused for now, and those in flight behind them. */
export class RetryHold {
  /** Whether every command that was in flight has its reply. */
  quiet = false;
  readonly #places: Map<Pending, number> = new Map();
  readonly #failed: Set<Pending> = new Set();
  readonly #refused: Refused[] = [];

  /** Begins with the first refusal on `connection`; `quiet` is called when the last reply is there. */
  constructor(connection: Connection, quiet: () => void) {
    connection.link?.forEachPending((pending) => {
      // A command without a sender belongs to the connection, or is queued in a transaction whose EXEC counts.
      if (pending.sender !== undefined) this.#places.set(pending, this.#places.size);
    });
    sendBarrier(connection, () => {
      this.quiet = true;
      quiet();
    });
  }

  /** A command in flight has an error as its reply: it has not run. */
  failed(pending: Pending): void {
    this.#failed.add(pending);
  }

  /** A command was refused and is to be retried. `last`: the command in flight that stands for a batch. */
  refuse(pending: Pending, error: RedisError, last: Pending = pending): void {
    this.#refused.push({ pending, error, place: this.#places.get(last) ?? -1 });
  }

  /** Rejects each refused command whose retry would run behind a command that was called after it. */
  rejectOvertaken(): void {
    let ran = -1;
    let wrote = -1;
    for (const [pending, place] of this.#places) {
      if (this.#failed.has(pending)) continue;
      ran = place;
      if (!isReadonly(pending)) wrote = place;
    }
    const scripts: Refused[] = [];
    for (const one of this.#refused) {
      const { pending, error, place } = one;
      if (place >= (isReadonly(pending) ? wrote : ran)) continue;
      if (error.code === "NOSCRIPT") scripts.push(one);
      else pending.reject(error);
    }
    if (scripts.length > 0) this.#rejectConflicting(scripts);
  }

  /** Rejects each of the refused commands behind which a command with one of its keys has run. */
  #rejectConflicting(refused: readonly Refused[]): void {
    const used = new UsedKeys();
    const later = [...this.#places].filter(([pending]) => !this.#failed.has(pending));
    for (const { pending, error, place } of [...refused].sort((a, b) => b.place - a.place)) {
      while (later.length > 0 && later.at(-1)![1] > place) used.add(later.pop()![0]);
      if (used.conflictsWith(pending)) pending.reject(overtaken(error));
    }
  }
}
