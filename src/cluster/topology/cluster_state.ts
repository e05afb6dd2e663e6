/**
 * The state of a cluster: its nodes, the refreshes of its topology, and the health of its nodes. The pool owns it, and all
 * clients of the pool use it.
 *
 * @module
 */
import { BackgroundTimers } from "../../connection/background_timers.ts";
import { ConnectionError, type RedisError } from "../../errors.ts";
import { type ConnectionEvents, emit, TypedEventTarget } from "../../events.ts";
import { notify } from "../../observe/target.ts";
import type { ServerAddress } from "../../topology/server_address.ts";
import { ClusterNodes } from "./cluster_nodes.ts";
import type { ClusterNode } from "./node.ts";
import { NodeHealthMonitor, silentError } from "./node_health_monitor.ts";
import type { NodePool } from "../connections/node_pool.ts";
import { ClusterReads } from "../routing/read_from.ts";
import { failedError } from "../redirection/redirection.ts";
import type { ResolvedClusterOptions } from "../options/resolved.ts";
import { type RefreshReason, Topology } from "./topology.ts";
import { type Answer, queryTopology } from "./topology_query.ts";
import { TopologyRefresher } from "./topology_refresher.ts";

/** Receives changes of the topology. */
export interface TopologyListener {
  /** The slots are known, for the first time or anew. */
  discovered(): void;
  /** Called when a refresh has failed. Returns whether commands still wait for it. */
  failed(error: Error): boolean;
  /**
   * Slots have another master. `refreshed`: as a refresh shows, after which the connections to the nodes in `left` are
   * closed, seeds included; else as a redirection named it.
   */
  rearranged?(slots: readonly number[], refreshed: boolean, left: readonly ClusterNode[]): void;
  /** A node has answered with ASK: a slot is on its way to another node. */
  asked?(slot: number): void;
  /** A node has got its shared connection; nothing has been sent over it. */
  opened?(node: ClusterNode): void;
}

/** The state of a cluster. */
export class ClusterState {
  /** The options of the pool. */
  readonly options: ResolvedClusterOptions;
  /** The nodes by slot and by role. */
  readonly topology: Topology;
  /** Refreshes the topology. */
  readonly refresher: TopologyRefresher;
  /** The events of the shared connections of all nodes. */
  readonly events: TypedEventTarget<ConnectionEvents> = new TypedEventTarget();
  /** The timers for work that no caller waits for. */
  readonly background: BackgroundTimers;
  readonly #nodes: ClusterNodes;
  readonly #healthMonitor: NodeHealthMonitor;
  readonly #reads: ClusterReads | undefined;
  readonly #listeners: Set<TopologyListener> = new Set();
  readonly #closePool: (pool: NodePool) => Promise<void>;
  readonly #signal: AbortSignal;
  /** MOVED replies since the last refresh. */
  #moved = 0;
  #covered = 0;
  #triesLeft = 0;
  #turn = 0;

  /**
   * `makePool` creates the pool of a node on first use, `closePool` closes it when the node has left. Aborting the
   * signal ends all timers and queries.
   */
  constructor(
    options: ResolvedClusterOptions,
    makePool: (node: ClusterNode) => NodePool,
    closePool: (pool: NodePool) => Promise<void>,
    signal: AbortSignal,
  ) {
    const { clock } = options.connection;
    this.options = options;
    const background = this.background = new BackgroundTimers(clock);
    this.#closePool = closePool;
    this.#signal = signal;
    this.#reads = options.readFrom === "master" ? undefined : new ClusterReads(options);
    this.#nodes = new ClusterNodes(options, makePool, (node) => this.#opened(node));
    this.topology = new Topology(this.#nodes);
    this.refresher = new TopologyRefresher(clock, background, options.refreshInterval, {
      refresh: (reason) => this.#refresh(reason),
      failed: (error) => this.#failed(error),
    }, signal);
    this.#healthMonitor = new NodeHealthMonitor(clock, background, options.nodeTimeout, {
      nodes: () => this.#nodes.values(),
      suspected: () => this.silent(),
    }, signal);
  }

  /** Whether commands can be routed: the slots are known, or are to be learned from redirections. */
  get ready(): boolean {
    return this.topology.refreshes > 0 || !this.options.initSlotCache;
  }

  /** Whether the pool is closed. */
  get stopped(): boolean {
    return this.#signal.aborted;
  }

  /** Adds a listener. */
  listen(listener: TopologyListener): void {
    this.#listeners.add(listener);
  }

  /** Removes a listener. */
  unlisten(listener: TopologyListener): void {
    this.#listeners.delete(listener);
  }

  /** Learns the slots, if they are not known; rejects when as many tries as `retry` grants have failed. */
  async start(): Promise<void> {
    if (this.topology.refreshes > 0) return;
    this.#triesLeft = this.options.connection.retry.attempts + 1;
    await this.refresher.now("start");
  }

  /** The node of the topology with an address, or with that other name. */
  find(address: ServerAddress): ClusterNode | undefined {
    return this.#nodes.find(address);
  }

  /** The node at an address that can be reached from here; a new one where none is known. */
  nodeAt(address: ServerAddress): ClusterNode {
    return this.#nodes.at(address);
  }

  /** The node that a redirection names; an empty host is that of `asked`. */
  nodeNamed({ host, port }: ServerAddress, asked: ClusterNode | undefined): ClusterNode {
    return this.#nodes.named({ host: host || (asked?.host ?? this.options.startupNodes[0]!.host), port });
  }

  /** An ASK reply: the slot is on its way to another node. */
  asked(slot: number): void {
    for (const listener of [...this.#listeners]) listener.asked?.(slot);
  }

  /** A MOVED reply: sets the node of the slot, and requests a refresh when that has come often enough. */
  moved(slot: number, node: ClusterNode): void {
    const { topology, options } = this;
    const before = topology.masterOf(slot);
    if (before === node) return;
    topology.move(slot, topology.shardOf(node) ?? { master: node, replicas: [] });
    const unknown = node.role !== "master";
    if (unknown) {
      // It was elected after the refresh that may have reported it as failed.
      node.health = "online";
      this.#nodes.assign(node, "master");
    }
    this.#moved++;
    for (const listener of [...this.#listeners]) listener.rearranged?.([slot], false, []);
    // Commands that wait for a connection to the old master are sent before later calls.
    if (before?.openedShared?.waiting) {
      before.openedShared.evict(replaced(`another master than ${before} has the slot now`));
    }
    const enough = options.reinitializeSteps > 0 && (unknown || this.#moved >= options.reinitializeSteps);
    if (enough) this.refresher.request("moved");
  }

  /** The node for a slot; `readonly`: for a command that changes nothing. */
  nodeOf(slot: number, readonly: boolean): ClusterNode | undefined {
    const shard = this.topology.slots[slot];
    if (shard === undefined || !readonly || this.#reads === undefined) return shard?.master;
    return this.#reads.select(shard);
  }

  /** A node for a command without keys: one that can be reached now, in turn. */
  anyNode(): ClusterNode {
    const all = this.topology.byRole("master").filter((node) => node.health === "online");
    const nodes = all.length > 0 ? all : this.topology.nodes();
    if (nodes.length === 0) return this.#nodes.seeds()[0]!;
    const ready = nodes.filter((node) => node.usable && !this.isSilent(node));
    const choice = ready.length > 0 ? ready : nodes;
    return choice[this.#turn++ % choice.length]!;
  }

  /** Whether a node owes replies and has sent nothing for too long. */
  isSilent(node: ClusterNode): boolean {
    return this.#healthMonitor.isSilent(node);
  }

  /** Returns whether a master and all its replicas have failed, as the other nodes report, so waiting is useless. */
  hasFailed(node: ClusterNode): boolean {
    // The node may have become reachable since the last refresh.
    if (node.health !== "fail" || (node.usable && !this.isSilent(node))) return false;
    const replicas = this.topology.shardOf(node)?.replicas ?? [];
    return replicas.every(({ health }) => health === "fail");
  }

  /** Returns the error for a command to a node that has failed, and looks for the return of the node. */
  failureOf(node: ClusterNode, name: string): RedisError | undefined {
    if (!this.hasFailed(node)) return undefined;
    node.wake();
    this.lost();
    return failedError(name, node);
  }

  /** A connection was lost, or cannot be made: the other nodes may know more. */
  lost(): void {
    if (this.topology.refreshes > 0) this.refresher.request("lost");
  }

  /** A node is silent: the other nodes may know more. */
  silent(): void {
    if (this.topology.refreshes > 0) this.refresher.request("silent");
  }

  /**
   * Returns the nodes to query: healthy ones, then the others, then the seeds, each in random order to spread the
   * load. `urgent`: connected nodes first; otherwise any node, so that an isolated node, which refuses commands as
   * the cluster is down, is not asked forever.
   */
  #candidates(urgent: boolean): ClusterNode[] {
    const seeds = this.#nodes.seeds();
    if (!this.options.followCluster) return seeds;
    const { clock } = this.options.connection;
    const rank = (node: ClusterNode): number =>
      this.isSilent(node) ? 3 : urgent && node.connected ? 0 : node.health === "online" ? 1 : 2;
    const ranked = [...this.#nodes.values()].filter((node) => node.role !== "unknown")
      .map((node) => ({ node, order: rank(node) + clock.random() }))
      .sort((a, b) => a.order - b.order);
    return [...new Set([...ranked.map(({ node }) => node), ...seeds])];
  }

  async #refresh(reason: RefreshReason): Promise<boolean> {
    const { topology, options } = this;
    const known = {
      first: topology.refreshes === 0,
      epoch: topology.epoch,
      covered: this.#covered,
      gapsAllowed: options.skipFullCoverageCheck,
    };
    const candidates = this.#candidates(reason === "moved" || reason === "lost" || reason === "silent");
    const { clock } = options.connection;
    const began = clock.now();
    const refreshed = (changed: boolean, error?: Error): void => {
      const time = clock.now() - began;
      notify(
        options.connection,
        (observer, target) => observer.refreshed?.({ reason, changed, time, ...error && { error } }, target),
      );
    };
    try {
      const answer = await queryTopology(candidates, known, known.first, clock, this.#signal);
      const changed = this.#apply(answer, reason);
      refreshed(changed);
      return changed;
    } catch (error) {
      if (!this.stopped) refreshed(false, error as Error);
      throw error;
    }
  }

  #failed(error: Error): boolean {
    let wanted = --this.#triesLeft > 0;
    for (const listener of [...this.#listeners]) if (listener.failed(error)) wanted = true;
    return wanted && this.topology.refreshes === 0;
  }

  #apply({ found }: Answer, reason: RefreshReason): boolean {
    const { topology } = this;
    const { slots, left, seeds, changed } = this.#nodes.apply(found);
    const moved = topology.replace(slots);
    topology.epoch = found.epoch;
    topology.reason = reason;
    topology.refreshedAt = this.options.connection.clock.now();
    topology.refreshes++;
    this.#covered = found.covered;
    this.#moved = 0;
    // Listeners find the commands in flight to a node by its shared connection, which is closed below.
    const leaving = [...left, ...seeds.filter(({ openedShared }) => openedShared !== undefined)];
    if (moved.size + leaving.length > 0) {
      const movedSlots = [...moved.values()].flat();
      for (const listener of [...this.#listeners]) listener.rearranged?.(movedSlots, true, leaving);
    }
    for (const node of moved.keys()) this.#displace(node);
    for (const node of this.#nodes.values()) {
      if (node.health !== "fail") continue;
      const failed = this.hasFailed(node);
      if (failed || node.role === "replica") this.#cutIfSilent(node, silentError(node));
      // The failed node has no successor.
      if (failed) node.openedShared?.evict(replaced(`${node} has failed`));
    }
    for (const node of [...left, ...seeds]) this.#retire(node);
    for (const listener of [...this.#listeners]) listener.discovered();
    return changed || moved.size > 0;
  }

  /** Another node has slots of this one: commands that wait go there, and those on their way to a dead end are cut. */
  #displace(node: ClusterNode): void {
    const cause = replaced(`another master than ${node} has the slot now`);
    // A node that still has slots may only be busy. Commands in flight return first: those that wait were called later.
    if (this.topology.shardOf(node) === undefined) this.#cutIfSilent(node, cause);
    else if (this.isSilent(node)) this.#healthMonitor.probe(node);
    node.openedShared?.evict(cause);
  }

  #cutIfSilent(node: ClusterNode, cause: ConnectionError): void {
    if (this.isSilent(node)) node.disconnect(cause);
  }

  #retire(node: ClusterNode): void {
    const pool = node.openedPool;
    if (pool === undefined) return;
    this.#displace(node);
    node.closeShared().then(() => this.#closePool(pool));
  }

  #opened(node: ClusterNode): void {
    this.#healthMonitor.start();
    for (const listener of [...this.#listeners]) listener.opened?.(node);
    const { shared } = node;
    shared.listen({
      ready: () => {},
      push: () => {},
      lost: (cause) => cause && this.lost(),
      retrying: () => {
        // Reads that wait for it go elsewhere, unless only replicas may be read.
        if (node.role === "replica" && this.options.readFrom !== "replica") {
          shared.evict(replaced(`the replica ${node} cannot be reached`));
        }
      },
    });
    shared.events.addEventListener("maintenance", ({ detail }) => {
      if (detail.notification === "SMIGRATED") this.refresher.request("moved");
    });
    for (const type of ["connecting", "ready", "reconnecting", "closed", "maintenance"] as const) {
      shared.events.addEventListener(type, ({ detail }) => {
        if (type === "reconnecting") this.lost();
        emit(this.events, type, detail as never);
      });
    }
  }
}

/** The error of commands that were taken from a node while they waited for a connection. */
export class EvictedError extends ConnectionError {}

/** Creates the error for commands that wait for one node and must go to another. */
export function replaced(why: string): EvictedError {
  return new EvictedError(why, { code: "REPLACED", executed: "no" });
}
