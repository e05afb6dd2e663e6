/**
 * The slots with commands that are being redirected, and the way into their queues: what a node returns joins the
 * queue of its slot, together with all that was called later.
 *
 * @module
 */
import { UNLIMITED } from "../../client/connections/offline_queue.ts";
import type { Pending } from "../../connection/pending.ts";
import { type ClusterState, replaced } from "../topology/cluster_state.ts";
import type { ClusterNode } from "../topology/node.ts";
import { InFlightCommands } from "./in_flight.ts";
import type { RoutedSender } from "./node_sender.ts";
import { SlotQueue, type SlotQueueOptions } from "./slot_queue.ts";

/** The functions of the router that queues use. */
export interface SlotQueuesOwner extends Pick<SlotQueueOptions, "send"> {
  /** Whether a command belongs to the router and has an order in its slot. */
  owns(pending: Pending): boolean;
  /** Sends a call that was held. */
  submit(pending: Pending, slot: number): void;
}

/** The queues of one router, by slot. */
export class SlotQueues {
  /** Commands in flight whose order counts. */
  readonly inFlight: InFlightCommands;
  readonly #cluster: ClusterState;
  readonly #owner: SlotQueuesOwner;
  readonly #queues: Map<number, SlotQueue> = new Map();

  /** The queues of `owner`. */
  constructor(cluster: ClusterState, owner: SlotQueuesOwner) {
    this.#cluster = cluster;
    this.#owner = owner;
    this.inFlight = new InFlightCommands((pending) => owner.owns(pending));
  }

  /** The number of slots with a queue. */
  get size(): number {
    return this.#queues.size;
  }

  /** The queue of a slot, if commands of it are being redirected. */
  of(slot: number): SlotQueue | undefined {
    return this.#queues.size === 0 ? undefined : this.#queues.get(slot);
  }

  /**
   * Returns the queue of a slot for `first`, which `node` has returned. A new queue awaits the commands in flight
   * behind `first`, and takes back those that wait for a connection to the node: they were called later still.
   */
  open(slot: number, node: ClusterNode | undefined, first: Pending): SlotQueue {
    const known = this.of(slot);
    const sender = first.sender as Partial<RoutedSender> | undefined;
    if (known !== undefined) {
      // A dedicated connection may have commands in flight that the queue does not know.
      if (sender?.connection !== undefined) known.expect(this.inFlight.take(node, slot, sender));
      return known;
    }
    const queue = this.#add(slot, this.inFlight.take(node, slot, sender));
    queue.enter(first);
    const shared = node?.openedShared;
    if (shared?.waiting) shared.evict(replaced(`${node} returned earlier commands`));
    return queue;
  }

  /** New calls for a slot wait until its old master, `node`, has answered all earlier ones. */
  awaitEarlier(slot: number, node: ClusterNode): void {
    const earlier = this.inFlight.take(node, slot);
    if (earlier.length === 0) return;
    const queue = this.of(slot);
    if (queue === undefined) this.#add(slot, earlier);
    else queue.expect(earlier);
  }

  /** Adds a command that was taken from `node` while it waited for a connection. */
  takeBack(slot: number, node: ClusterNode | undefined, pending: Pending, error: Error): void {
    const queue = this.of(slot) ?? this.#add(slot, this.inFlight.take(node, slot));
    queue.takeBack(pending, error);
  }

  /** Resolves when no command is being redirected. */
  async settled(): Promise<void> {
    while (this.#queues.size > 0) {
      await Promise.all([...this.#queues.values()].map((queue) => queue.whenReleased));
    }
  }

  /** The number and the size of the commands that wait. */
  get load(): { offline: number; offlineBytes: number } {
    const load = { offline: 0, offlineBytes: 0 };
    for (const queue of this.#queues.values()) {
      load.offline += queue.size;
      load.offlineBytes += queue.bytes;
    }
    return load;
  }

  /** Rejects all commands. */
  close(error: (pending: Pending) => Error): void {
    const queues = [...this.#queues.values()];
    // First: `settled()` looks at what is left.
    this.#queues.clear();
    for (const queue of queues) queue.close(error);
  }

  #add(slot: number, inFlight: readonly Pending[]): SlotQueue {
    const { connection } = this.#cluster.options;
    const queue = new SlotQueue({
      clock: connection.clock,
      limits: connection.offlineQueue || UNLIMITED,
      address: String(this.#cluster.options),
      send: (pending, to) => this.#owner.send(pending, to),
      released: (held) => {
        this.#queues.delete(slot);
        for (const pending of held) this.#owner.submit(pending, slot);
      },
    }, inFlight);
    this.#queues.set(slot, queue);
    return queue;
  }
}
