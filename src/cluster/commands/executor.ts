/**
 * Commands to a cluster: which node each goes to, and on which connection.
 *
 * @module
 */
import { abortBy } from "../../connection/abort_group.ts";
import type { Call, Executor, Traced } from "../../client/executor.ts";
import type { CloseOptions } from "../../pool/stats.ts";
import type { SubscriptionRouter } from "../../client/pubsub/subscription_router.ts";
import { keepArguments } from "../../client/commands/keep_arguments.ts";
import { runDedicated } from "../../client/connections/dedicated_connection.ts";
import { closedError, statefulRefusal } from "../../client/commands/unsupported_commands.ts";
import { type ReplicationWait, waitForReplicas } from "../../client/commands/replication_wait.ts";
import { RunningCalls } from "../../client/running_calls.ts";
import { runScript } from "../../client/commands/scripts.ts";
import { blockingTime, waitsForReplicas } from "../../commands/blocking.ts";
import { type Command, CommandFlag } from "../../commands/command.ts";
import type { Connection } from "../../connection/connection.ts";
import { ConnectionError, TimeoutError } from "../../errors.ts";
import { withTimeout } from "../../connection/sleep.ts";
import { abortable, startLimit } from "../../connection/time_limit.ts";
import { Pending } from "../../connection/pending.ts";
import type { ConnectionEvents, TypedEventTarget } from "../../events.ts";
import { type Arg, DecodeMode } from "../../resp/types.ts";
import { acquireFromNode } from "../connections/acquire_from_node.ts";
import { awaitTopology } from "../topology/await_topology.ts";
import { acquireForSlot, canRetryLease, runDedicatedForSlot } from "../connections/dedicated_connection.ts";
import { gather, needsNode, targetsOf } from "./fan_out.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import { crossSlot, crossSlotError, join, split } from "./multi_key.ts";
import type { ClusterNode } from "../topology/node.ts";
import { type Execute, runPipeline } from "./pipeline.ts";
import type { ClusterConnectionPool } from "../connections/pool.ts";
import { unlessAborted } from "./reply_policies.ts";
import { isReadonly } from "../redirection/redirection.ts";
import { collectNode } from "../routing/node_sender.ts";
import { NO_KEY, SEVERAL, slotOfCommand } from "../routing/route.ts";
import { Router } from "../routing/router.ts";
import { clusterSubscriptions } from "../subscriptions/cluster_subscriptions.ts";
import { slotOf } from "../routing/slot.ts";
import { runTransaction } from "./transaction.ts";
import { UnknownCommands } from "../routing/unknown_commands.ts";

/** Commands with one of these need a look before they take a shared connection. */
const SPECIAL = CommandFlag.blocking | CommandFlag.stateful | CommandFlag.binary | CommandFlag.scripted;

/** Runs commands over a pool of connections to the nodes of a cluster. */
export class ClusterExecutor implements Executor {
  /** @inheritdoc */
  readonly hasSlots = true;
  /** @inheritdoc */
  readonly events: TypedEventTarget<ConnectionEvents>;
  /** @inheritdoc */
  readonly subscriptionRouter: SubscriptionRouter;
  readonly #pool: ClusterConnectionPool;
  readonly #cluster: ClusterState;
  /** The router. */
  readonly router: Router;
  readonly #unknown: UnknownCommands = new UnknownCommands();
  readonly #multiplex: boolean;
  readonly #owner: boolean;
  readonly #leave: () => void;
  /** Calls that may send further commands. */
  readonly #running: RunningCalls = new RunningCalls();
  #closing: Promise<void> | undefined = undefined;

  /** Uses `pool`. An `owner` closes the pool with itself. Without `multiplex` each command takes a connection. */
  constructor(
    pool: ClusterConnectionPool,
    options: { readonly multiplex: boolean; readonly owner: boolean },
  ) {
    this.#pool = pool;
    this.#cluster = pool.state;
    this.#multiplex = options.multiplex;
    this.#owner = options.owner;
    this.router = new Router(pool.state, this.#unknown);
    this.events = pool.state.events;
    this.subscriptionRouter = clusterSubscriptions(pool, options.multiplex);
    this.#leave = pool.beforeClose(() => Promise.resolve(this.router.close()));
  }

  /** @inheritdoc */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** @inheritdoc */
  execute(command: Command, call: Call): Promise<unknown> {
    if (this.#closing !== undefined) return Promise.reject(closedError(command.spec.name));
    if ((command.spec.flags & SPECIAL) !== 0 || !this.#multiplex) return this.#apart(command, call);
    const slot = slotOfCommand(command);
    return slot >= 0 ? this.#together(command, call, slot) : this.#spread(command, call, slot);
  }

  /** Sends a command over the shared connections; with `node`, to that node and no other. */
  #together(command: Command, call: Call, slot: number, node?: ClusterNode): Promise<unknown> {
    const pending = new Pending(command, call.mode, call.timeout);
    const promise = pending.promise();
    pending.sender = node?.shared;
    // The router's default policy can be omitted.
    if (call.retry !== this.#cluster.options.connection.retry || node !== undefined) {
      pending.coldFields.retry = call.retry;
    }
    const { signal, route } = call;
    if (signal !== undefined) {
      if (signal.aborted) return Promise.reject(signal.reason);
      abortBy(pending, signal);
    }
    if (route !== undefined) {
      if (node === undefined) this.router.record(pending, route, slot);
      else route.at(slot, node);
    }
    if (node === undefined) {
      collectNode(pending, call.ranAt);
      this.router.submit(pending, slot);
    } else {
      if (!isReadonly(command)) call.ranAt?.add(node);
      node.shared.route(pending);
    }
    return promise;
  }

  /** @inheritdoc */
  executeAll(commands: readonly Command[], call: Call, atomic = false): Promise<unknown[]> {
    return this.#running.track(this.#executeAll(commands, call, atomic));
  }

  async #executeAll(commands: readonly Command[], call: Call, atomic: boolean): Promise<unknown[]> {
    if (this.#closing !== undefined) throw closedError(atomic ? "a transaction" : "a pipeline");
    call.signal?.throwIfAborted();
    if (commands.length === 0) return [];
    // Commands may wait for their connection, and callers may change their bytes meanwhile.
    const routed = keepArguments(commands).map((command) => this.#unknown.route(command, call));
    if (atomic) return await runTransaction(this.router, this.#cluster, routed, call, this.#multiplex);
    let rest = call;
    try {
      // Without the topology each command would use another connection, without a defined order.
      if (!this.#multiplex) rest = await awaitTopology(this.#cluster, "A pipeline", call);
    } catch (error) {
      call.signal?.throwIfAborted();
      return commands.map(() => error);
    }
    const execute: Execute = (command, terms, slot) => {
      if (this.#multiplex || slot === undefined) return this.execute(command, terms);
      const binary = (command.spec.flags & CommandFlag.binary) !== 0;
      return this.#together(command, binary ? { ...terms, mode: DecodeMode.bytes } : terms, slot);
    };
    return await runPipeline(this.router, this.#cluster, routed, rest, this.#multiplex, execute);
  }

  /** @inheritdoc */
  async lease(call: Call, keys: readonly Arg[] = []): Promise<Connection> {
    if (this.#pool.closed) throw closedError("a command on a connection of its own");
    const slot = keys.length === 0 ? NO_KEY : slotOf(keys[0]!);
    if (keys.some((key) => slotOf(key) !== slot)) throw crossSlotError("WATCH", keys);
    const { timeout } = call;
    const late = (): TimeoutError => {
      const message = `WATCH waited ${timeout} ms for a connection to ${this.#cluster.options}`;
      return new TimeoutError(message, { code: "COMMAND_TIMEOUT", executed: "no" });
    };
    const limit = startLimit(this.#cluster.options.connection.clock, timeout, late, call.signal);
    const limited = { ...call, signal: limit.signal };
    try {
      await awaitTopology(this.#cluster, "WATCH", limited);
      return (await acquireForSlot(this.#cluster, slot, limited, false)).connection;
    } finally {
      limit.release();
    }
  }

  /** @inheritdoc */
  redirected(error: unknown, turn: number, call: Pick<Call, "retry" | "signal">): Promise<boolean> {
    return canRetryLease(this.#cluster, error, turn, call);
  }

  /** @inheritdoc */
  async trace<T>(run: (call: Call) => Promise<T>, call: Call): Promise<Traced<T>> {
    const ranAt = new Set<object>();
    return { value: await run({ ...call, ranAt }), places: ranAt };
  }

  /** @inheritdoc */
  async waitAt(place: object, wait: Command, call: Call): Promise<unknown> {
    const { topology } = this.#cluster;
    const node = place as ClusterNode;
    const { connection } = node.openedShared ?? {};
    const count = await waitForReplicas(this.#replicationWait(node, []), wait, call, blockingTime(wait));
    const same = connection === node.openedShared?.connection;
    if (same && node.role === "master" && topology.nodes().includes(node)) return count;
    throw new ConnectionError(`the connection to ${node} was lost, and maybe the write with its server`, {
      code: "LOST",
      executed: "yes",
    });
  }

  /** @inheritdoc */
  async shards(call: Call): Promise<readonly Pick<Executor, "execute">[]> {
    await awaitTopology(this.#cluster, "A command for all masters", call);
    return this.#cluster.topology.shards().map(({ master }) => ({
      execute: (command, rest) => this.#at(master, command, rest, 0),
    }));
  }

  /** @inheritdoc */
  async connect({ signal }: Pick<Call, "signal">): Promise<void> {
    await awaitTopology(this.#cluster, "connect()", { timeout: 0, signal });
  }

  /** @inheritdoc */
  close(options: CloseOptions = {}): Promise<void> {
    const closing = this.#closing ??= this.#close(options);
    return options.force && this.#owner ? this.#pool.close(options) : closing;
  }

  #apart(command: Command, call: Call): Promise<unknown> {
    const { flags, name } = command.spec;
    if ((flags & CommandFlag.stateful) !== 0) return Promise.reject(statefulRefusal(name));
    if ((flags & CommandFlag.scripted) !== 0) {
      const { clock } = this.#cluster.options.connection;
      return this.#running.track(
        runScript(
          command,
          call,
          clock,
          (script, rest) => this.#execute(script, rest, 0),
          this.#multiplex,
        ),
      );
    }
    const blocks = (flags & CommandFlag.blocking) === 0 ? 0 : blockingTime(command);
    const decoded = (flags & CommandFlag.binary) === 0 ? call : { ...call, mode: DecodeMode.bytes };
    return this.#execute(command, decoded, blocks);
  }

  #execute(command: Command, call: Call, blocks: number): Promise<unknown> {
    const slot = slotOfCommand(command);
    if (slot < 0) return this.#spread(command, call, slot, blocks);
    if (blocks === 0 && this.#multiplex) return this.#together(command, call, slot);
    const run = runDedicatedForSlot(this.#cluster, command, slot, call, blocks);
    // A command that blocks has not written while it does.
    return blocks === 0 ? this.#running.track(run) : run;
  }

  /** A command without keys, or with keys in several slots. */
  async #spread(given: Command, call: Call, slot: number, blocks = 0): Promise<unknown> {
    const command = slot === NO_KEY ? this.#unknown.route(given, call) : given;
    const { spec } = command;
    if (command !== given) return await this.#execute(command, call, blocks);
    if (slot === SEVERAL) return await this.#split(command, call, blocks);
    if (spec.requestPolicy === "special") throw needsNode(spec.name);
    if (spec.requestPolicy !== undefined) {
      const rest = await awaitTopology(this.#cluster, spec.name, call);
      const nodes = targetsOf(this.#cluster, command);
      if (nodes !== undefined) return await this.#everywhere(nodes, command, rest, blocks);
    }
    if (blocks > 0 || !this.#multiplex) {
      return await runDedicatedForSlot(this.#cluster, command, NO_KEY, call, blocks);
    }
    return await this.#together(command, call, NO_KEY);
  }

  async #everywhere(
    nodes: readonly ClusterNode[],
    command: Command,
    call: Call,
    blocks: number,
  ): Promise<unknown> {
    if (nodes.length > 1) call.route?.spread();
    const runs = nodes.map((node) => this.#at(node, command, call, blocks).catch((error) => error));
    const outcomes = unlessAborted(await Promise.all(runs), call.signal);
    return gather(command, nodes, outcomes, this.#cluster.options.connection.clock.random());
  }

  async #split(command: Command, call: Call, blocks: number): Promise<unknown> {
    const parts = split(command);
    if (parts === undefined || blocks > 0) throw crossSlot(command);
    call.route?.spread();
    const outcomes = await Promise.all(parts.map((part) => {
      const run = this.#multiplex
        ? this.#together(part.command, call, part.slot)
        : this.#running.track(runDedicatedForSlot(this.#cluster, part.command, part.slot, call, 0));
      return run.catch((error) => error);
    }));
    return join(command, parts, unlessAborted(outcomes, call.signal));
  }

  /** Runs a command on one node, whichever slots the node has. */
  #at(node: ClusterNode, command: Command, call: Call, blocks: number): Promise<unknown> {
    const failure = this.#cluster.failureOf(node, command.spec.name);
    if (failure !== undefined) return Promise.reject(failure);
    if (waitsForReplicas(command)) return this.#waitForReplicas(node, command, call, blocks);
    if (blocks === 0 && this.#multiplex) return this.#together(command, call, NO_KEY, node);
    if (!isReadonly(command)) call.ranAt?.add(node);
    return runDedicated(node.pool, command, call, blocks);
  }

  /** Runs WAIT on one master, after all earlier calls, including those that are being redirected. */
  async #waitForReplicas(node: ClusterNode, command: Command, call: Call, blocks: number): Promise<unknown> {
    const { clock } = this.#cluster.options.connection;
    const late = (): TimeoutError =>
      new TimeoutError(
        `${command.spec.name} waited ${call.timeout} ms for commands that are being redirected`,
        {
          code: "COMMAND_TIMEOUT",
          executed: "no",
        },
      );
    const began = clock.now();
    const limit = startLimit(clock, call.timeout, late, call.signal);
    try {
      await abortable(this.router.settled(), limit.signal);
    } finally {
      limit.release();
    }
    // One deadline covers both.
    const timeout = call.timeout === 0 ? 0 : Math.max(1, call.timeout - (clock.now() - began));
    const wait = this.#replicationWait(node, this.#running.now());
    return await waitForReplicas(wait, command, { ...call, timeout }, blocks);
  }

  #replicationWait(node: ClusterNode, running: readonly Promise<unknown>[]): ReplicationWait {
    const here = (): boolean => this.#cluster.topology.nodes().includes(node);
    return {
      pool: node.pool,
      sender: this.#multiplex ? node.shared : undefined,
      acquire: (...rest) => acquireFromNode(this.#cluster, node, here, ...rest),
      running,
    };
  }

  async #close(options: CloseOptions): Promise<void> {
    // Commands that wait for large replies count as pending.
    const settled = options.force
      ? []
      : this.#cluster.topology.nodes().flatMap(({ openedShared }) => openedShared?.router?.settled() ?? []);
    if (settled.length > 0) {
      const { connection, node } = this.#cluster.options;
      await withTimeout(connection.clock, node.closeGrace, Promise.all(settled));
    }
    this.#leave();
    this.router.close();
    if (this.#owner) await this.#pool.close(options);
  }
}
