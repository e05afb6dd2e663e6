/**
 * Commands behind a busy socket. Nothing of them is encoded yet, so each can be dropped whole: an aborted or expired
 * command never reaches the server.
 *
 * @module
 */
import { bytesOf } from "../resp/snapshot.ts";
import { AtomicBatch } from "./atomic_batch.ts";
import type { CommandSource } from "./command_source.ts";
import type { Pending } from "./pending.ts";
import { Ring } from "./ring.ts";

/** A command, or several that are sent as a unit. */
export type Unsent = Pending | AtomicBatch;

interface Entry {
  /** The command; for a source its head. */
  item: Unsent;
  readonly source: CommandSource | undefined;
  readonly count: number;
  size: number;
}

/** The owner of a queue, which receives its events. */
export interface UnsentOwner {
  /** Called when commands were dropped before they were sent. */
  dropped(item: Unsent): void;
  /** Called for each command of a source when it is the next one to be sent. */
  queued(pending: Pending): void;
}

/** A first-in first-out queue of commands that have not been encoded. */
export class UnsentQueue {
  /** The number of queued commands, including settled ones that have not been removed yet; of a source the head counts. */
  commands = 0;
  /** About how many bytes they hold. */
  bytes = 0;
  readonly #entries: Ring<Entry> = new Ring();
  readonly #owner: UnsentOwner;

  /** Reports to `owner`. */
  constructor(owner: UnsentOwner) {
    this.#owner = owner;
  }

  /** Queues an item, or a source with its head; copies what its caller may change meanwhile. */
  push(item: Unsent, source?: CommandSource): void {
    const batch = item instanceof AtomicBatch;
    if (batch) { for (const pending of item.members) pending.keepArguments(); }
    else item.keepArguments();
    const size = batch ? item.size : bytesOf(item.command.args);
    this.#add({ item, source, count: batch ? item.members.length : 1, size });
    if (source !== undefined) this.#owner.queued(source.head!);
  }

  /** Takes out the oldest item that still has a caller; drops settled items before it. */
  shift(): Unsent | undefined {
    for (;;) {
      const entry = this.#entries.peek();
      if (entry === undefined) return undefined;
      const { item, source } = entry;
      if (source?.head !== undefined) {
        if (source.full) return undefined;
        source.advance();
      }
      if (source?.head === undefined) this.#remove(this.#entries.shift()!);
      else this.#next(entry, source.head);
      if (!item.done) return item;
      this.#owner.dropped(item);
    }
  }

  /** The oldest command, left in its place. */
  peek(): Pending | undefined {
    const item = this.#entries.peek()?.item;
    return item instanceof AtomicBatch ? item.members[0] : item;
  }

  /** Makes all commands of all sources. */
  expand(): void {
    for (const entry of this.#takeAll()) {
      const { source } = entry;
      this.#add({ ...entry, source: undefined });
      for (let head = source?.head; head !== undefined; head = source!.head) {
        if (head !== entry.item) {
          this.push(head);
          this.#owner.queued(head);
        }
        source!.advance();
      }
    }
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
    for (const entry of this.#takeAll()) {
      if (entry.item.done) this.#owner.dropped(entry.item);
      else this.#add(entry);
    }
  }

  /** Takes out all commands that are not settled, and sources for all of theirs, oldest first. */
  drain(): (Pending | CommandSource)[] {
    return this.#takeAll().flatMap(({ item, source }) => {
      if (item.done) return [];
      return source ?? (item instanceof AtomicBatch ? item.members.filter(({ done }) => !done) : item);
    });
  }

  /** The next command of a source takes the place of the last. */
  #next(entry: Entry, head: Pending): void {
    head.keepArguments();
    this.#owner.queued(head);
    this.#remove(entry);
    entry.item = head;
    entry.size = bytesOf(head.command.args);
    this.#count(entry);
  }

  #takeAll(): Entry[] {
    this.commands = this.bytes = 0;
    return this.#entries.drain();
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    this.#count(entry);
  }

  #count({ count, size }: Entry): void {
    this.commands += count;
    this.bytes += size;
  }

  #remove({ count, size }: Entry): void {
    this.commands -= count;
    this.bytes -= size;
  }
}
