/**
 * Sends commands to the nodes that have their slots, and follows redirections. The commands of a slot keep their order.
 *
 * @module
 */
import { OfflineQueue, UNLIMITED } from "../../client/connections/offline_queue.ts";
import { closedError } from "../../client/commands/unsupported_commands.ts";
import type { Timer } from "../../clock.ts";
import { type Command, mayReadReplica } from "../../commands/command.ts";
import { Pending, rawCommand, type Sender } from "../../connection/pending.ts";
import { abortable } from "../../connection/time_limit.ts";
import { RedisError, ReplyError } from "../../errors.ts";
import { DecodeMode } from "../../resp/types.ts";
import type { Route } from "../../observe/route.ts";
import {
  type ClusterState,
  EvictedError,
  replaced,
  type TopologyListener,
} from "../topology/cluster_state.ts";
import { isFatalDiscoveryError } from "../topology/fatal_discovery_error.ts";
import type { ClusterNode } from "../topology/node.ts";
import { type NodeRecovery, NodeSender, type RoutedSender } from "./node_sender.ts";
import { downError } from "../redirection/redirection.ts";
import type { Destination } from "../redirection/redirections.ts";
import { AGAIN, Recovery } from "./recovery.ts";
import { NO_KEY, slotOfCommand } from "./route.ts";
import { SlotQueues } from "./slot_queues.ts";
import type { Shard } from "../topology/topology.ts";
import type { UnknownCommands } from "./unknown_commands.ts";

const ASKING = rawCommand(["ASKING"]);
/** The sender of ASKING, which is never retried: a retried command gets a new one. */
const ONCE: Sender = { recover: () => false };

/** Sends commands, and sends them again where that is right. */
export class Router implements NodeRecovery, TopologyListener {
  readonly #cluster: ClusterState;
  readonly #recovery: Recovery;
  readonly #slots: readonly (Shard | undefined)[];
  readonly #masterOnly: boolean;
  readonly #unrouted: NodeSender;
  /** Commands that wait for the topology. */
  readonly #offlineQueue: OfflineQueue;
  /** The slots with commands that are being redirected. */
  readonly #queues: SlotQueues;
  /** Commands without an order among each other that wait for their next attempt. */
  readonly #delayed: Map<Pending, Timer> = new Map();
  /** The node that commands with keys are sent to while the topology is unknown. */
  #guess: ClusterNode | undefined = undefined;
  /** Calls of `drained()` that look again when no command waits for the topology. */
  readonly #drains: (() => void)[] = [];
  #closed = false;

  /** Routes over the nodes of a pool, and asks about commands that are `unknown`. */
  constructor(cluster: ClusterState, unknown: UnknownCommands) {
    const { connection, readFrom } = cluster.options;
    this.#cluster = cluster;
    this.#recovery = new Recovery(cluster, unknown);
    this.#slots = cluster.topology.slots;
    this.#masterOnly = readFrom === "master";
    this.#unrouted = new NodeSender(this, undefined);
    this.#offlineQueue = new OfflineQueue(
      connection.clock,
      connection.offlineQueue || UNLIMITED,
      String(cluster.options),
      this,
    );
    this.#queues = new SlotQueues(cluster, {
      owns: ({ sender, command }) =>
        (sender as Partial<RoutedSender> | undefined)?.router === this &&
        (this.#masterOnly || !mayReadReplica(command)),
      send: (pending, to) => this.#send(pending, to, true),
      submit: (pending, slot) => this.submit(pending, slot),
    });
    cluster.listen(this);
  }

  /** Sends a command whose keys are all in `slot`; {@linkcode NO_KEY}: to any node. */
  submit(pending: Pending, slot: number): void {
    const shard = slot < 0 ? undefined : this.#slots[slot];
    if (shard === undefined) return this.#submitAnywhere(pending, slot);
    let node = shard.master;
    if (this.#masterOnly || !mayReadReplica(pending.command)) {
      const queue = this.#queues.of(slot);
      if (queue !== undefined) return queue.hold(pending);
    } else node = this.#cluster.nodeOf(slot, true)!;
    if (node.health === "fail" && this.#rejectFailed(pending, node)) return;
    const sender = pending.sender = this.#senderOf(pending, node);
    if (sender.send === undefined) node.shared.route(pending);
    else this.#sendBatch(pending, node, sender, false);
  }

  /** Records where a command goes; with a `slot` also the node of its last attempt. */
  record(pending: Pending, route: Route, slot?: number): void {
    this.#recovery.record(pending, route, slot);
  }

  /** Whether commands of a slot are being redirected. */
  isRedirecting(slot: number): boolean {
    return this.#queues.of(slot) !== undefined;
  }

  /** Resolves when no command is being redirected. */
  settled(): Promise<void> {
    return this.#queues.settled();
  }

  /** The number and the size of the commands that wait for the topology, or for a redirection. */
  get load(): { offline: number; offlineBytes: number } {
    const { offline, offlineBytes } = this.#queues.load;
    const { size, bytes } = this.#offlineQueue;
    return { offline: offline + size, offlineBytes: offlineBytes + bytes };
  }

  /** Resolves when no command waits for the topology, or for a redirection. */
  async drained(signal: AbortSignal): Promise<void> {
    while (this.#offlineQueue.awaited || this.#queues.size > 0) {
      const next = this.#offlineQueue.awaited
        ? new Promise<void>((resolve) => this.#drains.push(resolve))
        : this.settled();
      await abortable(next, signal);
    }
  }

  /** @inheritdoc */
  recoverFrom(pending: Pending, error: Error, node: ClusterNode | undefined): boolean {
    const further = node?.openedShared?.router;
    if (further === undefined) return this.#recover(pending, error, node);
    const refusal = further.refusal(pending, error);
    if (refusal !== undefined) {
      pending.reject(refusal);
      return true;
    }
    // Commands that wait for this read are sent behind it.
    const recovered = this.#recover(pending, error, node);
    further.returned(pending);
    return recovered;
  }

  #recover(pending: Pending, error: Error, node: ClusterNode | undefined): boolean {
    this.#queues.inFlight.removeBatch(pending);
    if (this.#closed || !(error instanceof RedisError)) return false;
    pending.startDeadline(this.#cluster.options.connection.clock);
    const slot = slotOfCommand(pending.command as Command);
    const ordered = this.#isOrdered(pending, slot);
    if (ordered && error instanceof EvictedError) {
      this.#queues.takeBack(slot, node, pending, error);
      return true;
    }
    // First, because a new master may cause more commands of the slot to return.
    if (ordered && error instanceof ReplyError && error.executed === "no") {
      this.#queues.open(slot, node, pending).enter(pending);
    } else if (ordered) this.#queues.of(slot)?.enter(pending);
    const to = this.#recovery.next(pending, error, node);
    if (to instanceof Error) {
      // Refused commands did not run, so none was overtaken.
      if (to.executed === "no") this.#queues.of(slot)?.dismiss(pending);
      if (to !== error) pending.reject(to);
      return to !== error;
    }
    if (!ordered) this.#sendLater(pending, to);
    else {
      const queue = to.delay > 0 ? this.#queues.open(slot, node, pending) : this.#queues.of(slot);
      // Without a queue nothing of the slot was called earlier and waits: it goes before what was not sent.
      if (queue === undefined) this.#send(pending, to, true);
      else queue.refuse(pending, error, to);
    }
    return true;
  }

  /** Forgets a command that another one replaces. */
  dismiss(pending: Pending): void {
    this.#queues.of(slotOfCommand(pending.command as Command))?.dismiss(pending);
  }

  /** @inheritdoc */
  discovered(): void {
    this.rearranged([], true, []);
    if (this.#offlineQueue.size === 0) return;
    for (const pending of this.#offlineQueue.drain()) {
      this.submit(pending, slotOfCommand(pending.command as Command));
    }
    this.emptied();
  }

  /** @inheritdoc */
  failed(error: Error): boolean {
    this.#offlineQueue.reason = error;
    const waits = this.#cluster.options.connection.offlineQueue !== false;
    if (!waits || isFatalDiscoveryError(error)) this.#offlineQueue.rejectAll(() => error);
    if (this.#offlineQueue.size > 0) return true;
    this.emptied();
    return false;
  }

  /** No command waits for the topology any more. */
  emptied(): void {
    for (const look of this.#drains.splice(0)) look();
  }

  /** New calls for a slot wait until its old master has answered all earlier ones. */
  rearranged(slots: readonly number[], refreshed: boolean, left: readonly ClusterNode[]): void {
    // The node that stood for all is a seed, which may be no node of the topology.
    const guessed = this.#guess === undefined ? [] : [this.#guess];
    for (const node of new Set([...this.#cluster.topology.nodes(), ...left, ...guessed])) {
      const known = refreshed ? this.#queues.inFlight.slots(node) : slots;
      for (const slot of known) {
        if (slot >= 0 && this.#slots[slot]?.master !== node) this.#queues.awaitEarlier(slot, node);
      }
    }
    // Commands that wait for a connection to the old node now go to the new one.
    const guess = this.#guess?.openedShared;
    if (this.#cluster.topology.refreshes > 0) this.#guess = undefined;
    if (guess?.waiting) guess.evict(replaced("the topology is known now"));
  }

  /** Rejects all commands that wait, and all that come. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cluster.unlisten(this);
    const { clock } = this.#cluster.options.connection;
    const error = (pending: Pending): Error => closedError(pending.command.spec.name);
    for (const [pending, timer] of this.#delayed) {
      clock.clearTimeout(timer);
      pending.reject(error(pending));
    }
    this.#queues.close(error);
    this.#offlineQueue.rejectAll(error);
    this.emptied();
  }

  /** Sends a command without keys, for a slot without a node, or before the topology is known. */
  #submitAnywhere(pending: Pending, slot: number): void {
    const cluster = this.#cluster;
    pending.sender = this.#senderOf(pending, undefined);
    if (!cluster.ready) {
      if (this.#closed) {
        return pending.reject(closedError(pending.command.spec.name, "the client or its pool"));
      }
      this.#offlineQueue.add(pending);
      cluster.start().catch(() => {});
    } else if (this.isRedirecting(slot)) this.#queues.of(slot)!.hold(pending);
    else if (slot === NO_KEY || cluster.topology.refreshes === 0) {
      const node = slot === NO_KEY ? cluster.anyNode() : this.#guessNode();
      this.#send(pending, { ...AGAIN, node }, false);
    } else pending.fail(downError(slot));
  }

  /** Returns a node before the topology is known. All commands with keys go to the same node, to keep their order. */
  #guessNode(): ClusterNode {
    const shared = this.#guess?.openedShared;
    // Another node only where nothing is in flight to this one, or waits for it.
    if (this.#guess === undefined || (shared?.connection === undefined && shared?.waiting === 0)) {
      this.#guess = this.#cluster.anyNode();
    }
    return this.#guess!;
  }

  #senderOf(pending: Pending, node: ClusterNode | undefined): RoutedSender {
    if (pending.sender !== undefined) return (pending.sender as RoutedSender).at(node);
    if (node === undefined) return this.#unrouted;
    const known = node.sender as RoutedSender | undefined;
    if (known !== undefined && known.router === this) return known;
    const sender = new NodeSender(this, node);
    node.sender = sender;
    return sender;
  }

  /** Reads that replicas may serve, and commands without keys, have no order. */
  #isOrdered(pending: Pending, slot: number): boolean {
    return slot >= 0 && (this.#masterOnly || !mayReadReplica(pending.command));
  }

  #sendLater(pending: Pending, to: Destination): void {
    if (to.delay === 0) return this.#send(pending, to, true);
    const timer = this.#cluster.options.connection.clock.setTimeout(() => {
      this.#delayed.delete(pending);
      if (!pending.done) this.#send(pending, to, true);
    }, to.delay);
    this.#delayed.set(pending, timer);
  }

  /** Sends a command to a node. `again`: a node has returned it, and it goes before what was not sent. */
  #send(pending: Pending, { node: named, asking }: Destination, again: boolean): void {
    const node = named ?? this.#nodeFor(pending);
    const sender = pending.sender = this.#senderOf(pending, node);
    if (node === undefined) return pending.fail(downError(slotOfCommand(pending.command as Command)));
    if (this.#rejectFailed(pending, node)) return;
    if (sender.send !== undefined) return this.#sendBatch(pending, node, sender, again);
    if (asking) {
      // ASKING applies to the next command of the connection, whose reply shows whether it worked.
      const first = new Pending(ASKING, DecodeMode.text, pending.timeout);
      first.promise().catch(() => {});
      first.sender = ONCE;
      node.shared.resubmit(first);
    }
    if (again) node.shared.resubmit(pending);
    else node.shared.route(pending);
  }

  /** Rejects a command to a failed node; returns whether it did. */
  #rejectFailed(pending: Pending, node: ClusterNode): boolean {
    const failure = this.#cluster.failureOf(node, pending.command.spec.name);
    if (failure !== undefined) pending.reject(failure);
    return failure !== undefined;
  }

  /** Sends the commands that `pending` stands for. */
  #sendBatch(pending: Pending, node: ClusterNode, sender: RoutedSender, again: boolean): void {
    this.#queues.inFlight.addBatch(pending, node);
    sender.send!(pending, node, again);
  }

  #nodeFor(pending: Pending): ClusterNode | undefined {
    const cluster = this.#cluster;
    const slot = slotOfCommand(pending.command as Command);
    if (slot < 0) return cluster.anyNode();
    // Returned commands go where later calls go.
    const { topology } = cluster;
    if (topology.refreshes === 0 && topology.masterOf(slot) === undefined) return this.#guessNode();
    return cluster.nodeOf(slot, mayReadReplica(pending.command) && !this.#recovery.toMaster(pending));
  }
}
