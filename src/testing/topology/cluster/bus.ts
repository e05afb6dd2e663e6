/**
 * The announcements of nodes and their effects: slots, failures, elections.
 *
 * Nothing is polled. Nodes announce changes, and alarms are set only while a node is unreachable.
 *
 * @module
 */
import { flush } from "../../keyspace.ts";
import type { Alarm, ServerTime } from "../../time.ts";
import type { Network } from "../network.ts";
import { remember } from "../remember.ts";
import { renewReplicationId, ReplicationLink } from "../replication_link.ts";
import { removeSlots } from "../slot_ranges.ts";
import { leaveSlots, releaseBlocked } from "./leave_slots.ts";
import type { ClusterMember, NodeRecord } from "./member.ts";
import { type BusOptions, FailureDetector } from "./failure_detector.ts";

/** Commands that reach replicas by the bus, not by replication. */
const BUS_COMMANDS: ReadonlySet<string> = new Set(["publish", "spublish"]);

/** Milliseconds until a replica goes to a master that has lost its own (CLUSTER_SLAVE_MIGRATION_DELAY). */
const MIGRATION_DELAY = 5_000;

/** The fields of a node that are its knowledge. */
const KNOWLEDGE = [
  "id",
  "view",
  "failing",
  "failedAt",
  "forgotten",
  "currentEpoch",
  "votedEpoch",
  "votedAt",
  "migrating",
  "importing",
  "lag",
] as const;

/** Milliseconds in which a forgotten node is not learned of again (CLUSTER_BLACKLIST_TTL). */
const FORGET_TIME = 60_000;

/** Returns 40 random hexadecimal digits. */
export function randomId(time: ServerTime): string {
  let id = "";
  while (id.length < 40) id += Math.floor(time.random() * 16).toString(16);
  return id;
}

/** All nodes, and the way between them. */
export class ClusterBus {
  /** The nodes. */
  readonly network: Network<ClusterMember>;
  /** The time of all of them. */
  readonly time: ServerTime;
  /** The options of the nodes. */
  readonly options: BusOptions;
  /** The failure detector. */
  readonly failures: FailureDetector;
  readonly #hadReplicas: Set<string> = new Set();
  #migration: Alarm | undefined;
  /** The number of restored snapshots: what was announced before one is not delivered after it. */
  #era = 0;
  #work: (() => void)[] | undefined;

  /** Begins without nodes. */
  constructor(network: Network<ClusterMember>, time: ServerTime, options: BusOptions) {
    this.network = network;
    this.time = time;
    this.options = options;
    this.failures = new FailureDetector(this);
    network.onChange = () => this.run(() => this.reachabilityChanged());
  }

  /** A node by its id. */
  byId(id: string | undefined): ClusterMember | undefined {
    return this.network.hosts.find((one) => one.id === id);
  }

  /** Does something, and everything that follows from it at once, one thing after the other. */
  run(what: () => void): void {
    if (this.#work !== undefined) {
      this.#work.push(what);
      return;
    }
    this.#work = [what];
    try {
      for (let next = this.#work.shift(); next !== undefined; next = this.#work.shift()) next();
    } finally {
      this.#work = undefined;
    }
  }

  /** Changes a node's own record and announces it. */
  update(member: ClusterMember, change: Partial<NodeRecord>): void {
    const own = { ...member.own, ...change, version: member.own.version + 1 };
    member.view.set(member.id, own);
    member.currentEpoch = Math.max(member.currentEpoch, own.epoch);
    member.invalidate();
    this.run(() => this.#settle(member));
    this.announce(member);
  }

  /** Sends the knowledge of a node to all reachable nodes. */
  announce(from: ClusterMember): void {
    const records = [...from.view.values()];
    for (const to of this.network.hosts) {
      if (to === from || !this.network.reaches(from, to)) continue;
      const era = this.#era;
      const tell = (): void => {
        if (era === this.#era && this.network.reaches(from, to)) {
          this.run(() => this.#learn(to, from, records));
        }
      };
      if (this.options.gossipDelay === 0) this.run(tell);
      else this.time.set(this.time.now() + this.options.gossipDelay, tell);
    }
  }

  #learn(member: ClusterMember, from: ClusterMember, records: readonly NodeRecord[]): void {
    // A node ignores nodes that it does not know, unless they introduce themselves.
    if (!member.view.has(from.id)) return;
    let news = false;
    for (const record of records) {
      if (record.id === member.id) continue;
      const known = member.view.get(record.id);
      if (known === undefined) this.#introduce(member, record.id);
      if (known === undefined || known.version >= record.version) continue;
      member.view.set(record.id, record);
      member.currentEpoch = Math.max(member.currentEpoch, record.epoch);
      news = true;
    }
    if (!news) return;
    member.invalidate();
    this.#settle(member);
    this.failures.forgive(member);
    this.announce(member);
  }

  /** A node has learned of another one: they meet, unless it has to forget it. */
  #introduce(member: ClusterMember, id: string): void {
    const other = this.byId(id);
    if (other !== undefined && (member.forgotten.get(id) ?? 0) <= this.time.now()) this.meet(member, other);
  }

  /** Two nodes learn to know each other, and what the other one knows. */
  meet(one: ClusterMember, other: ClusterMember): void {
    this.run(() => {
      if (one === other || !this.network.reaches(one, other)) return;
      if (one.view.has(other.id) && other.view.has(one.id)) return;
      for (const [member, met] of [[one, other], [other, one]] as const) {
        member.view.set(met.id, met.own);
        member.currentEpoch = Math.max(member.currentEpoch, met.own.epoch);
        member.invalidate();
      }
      const known = [one, other].map(({ view }) => [...view.values()]);
      this.#learn(one, other, known[1]!);
      this.#learn(other, one, known[0]!);
      for (const member of [one, other]) this.#settle(member);
      for (const member of [one, other]) this.announce(member);
    });
  }

  /** A node forgets another one; for a minute it does not learn of it from others. */
  forget(member: ClusterMember, id: string): void {
    const until = this.time.now() + FORGET_TIME;
    member.forgotten.set(id, until);
    this.#dismiss(member, id);
    this.time.set(until, () => {
      for (const one of this.network.hosts) if (one.view.has(id)) this.announce(one);
    });
  }

  #dismiss(member: ClusterMember, id: string): void {
    member.view.delete(id);
    member.failing.delete(id);
    member.failedAt.delete(id);
    for (const slots of [member.migrating, member.importing]) {
      for (const [slot, other] of slots) if (other === id) slots.delete(slot);
    }
    member.invalidate();
  }

  /** A node forgets all others and its slots, and becomes a master; `hard`: it has another identity. */
  reset(member: ClusterMember, hard: boolean): void {
    if (member.own.master !== undefined) flush(member.state, member.state.databases);
    const { own } = member;
    for (const id of [...member.view.keys()]) this.#dismiss(member, id);
    for (const slots of [member.migrating, member.importing, member.votedAt]) slots.clear();
    if (hard) {
      const old = member.id;
      member.id = randomId(this.time);
      member.currentEpoch = member.votedEpoch = 0;
      for (const other of this.network.hosts) {
        // The address of the old identity is of another one now.
        if (other.view.has(old)) other.failing.set(old, "fail");
        other.invalidate();
      }
    }
    member.view.set(member.id, {
      ...own,
      id: member.id,
      master: undefined,
      epoch: hard ? 0 : own.epoch,
      slots: [],
    });
    this.update(member, {});
    this.wire(member);
  }

  /** Applies the effects of a node's present knowledge. */
  #settle(member: ClusterMember): void {
    for (const slot of member.importing.keys()) {
      if (member.ownerOf(slot)?.id === member.id) member.importing.delete(slot);
    }
    for (const slot of member.migrating.keys()) {
      if (member.ownerOf(slot)?.id !== member.id) member.migrating.delete(slot);
    }
    if (member.own.master === undefined) this.#settleMaster(member);
    else this.#settleReplica(member, member.own.master);
    releaseBlocked(member);
  }

  #settleMaster(member: ClusterMember): void {
    const { own } = member;
    const kept = member.slotsOf(member.id);
    const lost = removeSlots(own.slots, kept);
    if (lost.length === 0) return;
    const winner = member.ownerOf(lost[0]![0]);
    if (kept.length === 0 && winner !== undefined && winner.epoch > own.epoch) {
      this.follow(member, winner.id);
      return;
    }
    this.update(member, { slots: kept });
    leaveSlots(member, lost);
  }

  #settleReplica(member: ClusterMember, masterId: string): void {
    const master = member.view.get(masterId);
    if (master === undefined) return;
    if (master.master !== undefined && master.master !== member.id) {
      this.follow(member, master.master);
      return;
    }
    const [claimed] = master.slots;
    if (claimed === undefined || member.slotsOf(masterId).length > 0) return;
    const winner = member.ownerOf(claimed[0]);
    if (winner !== undefined && winner.id !== masterId && winner.id !== member.id) {
      this.follow(member, winner.id);
    }
  }

  /** Makes a node a replica of another. */
  follow(member: ClusterMember, masterId: string): void {
    const wasMaster = member.own.master === undefined;
    member.migrating.clear();
    member.importing.clear();
    this.update(member, { master: masterId, slots: [] });
    if (wasMaster) releaseBlocked(member, true);
    this.wire(member);
  }

  /** Makes a replica the master of the slots of its master. */
  promote(member: ClusterMember, epoch: number): void {
    const masterId = member.own.master;
    if (masterId === undefined) return;
    const slots = member.slotsOf(masterId);
    this.failures.settled(member);
    member.currentEpoch = Math.max(member.currentEpoch, epoch);
    this.#planReplicaMigration();
    this.#hadReplicas.add(member.id);
    this.update(member, { master: undefined, epoch, slots });
    this.wire(member);
  }

  /** Connects a replica with its master, or disconnects it, as the network is now. */
  wire(member: ClusterMember): void {
    const master = this.byId(member.own.master);
    const { replication } = member.state;
    if (member.link !== undefined && member.link.master !== master) {
      member.link.disconnect();
      member.link = undefined;
    }
    if (master === undefined) {
      // A master of its own counts under a new name, so that others copy its data.
      if (replication.master !== undefined) renewReplicationId(member.state);
      replication.master = undefined;
      member.state.expires = true;
      return;
    }
    replication.master = { host: master.host, port: master.port };
    member.state.expires = false;
    member.link ??= new ReplicationLink(master, member, BUS_COMMANDS);
    if (!this.network.reaches(member, master)) member.link.disconnect();
    else if (!member.link.up) {
      member.link.connect();
      member.link.lag = member.lag;
    }
  }

  /** Looks, after the five seconds of Redis, for masters that have lost their replicas. */
  #planReplicaMigration(): void {
    for (const { own } of this.network.hosts) if (own.master !== undefined) this.#hadReplicas.add(own.master);
    if (!this.options.replicaMigration || this.#migration?.done === false) return;
    this.#migration = this.time.set(
      this.time.now() + MIGRATION_DELAY,
      () => this.run(() => this.#migrateReplicas()),
    );
  }

  /** Gives a master whose replicas are gone one of a master that has several. */
  #migrateReplicas(): void {
    const { hosts } = this.network;
    const working = (master: ClusterMember): ClusterMember[] =>
      hosts.filter((one) => one.up && one.own.master === master.id && one.link?.up === true);
    const masters = hosts.filter((one) => one.up && one.own.master === undefined && one.own.slots.length > 0);
    for (const orphan of masters) {
      if (working(orphan).length > 0 || !this.#hadReplicas.has(orphan.id)) continue;
      const [donor] = masters.toSorted((a, b) => working(b).length - working(a).length);
      const replicas = working(donor!).filter((one) => this.network.reaches(one, orphan));
      if (working(donor!).length < 2 || replicas.length === 0) continue;
      this.follow(replicas.reduce((a, b) => b.id < a.id ? b : a), orphan.id);
    }
  }

  /** Remembers what all nodes know. Returns a function that restores it. */
  remember(): () => void {
    const nodes = this.network.hosts.map((member) => remember(member, KNOWLEDGE));
    const hadReplicas = [...this.#hadReplicas];
    return () => {
      for (const undo of nodes) undo();
      this.#hadReplicas.clear();
      for (const id of hadReplicas) this.#hadReplicas.add(id);
    };
  }

  /** Called when a snapshot was restored. */
  resume(): void {
    this.#era++;
    this.time.cancel(this.#migration);
    for (const member of this.network.hosts) member.invalidate();
    this.failures.resume();
    this.reachabilityChanged();
    for (const member of this.network.hosts) {
      releaseBlocked(member);
      // What was on its way to other nodes is sent again.
      this.announce(member);
    }
  }

  /** Looks who reaches whom. */
  reachabilityChanged(): void {
    this.#planReplicaMigration();
    this.failures.look();
    for (const member of this.network.hosts) this.wire(member);
  }

  /** Returns the highest epoch that any node knows, plus one. */
  nextEpoch(): number {
    return Math.max(...this.network.hosts.map(({ currentEpoch }) => currentEpoch)) + 1;
  }
}
