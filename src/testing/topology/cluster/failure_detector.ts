/**
 * Nodes that do not answer: suspicion, the word of the majority, and the election of a replica.
 *
 * @module
 */
import type { Alarm, ServerTime } from "../../time.ts";
import type { Network } from "../network.ts";
import { releaseBlocked } from "./leave_slots.ts";
import type { ClusterMember } from "./member.ts";

/** The options of nodes. Times are in milliseconds. */
export interface BusOptions {
  /** Silence after which a node counts as failing. */
  readonly nodeTimeout: number;
  /** The time until an announcement arrives. */
  readonly gossipDelay: number;
  /** The time until a replica of a failed master stands for election. */
  readonly electionDelay: number;
  /** Whether a master that has lost its replicas gets one of another master. */
  readonly replicaMigration: boolean;
}

/** The parts of the bus that the detector needs. */
export interface DetectorBus {
  /** The nodes. */
  readonly network: Network<ClusterMember>;
  /** The time of all of them. */
  readonly time: ServerTime;
  /** The options of the nodes. */
  readonly options: BusOptions;
  /** A node by its id. */
  byId(id: string | undefined): ClusterMember | undefined;
  /** Runs a function, then its effects. */
  run(what: () => void): void;
  /** Sends the knowledge of a node to all reachable nodes. */
  announce(from: ClusterMember): void;
  /** Makes a replica the master of the slots of its master. */
  promote(member: ClusterMember, epoch: number): void;
}

/** Detects failed nodes. */
export class FailureDetector {
  readonly #bus: DetectorBus;
  /** The unreachable nodes of each node, with the alarm after which they count as failed. */
  readonly #unreached: Map<ClusterMember, Map<ClusterMember, Alarm>> = new Map();
  readonly #elections: Map<ClusterMember, Alarm> = new Map();

  /** Watches the nodes of a bus. */
  constructor(bus: DetectorBus) {
    this.#bus = bus;
  }

  /** Looks who reaches whom now. */
  look(): void {
    const { network, time, options } = this.#bus;
    const met = new Set<ClusterMember>();
    for (const one of network.hosts) {
      let unreached = this.#unreached.get(one);
      if (unreached === undefined) this.#unreached.set(one, unreached = new Map());
      for (const other of network.hosts) {
        if (one === other) continue;
        const reached = network.reaches(one, other);
        if (reached && unreached.has(other)) {
          time.cancel(unreached.get(other));
          unreached.delete(other);
          if (one.failing.get(other.id) === "pfail") {
            one.failing.delete(other.id);
            one.invalidate();
          }
          met.add(one);
        } else if (!reached && one.up && !unreached.has(other)) {
          const at = time.now() + options.nodeTimeout;
          unreached.set(other, time.set(at, () => this.#bus.run(() => this.#suspect(one, other))));
        }
      }
    }
    for (const member of met) this.#bus.announce(member);
    // The knowledge of a node that was away decides whether its failure is over.
    this.#bus.run(() => {
      for (const member of network.hosts) this.forgive(member);
    });
  }

  /** Called when a snapshot was restored: sets the alarms anew. */
  resume(): void {
    const { time, network, options } = this.#bus;
    for (const alarms of this.#unreached.values()) for (const alarm of alarms.values()) time.cancel(alarm);
    for (const alarm of this.#elections.values()) time.cancel(alarm);
    this.#unreached.clear();
    this.#elections.clear();
    this.look();
    for (const member of network.hosts) {
      const lost = member.own.master !== undefined && member.failing.get(member.own.master) === "fail";
      if (lost && member.up) this.#stand(member, options.electionDelay);
    }
  }

  /** Called when a node has restarted: clears its suspicions. */
  restarted(member: ClusterMember): void {
    for (const alarm of this.#unreached.get(member)?.values() ?? []) this.#bus.time.cancel(alarm);
    this.#unreached.delete(member);
    member.failing.clear();
    member.failedAt.clear();
    member.invalidate();
  }

  /**
   * Clears failures of nodes that reply again: of replicas immediately, of masters if no replica has taken over for a
   * while.
   */
  forgive(member: ClusterMember): void {
    const { network, time, options } = this.#bus;
    for (const [id, failure] of member.failing) {
      const other = this.#bus.byId(id);
      if (failure !== "fail" || other === undefined || !network.reaches(member, other)) continue;
      const record = member.view.get(id);
      const until = (member.failedAt.get(id) ?? 0) + 2 * options.nodeTimeout;
      if (record?.master === undefined && member.countSlotsOf(id) > 0 && time.now() < until) {
        time.set(until, () => this.#bus.run(() => this.forgive(member)));
        continue;
      }
      member.failing.delete(id);
      member.invalidate();
    }
  }

  /** A replica needs no election any more. */
  settled(member: ClusterMember): void {
    this.#bus.time.cancel(this.#elections.get(member));
    this.#elections.delete(member);
  }

  #suspect(one: ClusterMember, other: ClusterMember): void {
    const { network } = this.#bus;
    if (!one.up || network.reaches(one, other) || one.failing.has(other.id)) return;
    if (!one.view.has(other.id)) return;
    one.failing.set(other.id, "pfail");
    one.invalidate();
    for (const witness of network.hosts) {
      if (network.reaches(one, witness)) this.#judge(witness, other);
    }
  }

  /** Decides whether the majority of masters, as far as a node knows, reports another node as failed. */
  #judge(judge: ClusterMember, other: ClusterMember): void {
    if (judge.failing.get(other.id) !== "pfail") return;
    const { network } = this.#bus;
    const voters = judge.voters();
    const reports = voters.filter(({ id }) => {
      const voter = this.#bus.byId(id);
      return voter !== undefined && network.reaches(judge, voter) && voter.failing.has(other.id);
    });
    if (reports.length < Math.floor(voters.length / 2) + 1) return;
    for (const member of network.hosts) {
      if (member !== other && network.reaches(judge, member) && member.view.has(other.id)) {
        this.#fail(member, other);
      }
    }
  }

  #fail(member: ClusterMember, other: ClusterMember): void {
    if (member.failing.get(other.id) === "fail") return;
    member.failing.set(other.id, "fail");
    member.failedAt.set(other.id, this.#bus.time.now());
    member.invalidate();
    releaseBlocked(member);
    if (member.own.master === other.id) this.#stand(member, this.#bus.options.electionDelay);
  }

  #stand(member: ClusterMember, delay: number): void {
    const { time, options, network } = this.#bus;
    const { offset } = member.state.replication;
    const rank =
      network.hosts.filter((one) =>
        one !== member && one.up && one.own.master === member.own.master &&
        one.state.replication.offset > offset
      ).length;
    // Replicas with more data stand first; equal ones in random order.
    const wait = delay * (1 + time.random() + 2 * rank);
    this.settled(member);
    const at = time.now() + Math.ceil(wait);
    this.#elections.set(
      member,
      time.set(at, () => this.#bus.run(() => this.#elect(member, options.nodeTimeout))),
    );
  }

  #elect(member: ClusterMember, nodeTimeout: number): void {
    const masterId = member.own.master;
    if (!member.up || masterId === undefined || member.failing.get(masterId) !== "fail") return;
    if (!this.#bus.network.reaches(member, member)) return;
    const epoch = ++member.currentEpoch;
    if (this.votes(member, masterId, epoch, true)) this.#bus.promote(member, epoch);
    else this.#stand(member, 2 * nodeTimeout);
  }

  /** Asks the masters for their votes. Returns whether the majority gave theirs. */
  votes(member: ClusterMember, masterId: string, epoch: number, failed: boolean): boolean {
    const { network, time, options } = this.#bus;
    const voters = member.voters();
    let votes = 0;
    for (const { id } of voters) {
      const voter = this.#bus.byId(id);
      if (voter === undefined || voter.own.master !== undefined || !network.reaches(member, voter)) continue;
      if (!voter.view.has(member.id)) continue;
      if (voter.votedEpoch >= epoch || voter.currentEpoch > epoch) {
        // A refusal contains the later epoch, so that the next attempt succeeds.
        member.currentEpoch = Math.max(member.currentEpoch, voter.currentEpoch);
        continue;
      }
      const recent = time.now() - (voter.votedAt.get(masterId) ?? -Infinity) < 2 * options.nodeTimeout;
      if (failed && (voter.failing.get(masterId) !== "fail" || recent)) continue;
      voter.votedEpoch = voter.currentEpoch = epoch;
      if (failed) voter.votedAt.set(masterId, time.now());
      votes++;
    }
    return votes >= Math.floor(voters.length / 2) + 1;
  }
}
