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
import type { RoutedSender } from "./node_sender.ts";
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

  /** Removes a refused batch, so that no command waits for its reply. */
  removeBatch(pending: Pending): void {
    this.#batches.delete(pending);
  }

  /** Returns slots with commands in flight to a node, and maybe some whose commands have been answered. */
  slots(node: ClusterNode): number[] {
    const batches = [...this.#batches.keys()].map(({ command }) => slotOfCommand(command as Command));
    const slots = connectionsTo(node).flatMap((connection) => [...this.#indexOf(connection).slots()]);
    return [...new Set(slots), ...batches];
  }

  /**
   * Returns the commands of a slot that a node has not answered, each once: the caller waits for them. `sender`: of
   * one of them, which may use a dedicated connection.
   */
  take(
    node: ClusterNode | undefined,
    slot: number,
    sender?: Partial<RoutedSender>,
  ): Pending[] {
    const connections = sender?.connection === undefined ? connectionsTo(node) : [sender.connection];
    const sent = connections.flatMap((connection) => this.#indexOf(connection).take(slot));
    for (const [batch, at] of this.#batches) {
      if (at === node && slotOfCommand(batch.command as Command) === slot) sent.push(batch);
    }
    return sent;
  }

  #indexOf(connection: Connection): InFlightIndex {
    let index = this.#indexes.get(connection);
    if (index === undefined) {
      this.#indexes.set(connection, index = new InFlightIndex(connection, this.#wanted));
    }
    return index;
  }
}

/** The shared connections to a node. */
function connectionsTo(node: ClusterNode | undefined): readonly Connection[] {
  return node?.openedShared?.connections ?? [];
}

/** The number of a command that has not been encoded. */
const UNSENT = Infinity;

/** Finds commands in flight on one connection. */
class InFlightIndex {
  readonly #connection: Connection;
  readonly #wanted: (pending: Pending) => boolean;
  readonly #bySlot: Map<number, Pending[]> = new Map();
  /** The numbers of the indexed commands, counted over the life of the connection. */
  readonly #numbers: WeakMap<Pending, number> = new WeakMap();
  /** The commands that had been encoded or dropped at the last look. */
  #encoded = 0;
  /** The commands that had been called at the last look, without those dropped before it. */
  #last = 0;
  /** The commands that had been called at the last look. */
  #called = 0;

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
    // A refused command is not done, but it is not on its way either.
    const taken = this.#connection.link?.dispatcher.taken ?? Infinity;
    return all.filter((pending) => !pending.done && this.#numbers.get(pending)! >= taken);
  }

  #update(): void {
    const { link } = this.#connection;
    if (link === undefined) return;
    const { queue, taken } = link.dispatcher;
    // All that the index knows has been answered.
    if (taken >= this.#last) this.#bySlot.clear();
    // Commands that are dropped before they are sent shift those behind them.
    const gone = taken + link.droppedCommands;
    for (let index = Math.max(this.#encoded - gone, 0); index < queue.length; index++) {
      this.#index(queue.at(index)!, taken + index, taken);
    }
    this.#encoded = gone + queue.length;
    // Nothing has been called since: neither replies nor dropped commands change the sum.
    const called = gone + link.pending;
    if (called === this.#called) return;
    this.#called = called;
    link.forEachUnsent((pending) => this.#index(pending, UNSENT, taken));
    this.#last = taken + link.pending;
  }

  #index(pending: Pending, number: number, taken: number): void {
    if (pending.done || !this.#wanted(pending)) return;
    const known = this.#numbers.get(pending);
    this.#numbers.set(pending, number);
    if (known !== undefined && known >= taken) return;
    const slot = slotOfCommand(pending.command as Command);
    const others = this.#bySlot.get(slot);
    if (others === undefined) this.#bySlot.set(slot, [pending]);
    else others.push(pending);
  }
}
