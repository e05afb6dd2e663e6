/**
 * A cluster in the process.
 *
 * @module
 */
import type { Clock } from "../../../clock.ts";
import type { Transport } from "../../../transport.ts";
import { after } from "../../dispatch.ts";
import { toServer } from "../../faults/texts.ts";
import { flush } from "../../keyspace.ts";
import type { Listener, TopologyListenOptions } from "../../listener.ts";
import { createTime, stateOf } from "../../server.ts";
import type { ServerTime } from "../../time.ts";
import { hashSlot, SLOTS } from "../hash_slot.ts";
import { allListening, listenAt, Network } from "../network.ts";
import { shareOfSlots, type SlotRanges } from "../slot_ranges.ts";
import type { Snapshot } from "../../snapshot.ts";
import { TopologySnapshots } from "../topology_snapshots.ts";
import { ClusterBus, randomId } from "./bus.ts";
import { CLUSTER_GROUPS } from "./commands.ts";
import { ClusterMember } from "./member.ts";
import { join } from "./membership.ts";
import { TestClusterNode } from "./node.ts";
import { route } from "./routing.ts";
import { SlotMigration } from "./slot_migration.ts";

/** Options of a test cluster. Times are milliseconds. */
export interface TestClusterOptions {
  /** The number of masters. Default 3. */
  readonly masters?: number;
  /** The number of replicas of each master. Default 1. */
  readonly replicas?: number;
  /** Time and chance. Default: the runtime's. */
  readonly clock?: Clock;
  /** The time at the start, in milliseconds since 1970. Default: now; with a `clock` 1,700,000,000,000. */
  readonly epoch?: number;
  /** Silence after which a node counts as failing (`cluster-node-timeout`). Default 2,000. */
  readonly nodeTimeout?: number;
  /** The time in milliseconds until nodes learn of changes. Default 0: immediately. */
  readonly gossipDelay?: number;
  /**
   * The minimum time in milliseconds until a replica of a failed master stands for election; the maximum is twice
   * that. Default 500.
   */
  readonly electionDelay?: number;
  /** Whether a master that has lost its replicas gets one of a master with several, after 5,000. Default `true`. */
  readonly replicaMigration?: boolean;
  /** Milliseconds until writes arrive at replicas. Default 0: before the reply. */
  readonly replicationLag?: number;
  /** Whether a slot without an owner stops the whole cluster (`cluster-require-full-coverage`). Default `true`. */
  readonly fullCoverage?: boolean;
  /** The password of the default user. Default: none. */
  readonly password?: string;
  /** Parameters as CONFIG SET takes them, for all nodes. */
  readonly config?: Readonly<Record<string, string>>;
  /** The number of executed commands that each node keeps. Default 10,000. */
  readonly logLimit?: number;
  /** Loads the package `wasmoon-lua5.1` for scripts. Default: imports it. */
  readonly lua?: () => Promise<unknown>;
  /** The port of the first node for clients in the process; the others follow. Default 7000. */
  readonly port?: number;
}

/** A choice of slots: one, inclusive ranges, or the slot of a key. */
export type SlotChoice = number | string | SlotRanges;

/** A cluster in this process, without a way to listen; the entry point `testing` adds one. */
export class TestClusterBase implements AsyncDisposable {
  readonly #options: TestClusterOptions;
  readonly #time: ServerTime;
  readonly #network: Network<ClusterMember> = new Network();
  readonly #bus: ClusterBus;
  readonly #listener: Listener | undefined;
  readonly #snapshots: TopologySnapshots<ClusterMember>;
  #listening: TopologyListenOptions | undefined;
  #closed = false;

  /**
   * Starts a cluster; nothing has to be awaited.
   *
   * @throws {TypeError} for fewer than one master, or a `config` that Redis refuses.
   */
  constructor(options: TestClusterOptions = {}, listener?: Listener) {
    const { masters = 3, replicas = 1 } = options;
    if (!(masters >= 1 && replicas >= 0)) throw new TypeError("Cannot start a test cluster without masters");
    this.#options = options;
    this.#listener = listener;
    this.#time = createTime(options);
    this.#bus = new ClusterBus(this.#network, this.#time, {
      nodeTimeout: options.nodeTimeout ?? 2_000,
      gossipDelay: options.gossipDelay ?? 0,
      electionDelay: options.electionDelay ?? 500,
      replicaMigration: options.replicaMigration ?? true,
    });
    const members = Array.from({ length: masters * (1 + replicas) }, () => this.#add());
    const records = members.map((member, index) => ({
      ...member.own,
      version: 1,
      epoch: index < masters ? index + 1 : 0,
      master: index < masters ? undefined : members[index % masters]!.id,
      slots: index < masters ? shareOfSlots(index, masters, SLOTS) : [],
    }));
    for (const member of members) {
      for (const record of records) member.view.set(record.id, record);
      member.currentEpoch = masters;
      member.invalidate();
    }
    for (const member of members) this.#bus.wire(member);
    const bus = this.#bus;
    this.#snapshots = new TopologySnapshots({
      network: this.#network,
      time: this.#time,
      remember: () => bus.remember(),
      resume: () => bus.resume(),
    });
  }

  #add(): ClusterMember {
    const { clock, logLimit, lua, password, config, fullCoverage = true, port: firstPort = 7000 } =
      this.#options;
    const port = firstPort + this.#network.hosts.length;
    const id = randomId(this.#time);
    const server = new TestClusterNode(
      () => member,
      { clock, logLimit, lua, password, config },
      this.#listener,
      {
        time: this.#time,
        groups: CLUSTER_GROUPS,
        address: `127.0.0.1:${port}`,
        refuse: () => member.up ? undefined : "it is down",
      },
    );
    const state = stateOf(server);
    const member: ClusterMember = new ClusterMember(id, {
      host: "127.0.0.1",
      port,
      server,
      state,
      fullCoverage,
      find: (other) => this.#bus.byId(other),
    });
    member.lag = this.#options.replicationLag ?? 0;
    state.config.set("cluster-enabled", "yes");
    state.config.set("port", String(port));
    state.config.set("cluster-node-timeout", String(this.#bus.options.nodeTimeout));
    state.config.set("cluster-require-full-coverage", fullCoverage ? "yes" : "no");
    state.hooks.route = (session, command, args) => route(member, session, command, args);
    join(state, { bus: this.#bus, member });
    this.#network.add(member);
    return member;
  }

  /** The transport for clients in this process: it leads to the node at the address that they ask for. */
  get transport(): Transport {
    return this.#network.transport;
  }

  /** The addresses for the option `startupNodes` of a client. */
  get startupNodes(): { readonly host: string; readonly port: number }[] {
    return this.#network.hosts.map(({ host, port }) => ({ host, port }));
  }

  /** The URLs of the nodes, for clients anywhere.
   *
   * @throws {TypeError} before `listen()`. */
  get urls(): string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** All nodes: the initial masters, then the replicas, then added nodes. */
  get nodes(): TestClusterNode[] {
    return this.#network.hosts.map(({ server }) => server as TestClusterNode);
  }

  /** The nodes that run and take themselves to be masters. */
  get masters(): TestClusterNode[] {
    return this.nodes.filter(({ up, role }) => up && role === "master");
  }

  /** The nodes that run and take themselves to be replicas. */
  get replicas(): TestClusterNode[] {
    return this.nodes.filter(({ up, role }) => up && role === "replica");
  }

  /** The time, in milliseconds since 1970. */
  get now(): number {
    return this.#time.now();
  }

  /** The slot of a key. */
  slotOf(key: string): number {
    return hashSlot(toServer(key));
  }

  /** The master of a key or a slot, as most nodes that run see it; `undefined` where there is none. */
  masterOf(key: string | number): TestClusterNode | undefined {
    const slot = typeof key === "number" ? key : this.slotOf(key);
    const votes = new Map<string, number>();
    for (const member of this.#network.hosts) {
      const owner = member.up ? member.ownerOf(slot)?.id : undefined;
      if (owner !== undefined) votes.set(owner, (votes.get(owner) ?? 0) + 1);
    }
    const [best] = [...votes].sort(([, a], [, b]) => b - a);
    return best && this.#bus.byId(best[0])?.server as TestClusterNode | undefined;
  }

  /** The replicas of a master that run. */
  replicasOf(master: TestClusterNode): TestClusterNode[] {
    return this.replicas.filter((one) => one.master === master);
  }

  /**
   * Listens on a TCP port for each node; from then on the nodes announce these addresses.
   *
   * @throws {TypeError} when there is no listener.
   * @throws the runtime's error when an address cannot be used.
   */
  async listen(options: TopologyListenOptions = {}): Promise<{ readonly urls: string[] }> {
    this.#listening = options;
    await allListening(this.#network.hosts.map((member, index) => this.#listen(member, index, options)));
    for (const member of this.#network.hosts) this.#bus.wire(member);
    return { urls: this.urls };
  }

  async #listen(member: ClusterMember, index: number, options: TopologyListenOptions): Promise<void> {
    const { host, port } = await listenAt(member.server, options, options.port, index);
    this.#network.rename(member, host, port);
    member.state.config.set("port", String(port));
  }

  /** Moves slots with their keys to a master, at once and without a moment in between. */
  moveSlots(slots: SlotChoice, to: TestClusterNode): void {
    for (const slot of this.#slots(slots)) this.migrate(slot, to).finish();
  }

  /** Begins to move a slot, so that its keys are in two places until the migration is finished. */
  migrate(slot: number | string, to: TestClusterNode): SlotMigration {
    const number = typeof slot === "string" ? this.slotOf(slot) : slot;
    const source = this.masterOf(number);
    if (source === undefined) throw new TypeError(`Cannot move slot ${number}: nobody has it`);
    return new SlotMigration(this.#bus, number, this.#member(source), this.#member(to));
  }

  #slots(slots: SlotChoice): number[] {
    if (typeof slots === "string") return [this.slotOf(slots)];
    if (typeof slots === "number") return [slots];
    return slots.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n));
  }

  /**
   * Lets a replica take the place of its master, as CLUSTER FAILOVER does: nothing is lost. With `loss: true` the writes
   * that have not arrived at it are lost.
   *
   * @throws {TypeError} when the node is no replica.
   */
  failover(replica: TestClusterNode, { loss = false }: { readonly loss?: boolean } = {}): void {
    const member = this.#member(replica);
    if (member.own.master === undefined) throw new TypeError("Cannot fail over to a node that is no replica");
    if (!loss) member.link?.drain();
    this.#bus.promote(member, this.#bus.nextEpoch());
  }

  /** Ends a node as a crash does: its connections end, and none is made. It keeps its data. */
  stop(node: TestClusterNode): void {
    const member = this.#member(node);
    if (!member.up) return;
    member.up = false;
    node.kill();
    this.#network.onChange();
  }

  /** Starts a stopped node with its data and its knowledge; `empty`: without its data. */
  start(node: TestClusterNode, { empty = false }: { readonly empty?: boolean } = {}): void {
    const member = this.#member(node);
    if (member.up) return;
    if (empty) flush(member.state, member.state.databases);
    member.up = true;
    this.#bus.failures.restarted(member);
    this.#network.onChange();
    this.#bus.announce(member);
  }

  /** Cuts the connections between these nodes and all others; clients reach all of them. Undone by `mend()`. */
  partition(...nodes: TestClusterNode[]): void {
    const some = nodes.map((node) => this.#member(node));
    this.#network.cut(some, this.#network.hosts.filter((one) => !some.includes(one)), true);
  }

  /** Cuts the connection between two nodes. Undone by `mend()`. */
  cut(one: TestClusterNode, other: TestClusterNode): void {
    this.#network.cut([this.#member(one)], [this.#member(other)], true);
  }

  /** Mends all connections between nodes. */
  mend(): void {
    this.#network.mend();
  }

  /** Adds a node: a replica of a master, or a master without slots. */
  async addNode({ master }: { readonly master?: TestClusterNode } = {}): Promise<TestClusterNode> {
    const member = this.#add();
    const index = this.#network.hosts.length - 1;
    if (this.#listening !== undefined) await this.#listen(member, index, this.#listening);
    const [first] = this.#network.hosts;
    this.#bus.meet(first!, member);
    if (master !== undefined) this.#bus.follow(member, master.id);
    return member.server as TestClusterNode;
  }

  /** Moves the time of all nodes forward; everything that is due on the way happens, in order, without waiting. */
  advance(ms: number): void {
    this.#time.advance(ms);
    for (const { state } of this.#network.hosts) {
      state.now = this.#time.now();
      after(state);
    }
  }

  /**
   * Remembers all servers with their data, roles and connections, and the time. Costs a few microseconds for each
   * server. Connections of clients are no part of it.
   */
  snapshot(): Snapshot {
    return this.#snapshots.take();
  }

  /**
   * Restores a snapshot. Later snapshots become invalid. Servers that were added since are gone.
   *
   * @throws {TypeError} for a snapshot of another topology, or an invalid one.
   */
  restore(snapshot: Snapshot): void {
    this.#snapshots.restore(snapshot);
  }

  /** Ends all nodes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#time.stop();
    await Promise.all(this.nodes.map((node) => node.close()));
  }

  /** Ends all nodes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #member(node: TestClusterNode): ClusterMember {
    const found = this.#bus.byId(node.id);
    if (found === undefined) throw new TypeError("This node is of another cluster");
    return found;
  }
}
