/**
 * Sends commands to the nodes that have their slots, and follows redirections. The commands of a slot keep their order.
 *
 * @module
 */
import { OfflineQueue, UNLIMITED } from "../../client/connections/offline_queue.ts";
import { closedError } from "../../client/commands/unsupported_commands.ts";
import type { Timer } from "../../clock.ts";
import { type Command, mayReadReplica } from "../../commands/command.ts";
import { Pending, rawCommand } from "../../connection/pending.ts";
import { abortable } from "../../connection/time_limit.ts";
import { RedisError, ReplyError } from "../../errors.ts";
import { DecodeMode } from "../../resp/types.ts";
import { isFinal, retryDelay } from "../../retry.ts";
import type { Route } from "../../observe/route.ts";
import { type ClusterState, replaced, type TopologyListener } from "../topology/cluster_state.ts";
import { isFatalDiscoveryError } from "../topology/fatal_discovery_error.ts";
import { InFlightCommands } from "./in_flight.ts";
import type { ClusterNode } from "../topology/node.ts";
import { nodeOfPending, type NodeRecovery, NodeSender, type RoutedSender } from "./node_sender.ts";
import { downError, failedError, isReadonly } from "../redirection/redirection.ts";
import { type Destination, Redirections } from "../redirection/redirections.ts";
import { NO_KEY, slotOfCommand } from "./route.ts";
import { SlotQueue } from "./slot_queue.ts";
import type { Shard } from "../topology/topology.ts";
import type { UnknownCommands } from "./unknown_commands.ts";

const ASKING = rawCommand(["ASKING"]);
/** The node of the slot, without delay. */
const AGAIN: Destination = { node: undefined, asking: false, delay: 0 };

/** Sends commands, and sends them again where that is right. */
export class Router implements NodeRecovery, TopologyListener {
  readonly #cluster: ClusterState;
  readonly #unknown: UnknownCommands;
  readonly #slots: readonly (Shard | undefined)[];
  readonly #masterOnly: boolean;
  readonly #unrouted: NodeSender;
  /** Commands that wait for the topology. */
  readonly #offlineQueue: OfflineQueue;
  readonly #redirections: WeakMap<Pending, Redirections> = new WeakMap();
  /** The routes of commands that are observed. */
  readonly #routes: WeakMap<Pending, Route> = new WeakMap();
  /** The slots with commands that are being redirected. */
  readonly #queues: Map<number, SlotQueue> = new Map();
  /** Commands in flight whose order counts. */
  readonly #inFlight: InFlightCommands = new InFlightCommands((pending) => {
    const sender = pending.sender as Partial<RoutedSender> | undefined;
    return sender?.router === this && (this.#masterOnly || !mayReadReplica(pending.command));
  });
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
    this.#unknown = unknown;
    this.#slots = cluster.topology.slots;
    this.#masterOnly = readFrom === "master";
    this.#unrouted = new NodeSender(this, undefined);
    this.#offlineQueue = new OfflineQueue(
      connection.clock,
      connection.offlineQueue || UNLIMITED,
      String(cluster.options),
    );
    this.#offlineQueue.emptied = () => this.#emptied();
    cluster.listen(this);
  }

  /** Sends a command whose keys are all in `slot`; {@linkcode NO_KEY}: to any node. */
  submit(pending: Pending, slot: number): void {
    const shard = slot < 0 ? undefined : this.#slots[slot];
    if (shard === undefined) return this.#submitAnywhere(pending, slot);
    let node = shard.master;
    if (this.#masterOnly || !mayReadReplica(pending.command)) {
      const queue = this.#queues.size === 0 ? undefined : this.#queues.get(slot);
      if (queue !== undefined) return queue.hold(pending);
    } else node = this.#cluster.nodeOf(slot, true)!;
    if (node.health === "fail" && this.#rejectFailed(pending, node)) return;
    const sender = pending.sender = this.#senderOf(pending, node);
    if (sender.send === undefined) node.shared.submit(pending);
    else this.#sendBatch(pending, node, sender);
  }

  /** Records where a command goes; with a `slot` also the node of its last attempt. */
  record(pending: Pending, route: Route, slot?: number): void {
    this.#routes.set(pending, route);
    if (slot === undefined) return;
    pending.onSettled(() => route.at(slot, nodeOfPending(pending)));
  }

  /** Whether commands of a slot are being redirected. */
  isRedirecting(slot: number): boolean {
    return this.#queues.has(slot);
  }

  /** Resolves when no command is being redirected. */
  async settled(): Promise<void> {
    while (this.#queues.size > 0) {
      await Promise.all([...this.#queues.values()].map((queue) => queue.whenReleased));
    }
  }

  /** The number and the size of the commands that wait for the topology, or for a redirection. */
  get load(): { offline: number; offlineBytes: number } {
    const load = { offline: this.#offlineQueue.size, offlineBytes: this.#offlineQueue.bytes };
    for (const queue of this.#queues.values()) {
      load.offline += queue.size;
      load.offlineBytes += queue.bytes;
    }
    return load;
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
    this.#inFlight.removeBatch(pending);
    if (this.#closed || !(error instanceof RedisError)) return false;
    pending.startDeadline(this.#cluster.options.connection.clock);
    const unknown = node?.shared.makeWhole(pending, error) === true;
    const slot = slotOfCommand(pending.command as Command);
    const ordered = this.#isOrdered(pending, slot);
    let queue = this.#queues.get(slot);
    if (ordered && error instanceof ReplyError && error.executed === "no") {
      queue ??= this.#addQueue(slot, this.#inFlight.take(node, slot, pending.sender));
    }
    // First, because a new master may cause more commands of the slot to return.
    queue?.enter(pending);
    const to = unknown ? AGAIN : this.#next(pending, error, node);
    if (to instanceof Error) {
      // Refused commands did not run, so none was overtaken.
      if (to.executed === "no") queue?.dismiss(pending);
      if (to !== error) pending.reject(to);
      return to !== error;
    }
    queue = this.#queues.get(slot);
    if (ordered && to.delay > 0) queue ??= this.#addQueue(slot, []);
    if (!ordered) this.#sendLater(pending, to);
    else if (queue === undefined) this.#send(pending, to);
    else queue.refuse(pending, error, to);
    return true;
  }

  /** Forgets a command that another one replaces. */
  dismiss(pending: Pending): void {
    this.#queues.get(slotOfCommand(pending.command as Command))?.dismiss(pending);
  }

  /** @inheritdoc */
  discovered(): void {
    this.rearranged([], true, []);
    if (this.#offlineQueue.size === 0) return;
    for (const pending of this.#offlineQueue.drain()) {
      this.submit(pending, slotOfCommand(pending.command as Command));
    }
    this.#emptied();
  }

  /** @inheritdoc */
  failed(error: Error): boolean {
    this.#offlineQueue.reason = error;
    const waits = this.#cluster.options.connection.offlineQueue !== false;
    if (!waits || isFatalDiscoveryError(error)) this.#offlineQueue.rejectAll(() => error);
    if (this.#offlineQueue.size > 0) return true;
    this.#emptied();
    return false;
  }

  /** No command waits for the topology any more. */
  #emptied(): void {
    for (const look of this.#drains.splice(0)) look();
  }

  /** New calls for a slot wait until its old master has answered all earlier ones. */
  rearranged(slots: readonly number[], refreshed: boolean, left: readonly ClusterNode[]): void {
    for (const node of [...this.#cluster.topology.nodes(), ...left]) {
      const known = refreshed ? this.#inFlight.slots(node) : slots;
      for (const slot of known) {
        if (slot < 0 || this.#slots[slot]?.master === node) continue;
        const earlier = this.#inFlight.take(node, slot);
        if (earlier.length === 0) continue;
        const queue = this.#queues.get(slot);
        if (queue === undefined) this.#addQueue(slot, earlier);
        else queue.expect(earlier);
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
    for (const queue of this.#queues.values()) queue.close(error);
    this.#offlineQueue.rejectAll(error);
    this.#emptied();
  }

  /** Sends a command without keys, for a slot without a node, or before the topology is known. */
  #submitAnywhere(pending: Pending, slot: number): void {
    const cluster = this.#cluster;
    pending.sender = this.#senderOf(pending, undefined);
    if (!cluster.ready) {
      this.#offlineQueue.add(pending);
      cluster.start().catch(() => {});
    } else if (this.#queues.has(slot)) this.#queues.get(slot)!.hold(pending);
    else if (slot === NO_KEY || cluster.topology.refreshes === 0) {
      this.#send(pending, {
        node: slot === NO_KEY ? cluster.anyNode() : this.#guessNode(),
        asking: false,
        delay: 0,
      });
    } else pending.fail(downError(slot));
  }

  /** Returns a node before the topology is known. All commands with keys go to the same node, to keep their order. */
  #guessNode(): ClusterNode {
    const known = this.#guess;
    if (
      known === undefined ||
      (known.openedShared !== undefined && !known.usable && known.openedShared.waiting === 0)
    ) {
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

  /** Returns the next destination of a command that failed at `node`, or the error to reject it with. */
  #next(pending: Pending, error: RedisError, node: ClusterNode | undefined): Destination | RedisError {
    const { connection } = this.#cluster.options;
    const { clock } = connection;
    const command = pending.command as Command;
    const policy = pending.cold?.retry ?? connection.retry;
    const timeLeft = pending.deadline === 0 ? Infinity : pending.deadline - clock.now();
    const readonly = isReadonly(command);
    const redirections = this.#redirections.get(pending) ?? new Redirections();
    const next = redirections.next(this.#cluster, error, {
      name: command.spec.name,
      command,
      node,
      mayRetry: policy.attempts > 0,
      readsReplicas: !this.#masterOnly && mayReadReplica(command),
      // A batch waits until the slot has moved.
      asks: (pending.sender as RoutedSender | undefined)?.send === undefined,
      timeLeft,
      route: this.#routes.get(pending),
    });
    if (next !== undefined) {
      this.#redirections.set(pending, redirections);
      const moved = !(next instanceof Error) && next.node !== undefined && !next.asking;
      if (moved && node !== undefined) this.#unknown.learn(command, node);
      return next;
    }
    // The command has not been tried: it waits on, up to its deadline.
    const untried = error.executed === "no" && !(error instanceof ReplyError) && !isFinal(error);
    if (untried) return AGAIN;
    const attempt = (pending.cold?.repeats ?? 0) + 1;
    const wait = retryDelay(policy, error, { attempt, readonly }, clock);
    if (wait === undefined) return error;
    // After a loss there is nothing to wait for but the connection.
    const delay = error instanceof ReplyError ? wait : 0;
    if (delay >= timeLeft) return error;
    pending.coldFields.repeats = attempt;
    return { node: undefined, asking: false, delay };
  }

  /** Reads that replicas may serve, and commands without keys, have no order. */
  #isOrdered(pending: Pending, slot: number): boolean {
    return slot >= 0 && (this.#masterOnly || !mayReadReplica(pending.command));
  }

  #addQueue(slot: number, inFlight: readonly Pending[]): SlotQueue {
    const { connection } = this.#cluster.options;
    const queue = new SlotQueue({
      clock: connection.clock,
      limits: connection.offlineQueue || UNLIMITED,
      address: String(this.#cluster.options),
      send: (pending, to) => this.#send(pending, to),
      released: (held) => {
        this.#queues.delete(slot);
        for (const pending of held) this.submit(pending, slot);
      },
    }, inFlight);
    this.#queues.set(slot, queue);
    return queue;
  }

  #sendLater(pending: Pending, to: Destination): void {
    if (to.delay === 0) return this.#send(pending, to);
    const timer = this.#cluster.options.connection.clock.setTimeout(() => {
      this.#delayed.delete(pending);
      if (!pending.done) this.#send(pending, to);
    }, to.delay);
    this.#delayed.set(pending, timer);
  }

  /** Sends a command that has been sent before. */
  #send(pending: Pending, { node: named, asking }: Destination): void {
    const node = named ?? this.#nodeFor(pending);
    const sender = pending.sender = this.#senderOf(pending, node);
    if (node === undefined) return pending.fail(downError(slotOfCommand(pending.command as Command)));
    if (this.#rejectFailed(pending, node)) return;
    if (sender.send !== undefined) return this.#sendBatch(pending, node, sender);
    if (asking) {
      // ASKING applies to the next command of the connection, whose reply shows whether it worked.
      const first = new Pending(ASKING, DecodeMode.text, pending.timeout);
      first.promise().catch(() => {});
      node.shared.resubmit(first);
    }
    node.shared.resubmit(pending);
  }

  /** Rejects a command to a failed node; returns whether it did. */
  #rejectFailed(pending: Pending, node: ClusterNode): boolean {
    if (!this.#cluster.hasFailed(node)) return false;
    pending.reject(failedError(pending.command.spec.name, node));
    this.#cluster.missed(node);
    return true;
  }

  /** Sends the commands that `pending` stands for. */
  #sendBatch(pending: Pending, node: ClusterNode, sender: RoutedSender): void {
    this.#inFlight.addBatch(pending, node);
    sender.send!(pending, node);
  }

  #nodeFor(pending: Pending): ClusterNode | undefined {
    const cluster = this.#cluster;
    const slot = slotOfCommand(pending.command as Command);
    const { refreshes } = cluster.topology;
    if (slot < 0 || (refreshes === 0 && cluster.topology.masterOf(slot) === undefined)) {
      return cluster.anyNode();
    }
    const { toMaster = false } = this.#redirections.get(pending) ?? {};
    return cluster.nodeOf(slot, mayReadReplica(pending.command) && !toMaster);
  }
}
