/**
 * Pipelines: grouped by node, sent in parallel, redirected one by one, joined in order.
 *
 * @module
 */
import { abortBy } from "../../connection/abort_group.ts";
import { DedicatedBatchConnection } from "../../client/connections/dedicated_connection.ts";
import type { Call } from "../../client/executor.ts";
import { isUnanswered, PipelineAttempt } from "../../client/pipeline/pipeline_attempt.ts";
import { withSources } from "../../client/commands/scripts.ts";
import { type Command, mayReadReplica } from "../../commands/command.ts";
import { abortable } from "../../connection/time_limit.ts";
import type { Connection } from "../../connection/connection.ts";
import type { Pending } from "../../connection/pending.ts";
import { acquireFromNode } from "../connections/acquire_from_node.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import { gather, targetsOf } from "./fan_out.ts";
import { crossSlot, join, split } from "./multi_key.ts";
import type { ClusterNode } from "../topology/node.ts";
import { collectNode, type RoutedSender } from "../routing/node_sender.ts";
import { unlessAborted } from "./reply_policies.ts";
import { isReadonly } from "../redirection/redirection.ts";
import { NO_KEY, SEVERAL, slotOfCommand } from "../routing/route.ts";
import type { Router } from "../routing/router.ts";

/** A command for one node, and the handler of its outcome. */
interface Item {
  readonly command: Command;
  settled(outcome: unknown): void;
}

/** Runs a command by itself; with `slot` behind the commands of that slot that are being redirected. */
export type Execute = (command: Command, call: Call, slot?: number) => Promise<unknown>;

/** The state that the commands of a pipeline share. */
interface PipelineState {
  readonly router: Router;
  readonly call: Call;
  /** Slots of which a command may have run, or not: nothing of the pipeline is sent behind it. */
  readonly mayHaveExecuted: Set<number>;
  /** Commands that left their place in the pipeline: they are aborted by themselves, and run at other nodes. */
  readonly recovered: WeakSet<Pending>;
}

/** The sender of a pipeline's commands to one node. */
class PipelineSender implements RoutedSender {
  /** The number of its writes that left their place. */
  left = 0;
  readonly #state: PipelineState;
  /** @inheritdoc */
  readonly node: ClusterNode | undefined;
  readonly #dedicated: DedicatedBatchConnection | undefined;

  constructor(state: PipelineState, node: ClusterNode | undefined, dedicated?: DedicatedBatchConnection) {
    this.#state = state;
    this.node = node;
    this.#dedicated = dedicated;
  }

  /** @inheritdoc */
  get connection(): Connection | undefined {
    return this.#dedicated?.connection;
  }

  /** @inheritdoc */
  get router(): Router {
    return this.#state.router;
  }

  /** @inheritdoc */
  at(node: ClusterNode | undefined): PipelineSender {
    return node === this.node && this.#dedicated === undefined ? this : new PipelineSender(this.#state, node);
  }

  /** @inheritdoc */
  recover(pending: Pending, error: Error): boolean {
    const { router, call: { retry, signal, route, ranAt }, mayHaveExecuted, recovered } = this.#state;
    if (signal?.aborted) return false;
    const slot = slotOfCommand(pending.command as Command);
    pending.coldFields.retry = retry;
    // A command for all nodes stays at its own.
    if (slot < 0) return this.node?.shared.recover(pending, error) ?? false;
    if (mayHaveExecuted.has(slot)) {
      router.dismiss(pending);
      return false;
    }
    if (route !== undefined) router.record(pending, route);
    const taken = router.recoverFrom(pending, error, this.node);
    // A queue may have refused it meanwhile.
    if (taken && !pending.done && !recovered.has(pending)) {
      recovered.add(pending);
      if (!isReadonly(pending.command)) this.left++;
      collectNode(pending, ranAt);
      if (signal !== undefined) abortBy(pending, signal);
    }
    if (!taken && isUnanswered(error) && error.executed !== "no") mayHaveExecuted.add(slot);
    return taken;
  }
}

/** A pipeline on its way: its items by node, in order. */
class ClusterPipeline {
  readonly #cluster: ClusterState;
  readonly #state: PipelineState;
  readonly #execute: Execute;
  readonly #outcomes: unknown[];
  readonly #parts: Map<ClusterNode, Item[]> = new Map();
  readonly #waiting: Promise<void>[] = [];
  /** Functions that merge several outcomes, called when all are present. */
  readonly #joins: (() => void)[] = [];

  constructor(
    cluster: ClusterState,
    state: PipelineState,
    execute: Execute,
    count: number,
  ) {
    this.#cluster = cluster;
    this.#state = state;
    this.#execute = execute;
    this.#outcomes = new Array(count);
  }

  /** Takes a command to the nodes where it is to run. */
  add(command: Command, place: number): void {
    const slot = slotOfCommand(command);
    const settled = (outcome: unknown): void => void (this.#outcomes[place] = outcome);
    if (slot >= 0) return this.#to(slot, command, settled);
    if (slot === SEVERAL) {
      const splits = split(command);
      if (splits === undefined) return settled(crossSlot(command));
      const outcomes: unknown[] = [];
      splits.forEach((part, index) => this.#to(part.slot, part.command, (one) => outcomes[index] = one));
      return this.#join(place, () => join(command, splits, unlessAborted(outcomes, this.#state.call.signal)));
    }
    const nodes = this.#cluster.topology.refreshes === 0 ? undefined : targetsOf(this.#cluster, command);
    // For any node, or for nodes that are not known yet.
    if (nodes === undefined) return this.#alone(command, settled);
    const outcomes: unknown[] = [];
    nodes.forEach((node, index) => {
      outcomes[index] = this.#cluster.failureOf(node, command.spec.name);
      if (outcomes[index] === undefined) {
        this.#item(node, { command, settled: (one) => outcomes[index] = one });
      }
    });
    const random = this.#cluster.options.connection.clock.random();
    this.#join(
      place,
      () => gather(command, nodes, unlessAborted(outcomes, this.#state.call.signal), random),
    );
  }

  /** Sends all; resolves when all are back. */
  async run(multiplex: boolean): Promise<unknown[]> {
    this.#record();
    for (const [node, items] of this.#parts) this.#waiting.push(this.#runPart(node, items, multiplex));
    await Promise.all(this.#waiting);
    for (const put of this.#joins) put();
    return unlessAborted(this.#outcomes, this.#state.call.signal);
  }

  #to(slot: number, command: Command, settled: (outcome: unknown) => void): void {
    const node = this.#cluster.nodeOf(slot, mayReadReplica(command));
    // Behind commands that are being redirected, and while the slot has no node, it waits for its turn.
    const waits = node === undefined || this.#state.router.isRedirecting(slot) ||
      this.#cluster.hasFailed(node);
    if (waits) this.#alone(command, settled, slot);
    else this.#item(node, { command, settled });
  }

  #item(node: ClusterNode, item: Item): void {
    const items = this.#parts.get(node);
    if (items === undefined) this.#parts.set(node, [item]);
    else items.push(item);
  }

  #alone(command: Command, settled: (outcome: unknown) => void, slot?: number): void {
    this.#waiting.push(this.#execute(command, this.#state.call, slot).then(settled, settled));
  }

  #join(place: number, put: () => unknown): void {
    this.#joins.push(() => {
      try {
        this.#outcomes[place] = put();
      } catch (error) {
        this.#outcomes[place] = error;
      }
    });
  }

  /** Records where the pipeline goes, for an observer. */
  #record(): void {
    const { route } = this.#state.call;
    if (route === undefined) return;
    const [part] = this.#parts;
    // A command by itself records its own way.
    if (part === undefined && this.#waiting.length === 1) return;
    if (part === undefined || this.#parts.size > 1 || this.#waiting.length > 0) return route.spread();
    const [node, items] = part;
    const slots = new Set(items.map(({ command }) => slotOfCommand(command)));
    route.at(slots.size > 1 ? NO_KEY : [...slots][0]!, node);
  }

  async #runPart(node: ClusterNode, items: readonly Item[], multiplex: boolean): Promise<void> {
    const { call } = this.#state;
    const { mode, timeout, signal } = call;
    const { clock } = this.#cluster.options.connection;
    const here = (): boolean => this.#cluster.topology.nodes().includes(node);
    const dedicated = multiplex
      ? undefined
      : new DedicatedBatchConnection(node.pool, call, (...rest) =>
        acquireFromNode(this.#cluster, node, here, ...rest));
    const commands = items.map(({ command }) => command);
    const connection = dedicated ?? node.shared.forBatch(commands);
    const sender = new PipelineSender(this.#state, node, dedicated);
    const attempt = new PipelineAttempt(withSources(commands), {
      mode,
      timeout,
      deadline: timeout === 0 ? Infinity : clock.now() + timeout,
      sender,
    });
    try {
      connection.submitBatch(attempt);
      const outcomes = await (signal === undefined ? attempt.outcomes : abortable(attempt.outcomes, signal));
      items.forEach(({ settled }, index) => settled(outcomes[index]));
      if (items.filter(({ command }) => !isReadonly(command)).length > sender.left) call.ranAt?.add(node);
    } catch (reason) {
      attempt.abandon(reason as Error);
      for (const { settled } of items) settled(reason);
    } finally {
      dedicated?.end();
    }
  }
}

/** Runs commands; resolves with their outcomes by position, errors in place. `execute` runs one by itself. */
export function runPipeline(
  router: Router,
  cluster: ClusterState,
  commands: readonly Command[],
  call: Call,
  multiplex: boolean,
  execute: Execute,
): Promise<unknown[]> {
  const state: PipelineState = { router, call, mayHaveExecuted: new Set(), recovered: new WeakSet() };
  const pipeline = new ClusterPipeline(cluster, state, execute, commands.length);
  commands.forEach((command, place) => pipeline.add(command, place));
  return pipeline.run(multiplex);
}
