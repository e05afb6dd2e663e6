/**
 * The commands on their way to the nodes, by slot.
 *
 * The index of a connection is made when a node refuses a command, and each command enters it once: a burst of
 * redirections looks at each command in flight once, not once for each slot.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import type { Connection } from "../../connection/connection.ts";
import type { Pending } from "../../connection/pending.ts";
import type { ClusterNode } from "../topology/node.ts";
import { slotOfCommand } from "./route.ts";

/** Finds commands in flight to the nodes: over their shared connections, over dedicated ones where asked, and batches. */
export class InFlightCommands {
  readonly #wanted: (pending: Pending) => boolean;
  readonly #indexes: WeakMap<Connection, InFlightIndex> = new WeakMap();
  /** Batches on their way, and the nodes that they were sent to. */
  readonly #batches: Map<Pending, ClusterNode> = new Map();

  /** Finds the commands for which `wanted` returns `true`, and all batches. */
  constructor(wanted: (pending: Pending) => boolean) {
    this.#wanted = wanted;
  }

  /** Adds a batch that is sent to a node, until it settles. */
  addBatch(pending: Pending, node: ClusterNode): void {
    if (!this.#batches.has(pending)) pending.onSettled(() => this.#batches.delete(pending));
    this.#batches.set(pending, node);
  }

  /** Returns slots with commands in flight to a node, and maybe some whose commands have been answered. */
  slots(node: ClusterNode): number[] {
    const batches = [...this.#batches.keys()].map(({ command }) => slotOfCommand(command as Command));
    return [...this.#indexOf(node.openedShared?.connection)?.slots() ?? [], ...batches];
  }

  /**
   * Returns the commands of a slot that a node has not answered, each once: the caller waits for them. `connection`:
   * a dedicated connection to the node.
   */
  take(
    node: ClusterNode | undefined,
    slot: number,
    connection: Connection | undefined = node?.openedShared?.connection,
  ): Pending[] {
    const sent = this.#indexOf(connection)?.take(slot) ?? [];
    for (const [batch, at] of this.#batches) {
      if (at === node && slotOfCommand(batch.command as Command) === slot) sent.push(batch);
    }
    return sent;
  }

  #indexOf(connection: Connection | undefined): InFlightIndex | undefined {
    if (connection === undefined) return undefined;
    let index = this.#indexes.get(connection);
    if (index === undefined) {
      this.#indexes.set(connection, index = new InFlightIndex(connection, this.#wanted));
    }
    return index;
  }
}

/** Finds commands in flight on one connection. */
class InFlightIndex {
  readonly #connection: Connection;
  readonly #wanted: (pending: Pending) => boolean;
  readonly #bySlot: Map<number, Pending[]> = new Map();
  /** The number of the first command that the index has not looked at, counted over the life of the connection. */
  #next = 0;

  /** An index of the commands for which `wanted` returns `true`. */
  constructor(connection: Connection, wanted: (pending: Pending) => boolean) {
    this.#connection = connection;
    this.#wanted = wanted;
  }

  /** Returns the slots with commands in flight, and maybe some whose commands have been answered. */
  slots(): Iterable<number> {
    this.#update();
    return this.#bySlot.keys();
  }

  /** Removes and returns the commands of a slot that have no reply yet, in the order in which they were sent. */
  take(slot: number): Pending[] {
    this.#update();
    const all = this.#bySlot.get(slot) ?? [];
    this.#bySlot.delete(slot);
    return all.filter((pending) => !pending.done);
  }

  #update(): void {
    const dispatcher = this.#connection.link?.dispatcher;
    if (dispatcher === undefined) return;
    // All that the index knows has been answered.
    if (dispatcher.taken >= this.#next) this.#bySlot.clear();
    const end = dispatcher.taken + dispatcher.queue.length;
    for (let number = Math.max(this.#next, dispatcher.taken); number < end; number++) {
      const pending = dispatcher.queue.at(number - dispatcher.taken)!;
      if (pending.done || !this.#wanted(pending)) continue;
      const slot = slotOfCommand(pending.command as Command);
      const known = this.#bySlot.get(slot);
      if (known === undefined) this.#bySlot.set(slot, [pending]);
      else known.push(pending);
    }
    this.#next = end;
  }
}
