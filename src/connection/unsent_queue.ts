/**
 * Commands behind a busy socket. Nothing of them is encoded yet, so each can be dropped whole: an aborted or expired
 * command never reaches the server.
 *
 * @module
 */
import { bytesOf } from "../resp/snapshot.ts";
import { AtomicBatch } from "./atomic_batch.ts";
import type { Pending } from "./pending.ts";
import { Ring } from "./ring.ts";

/** A command, or several that are sent as a unit. */
export type Unsent = Pending | AtomicBatch;

interface Entry {
  readonly item: Unsent;
  readonly count: number;
  readonly size: number;
}

/** A first-in first-out queue of commands that have not been encoded. */
export class UnsentQueue {
  /** The number of queued commands, including settled ones that have not been removed yet. */
  commands = 0;
  /** About how many bytes they hold. */
  bytes = 0;
  readonly #entries: Ring<Entry> = new Ring();
  readonly #dropped: (item: Unsent) => void;

  /** `dropped` is called for each item that is removed without being sent. */
  constructor(dropped: (item: Unsent) => void) {
    this.#dropped = dropped;
  }

  /** Queues an item; copies what its caller may change meanwhile. */
  push(item: Unsent): void {
    const batch = item instanceof AtomicBatch;
    if (batch) { for (const pending of item.members) pending.keepArguments(); }
    else item.keepArguments();
    const size = batch ? item.size : bytesOf(item.command.args);
    this.#add({ item, count: batch ? item.members.length : 1, size });
  }

  /** Takes out the oldest item that still has a caller; drops settled items before it. */
  shift(): Unsent | undefined {
    for (;;) {
      const entry = this.#entries.shift();
      if (entry === undefined) return undefined;
      this.commands -= entry.count;
      this.bytes -= entry.size;
      if (!entry.item.done) return entry.item;
      this.#dropped(entry.item);
    }
  }

  /** The oldest command, left in its place. */
  peek(): Pending | undefined {
    const item = this.#entries.peek()?.item;
    return item instanceof AtomicBatch ? item.members[0] : item;
  }

  /** Calls `visit` for each command that is not settled, oldest first. */
  forEach(visit: (pending: Pending) => void): void {
    for (let index = 0; index < this.#entries.length; index++) {
      const { item } = this.#entries.at(index)!;
      if (item instanceof AtomicBatch) item.members.forEach((one) => one.done || visit(one));
      else if (!item.done) visit(item);
    }
  }

  /** Removes settled items: their places and their memory are free again. */
  sweep(): void {
    const entries = this.#entries.drain();
    this.commands = this.bytes = 0;
    for (const entry of entries) {
      if (entry.item.done) this.#dropped(entry.item);
      else this.#add(entry);
    }
  }

  /** Takes out all commands that are not settled, oldest first. */
  drain(): Pending[] {
    const all: Pending[] = [];
    this.forEach((pending) => all.push(pending));
    this.#entries.drain();
    this.commands = this.bytes = 0;
    return all;
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    this.commands += entry.count;
    this.bytes += entry.size;
  }
}
