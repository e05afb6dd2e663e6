/**
 * All nodes of a cluster, and what is known of them: kept by the pool, used by all its clients.
 *
 * @module
 */
import { ClusterError, ConnectionError, RedisError } from "../errors.ts";
import { type ConnectionEvents, emit, TypedEventTarget } from "../events.ts";
import { type AddressFunction, toAddressFunction } from "../topology/address_map.ts";
import { configuredZone } from "../topology/read_from.ts";
import { formatAddress, type ServerAddress } from "../topology/server_address.ts";
import { queryNode, queryUntil } from "./query_nodes.ts";
import { type Found, type FoundNode, showGaps } from "./discovery.ts";
import { ClusterNode, type NodeRole } from "./node.ts";
import type { NodePool } from "./node_pool.ts";
import { ClusterReads } from "./read_from.ts";
import { TopologyRefresher } from "./topology_refresher.ts";
import { isFatalDiscoveryError } from "./fatal_discovery_error.ts";
import type { ResolvedClusterOptions } from "./resolved_options.ts";
import { NodeHealthMonitor } from "./node_health_monitor.ts";
import { SLOTS } from "./slot.ts";
import { type RefreshReason, type Shard, Topology } from "./topology.ts";

/** Who waits for the slots. */
export interface TopologyListener {
  /** The slots are known, for the first time or anew. */
  discovered(): void;
  /** They could not be learned; tells whether somebody still waits for them. */
  failed(error: Error): boolean;
  /** A slot has another master (`undefined`: several have, or nodes leave, whose connections are about to be closed). */
  rearranged?(slot: number | undefined): void;
  /** A node has got its shared connection; nothing has been sent over it. */
  opened?(node: ClusterNode): void;
}

/** What an answer has come from. */
interface Answer {
  readonly found: Found;
  readonly node: ClusterNode;
}

/** How long one node is waited for before the next is asked, in milliseconds. */
const PATIENCE = 200;

/** The nodes of a cluster. */
export class ClusterState {
  /** The options of the pool. */
  readonly options: ResolvedClusterOptions;
  /** Who has which slots. */
  readonly topology: Topology;
  /** Asks for them anew. */
  readonly refresher: TopologyRefresher;
  /** Tells of the shared connections of all nodes. */
  readonly events: TypedEventTarget<ConnectionEvents> = new TypedEventTarget();
  readonly #nodes: Map<string, ClusterNode> = new Map();
  /** Other names of nodes that are known. */
  #aliases: Map<string, ClusterNode> = new Map();
  readonly #mapAddress: AddressFunction;
  readonly #healthMonitor: NodeHealthMonitor;
  readonly #listeners: Set<TopologyListener> = new Set();
  readonly #makePool: (node: ClusterNode) => NodePool;
  readonly #closePool: (pool: NodePool) => Promise<void>;
  readonly #reads: ClusterReads | undefined;
  /** MOVED replies since the last refresh. */
  #moved = 0;
  #covered = 0;
  #triesLeft = 0;
  #turn = 0;
  #stopped = false;

  /** `makePool` makes the pool of a node when it is first needed, `closePool` ends it when the node has left. */
  constructor(
    options: ResolvedClusterOptions,
    makePool: (node: ClusterNode) => NodePool,
    closePool: (pool: NodePool) => Promise<void>,
  ) {
    this.options = options;
    this.#makePool = makePool;
    this.#closePool = closePool;
    this.#reads = options.readFrom === "master" ? undefined : new ClusterReads(options);
    this.#mapAddress = toAddressFunction(options.addressMap);
    this.topology = new Topology(this.#nodes);
    const { clock } = options.connection;
    this.refresher = new TopologyRefresher(clock, options.refreshInterval, {
      round: (reason) => this.#round(reason),
      failed: (error) => this.#failed(error),
    });
    this.#healthMonitor = new NodeHealthMonitor(clock, options.nodeTimeout, {
      nodes: () => this.#nodes.values(),
      suspect: (nodes) => this.#suspect(nodes),
    });
  }

  /** Whether commands can be routed: the slots are known, or are to be learned from redirections. */
  get ready(): boolean {
    return this.topology.refreshes > 0 || !this.options.initSlotCache;
  }

  /** Whether all has ended. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Adds someone who waits for the slots. */
  listen(listener: TopologyListener): void {
    this.#listeners.add(listener);
  }

  /** Takes a listener away. */
  unlisten(listener: TopologyListener): void {
    this.#listeners.delete(listener);
  }

  /** Learns the slots, if they are not known; rejects when as many rounds as `retry` grants have failed. */
  async start(): Promise<void> {
    if (this.topology.refreshes > 0) return;
    this.#triesLeft = this.options.connection.retry.attempts + 1;
    await this.refresher.now("start");
  }

  /** The node at an address that can be reached from here; a new one where none was known. */
  nodeAt(address: ServerAddress): ClusterNode {
    const key = formatAddress(address);
    const known = this.#nodes.get(key) ?? this.#aliases.get(key);
    if (known !== undefined) return known;
    const zone = configuredZone(this.options.readFrom, address);
    const node = new ClusterNode(address, zone, this.#makePool, (opened) => this.#opened(opened));
    this.#nodes.set(key, node);
    return node;
  }

  /** The node that a redirection names; an empty host is that of `asked`. */
  nodeNamed(address: ServerAddress, asked: ClusterNode | undefined): ClusterNode {
    const host = address.host === "" ? asked?.host ?? this.options.startupNodes[0]!.host : address.host;
    const node = this.nodeAt(this.#mapAddress({ host, port: address.port }));
    if (node.role === "unknown") node.serverName ??= certificateName(host, node);
    return node;
  }

  /** A MOVED reply: writes the slot down, and asks for all of them when that has come often enough. */
  moved(slot: number, node: ClusterNode): void {
    const { topology, options } = this;
    if (topology.masterOf(slot) !== node) {
      const known = topology.shards().find((shard) => shard.master === node);
      topology.move(slot, known ?? { master: node, replicas: [] });
      const unknown = node.role !== "master";
      if (unknown) this.#assign(node, "master");
      this.#moved++;
      this.#tell((listener) => listener.rearranged?.(slot));
      const enough = options.reinitializeSteps > 0 && (unknown || this.#moved >= options.reinitializeSteps);
      if (enough) this.refresher.request("moved");
    }
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
    if (nodes.length === 0) return this.#seeds()[0]!;
    const ready = nodes.filter((node) => node.usable && !this.#healthMonitor.isSilent(node));
    const choice = ready.length > 0 ? ready : nodes;
    return choice[this.#turn++ % choice.length]!;
  }

  /** Whether a node owes replies and has said nothing for too long. */
  isSilent(node: ClusterNode): boolean {
    return this.#healthMonitor.isSilent(node);
  }

  /** A connection was lost, or cannot be made: the others may know more. */
  lost(): void {
    if (this.topology.refreshes > 0) this.refresher.request("lost");
  }

  /** A node says nothing: the others may know more. */
  silent(): void {
    if (this.topology.refreshes > 0) this.refresher.request("silent");
  }

  /** Ends: no more refreshes, no more watching. */
  stop(): void {
    this.#stopped = true;
    this.refresher.stop();
    this.#healthMonitor.stop();
  }

  #seeds(): ClusterNode[] {
    return this.options.startupNodes.map((address) => this.nodeAt(address));
  }

  /**
   * Whom to ask: who is well, then all others, at last the seeds; each in no order, so that no node gets all the
   * asking. In a hurry those come first to whom there is a connection; else anybody, lest one that is cut off from the
   * others be believed for ever.
   */
  #candidates(hurry: boolean): ClusterNode[] {
    const seeds = this.#seeds();
    if (!this.options.followCluster) return seeds;
    const rank = (node: ClusterNode): number =>
      this.#healthMonitor.isSilent(node) ? 3 : hurry && node.connected ? 0 : node.health === "online" ? 1 : 2;
    const { clock } = this.options.connection;
    const ranked = [...this.#nodes.values()].filter((node) => node.role !== "unknown")
      .map((node) => ({ node, order: rank(node) + clock.random() }));
    ranked.sort((a, b) => a.order - b.order);
    return [...new Set([...ranked.map(({ node }) => node), ...seeds])];
  }

  async #round(reason: RefreshReason): Promise<void> {
    const candidates = this.#candidates(reason !== "interval" && reason !== "asked");
    const first = this.topology.refreshes === 0;
    const { accepted, others, errors } = await queryUntil<ClusterNode, Answer>(
      candidates,
      async (node) => ({ found: await queryNode(node, first), node }),
      ({ found }) => this.#isGood(found),
      this.options.connection.clock,
      PATIENCE,
    );
    const answer = accepted ?? this.#best(others);
    if (answer === undefined) throw this.#nobodyKnows(candidates, errors);
    if (first && answer.found.covered < SLOTS && !this.options.skipFullCoverageCheck) {
      throw uncovered(answer);
    }
    this.#apply(answer, reason);
  }

  /** Who knows an older epoch than we do has not heard yet; who has fewer slots may be no part of the cluster any more. */
  #isGood({ epoch, covered }: Found): boolean {
    if (epoch < this.topology.epoch) return false;
    return covered === SLOTS ||
      (this.options.skipFullCoverageCheck && covered > 0 && covered >= this.#covered);
  }

  /** All nodes that answered are behind, or have gaps: the one with the highest epoch is right. */
  #best(answers: readonly Answer[]): Answer | undefined {
    return [...answers].sort((a, b) => b.found.epoch - a.found.epoch || b.found.covered - a.found.covered)
      .find(({ found }) => found.covered > 0 || this.topology.refreshes === 0);
  }

  #nobodyKnows(asked: readonly ClusterNode[], errors: readonly unknown[]): Error {
    const last = errors.at(-1);
    // Refused by all for good: it need not be said in other words.
    const alike = errors.length === 1 || errors.every((error) => isFatalDiscoveryError(error));
    if (alike && last instanceof RedisError) return last;
    const why = last instanceof Error ? `: ${last.message}` : "";
    return new ClusterError(`Cannot learn the slots from any of ${asked.length} nodes${why}`, {
      code: "DISCOVERY",
      executed: "no",
      cause: errors.length > 1 ? new AggregateError(errors, "No node told the slots") : last,
    });
  }

  #failed(error: Error): boolean {
    let wanted = --this.#triesLeft > 0;
    for (const listener of [...this.#listeners]) if (listener.failed(error)) wanted = true;
    return wanted && this.topology.refreshes === 0;
  }

  #apply({ found, node: asked }: Answer, reason: RefreshReason): void {
    const slots = new Array<Shard | undefined>(SLOTS).fill(undefined);
    const staying = new Set<ClusterNode>();
    const aliases = new Map<string, ClusterNode>();
    const meet = (one: FoundNode): ClusterNode => {
      const node = this.#meet(one);
      staying.add(node);
      for (const alias of one.aliases) aliases.set(formatAddress(this.#mapAddress(alias)), node);
      return node;
    };
    for (const { ranges, master, replicas } of found.shards) {
      const followers = replicas.map(meet);
      if (master === undefined) continue;
      const shard: Shard = { master: meet(master), replicas: followers };
      for (const [from, to] of ranges) slots.fill(shard, from, to + 1);
    }
    const { topology } = this;
    this.#aliases = aliases;
    const displaced = topology.replace(slots);
    topology.epoch = found.epoch;
    topology.reason = reason;
    topology.refreshedAt = this.options.connection.clock.now();
    topology.refreshes++;
    this.#covered = found.covered;
    this.#moved = 0;
    // Whoever told it and is not named by itself (a seed behind another name) has gone, too.
    const leaving = [...new Set([...this.#nodes.values(), asked])].filter((node) => !staying.has(node));
    for (const node of leaving) this.#nodes.delete(formatAddress(node));
    if (displaced.size + leaving.length > 0) this.#tell((listener) => listener.rearranged?.(undefined));
    for (const node of displaced) this.#displace(node);
    for (const node of leaving) this.#retire(node);
    this.#tell((listener) => listener.discovered());
  }

  #meet(found: FoundNode): ClusterNode {
    const node = this.nodeAt(this.#mapAddress(found.address));
    node.id = found.id;
    node.health = found.health;
    node.availabilityZone = found.zone ?? node.availabilityZone;
    node.serverName = certificateName(found.hostname ?? found.address.host, node);
    this.#assign(node, found.role);
    return node;
  }

  #assign(node: ClusterNode, role: NodeRole): void {
    node.role = role;
    const readonly = role === "replica" && this.options.readFrom !== "master";
    const pool = node.openedPool;
    if (pool === undefined || pool.readonly === readonly) return;
    pool.readonly = readonly;
    pool.disconnect({ inUse: false });
    node.openedLane?.connection?.send([readonly ? "READONLY" : "READWRITE"]).catch(() => {});
  }

  /** Another node has slots of this one. What waits to be sent goes there; what is on its way to a dead end comes back. */
  #displace(node: ClusterNode): void {
    const lane = node.openedLane;
    if (lane === undefined) return;
    const cause = new ConnectionError(`another master than ${node} has the slot now`, {
      code: "REPLACED",
      executed: "no",
    });
    lane.evict(cause);
    if (!this.#healthMonitor.isSilent(node)) return;
    lane.connection?.disconnect(cause);
    node.openedPool?.disconnect();
  }

  #retire(node: ClusterNode): void {
    const pool = node.openedPool;
    if (pool === undefined) return;
    this.#displace(node);
    node.closeLane().then(() => this.#closePool(pool));
  }

  #opened(node: ClusterNode): void {
    this.#healthMonitor.start();
    this.#tell((listener) => listener.opened?.(node));
    const { lane } = node;
    lane.listen({ ready: () => {}, push: () => {}, lost: (cause) => cause && this.lost() });
    for (const type of ["connecting", "ready", "reconnecting", "closed"] as const) {
      lane.events.addEventListener(type, ({ detail }) => {
        if (type === "reconnecting") this.lost();
        emit(this.events, type, detail as never);
      });
    }
  }

  #tell(tell: (listener: TopologyListener) => void): void {
    for (const listener of [...this.#listeners]) tell(listener);
  }

  #suspect(nodes: readonly ClusterNode[]): void {
    for (const node of nodes) {
      // Nobody is elected in place of a replica: what was read there is read elsewhere.
      if (node.role !== "replica" || !node.usable) continue;
      node.lane.connection?.disconnect(
        new ConnectionError(`the replica ${node} is silent`, { code: "SILENT", executed: "unknown" }),
      );
    }
    this.silent();
  }
}

/** A certificate names the host that is announced, wherever the way to it leads. */
function certificateName(announced: string, node: ClusterNode): string | undefined {
  const isName = !/^[\d.]+$|:/.test(announced);
  return isName && announced !== node.host ? announced : undefined;
}

function uncovered({ found, node }: Answer): ClusterError {
  return new ClusterError(
    `Cannot use the cluster as ${node} describes it: nobody has the slots ${showGaps(found)}; ` +
      "assign them, or give skipFullCoverageCheck: true to work with the rest",
    { code: "UNCOVERED", executed: "no" },
  );
}
