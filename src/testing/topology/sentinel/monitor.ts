/**
 * The behavior of sentinels: detection, votes and failover. `role_correction.ts` has the conversion of former masters.
 *
 * Nothing is polled: alarms are set only while a server is unreachable or in a wrong state.
 *
 * @module
 */
import type { Alarm, ServerTime } from "../../time.ts";
import type { Host, Network } from "../network.ts";
import { remember } from "../remember.ts";
import type { DataServer } from "./data_server.ts";
import { RoleCorrection } from "./role_correction.ts";
import type { Watcher } from "./watcher.ts";

/** The options of sentinels. Times are in milliseconds. */
export interface MonitorOptions {
  /** The name of the master. */
  readonly name: string;
  /** The minimum time until a sentinel stands for election; the maximum is twice that. */
  readonly electionDelay: number;
  /** The time until other sentinels learn of a failover. */
  readonly announceDelay: number;
  /** The time until a replaced master is made a replica after it has become reachable. */
  readonly convertDelay: number;
}

/** The fields of a sentinel that are its knowledge. */
const KNOWLEDGE = [
  "master",
  "configEpoch",
  "currentEpoch",
  "votedEpoch",
  "votedFor",
  "down",
  "agreedDownAt",
  "downAfter",
  "quorum",
  "failoverTimeout",
  "parallelSyncs",
  "monitoring",
  "settings",
] as const;

/** The sentinels and the servers that they watch. */
export class SentinelMonitor {
  /** The network. */
  readonly network: Network<Host>;
  /** The time of all of them. */
  readonly time: ServerTime;
  /** The options of sentinels. */
  readonly options: MonitorOptions;
  /** The servers. */
  readonly servers: DataServer[] = [];
  /** The sentinels that monitor the master. */
  readonly watchers: Watcher[] = [];
  readonly #unreached: Map<Watcher, Map<Host, Alarm>> = new Map();
  readonly #elections: Map<Watcher, Alarm> = new Map();
  readonly #roles: RoleCorrection;

  /** Creates a monitor without sentinels. */
  constructor(network: Network<Host>, time: ServerTime, options: MonitorOptions) {
    this.network = network;
    this.time = time;
    this.options = options;
    this.#roles = new RoleCorrection(this, {
      sound: (watcher, host) => this.#sound(watcher, host),
      peers: (watcher) => this.#peers(watcher),
      recovered: (watcher, host) => this.#recovered(watcher, host),
      noticed: (watcher, host) => this.#noticed(watcher, host),
    });
    network.onChange = () => this.look();
  }

  /** The replicas of the master that a sentinel takes for it. */
  replicasOf(watcher: Watcher): DataServer[] {
    return this.servers.filter((one) => one !== watcher.master);
  }

  /** Looks who reaches whom now. */
  look(): void {
    for (const server of this.servers) server.wire(this.network);
    for (const watcher of this.watchers) {
      let unreached = this.#unreached.get(watcher);
      if (unreached === undefined) this.#unreached.set(watcher, unreached = new Map());
      for (const host of [...this.servers, ...this.watchers]) {
        if (host === watcher) continue;
        const reached = this.network.reaches(watcher, host);
        if (reached && unreached.has(host)) {
          this.time.cancel(unreached.get(host));
          unreached.delete(host);
          this.#recovered(watcher, host);
        } else if (!reached && watcher.up && !unreached.has(host)) {
          const at = this.time.now() + watcher.downAfter;
          unreached.set(host, this.time.set(at, () => this.#noticed(watcher, host)));
        }
      }
    }
    for (const watcher of this.watchers) this.#meet(watcher);
    this.#roles.check();
  }

  /** Called when a sentinel has restarted: clears its suspicions. */
  restarted(watcher: Watcher): void {
    for (const alarm of this.#unreached.get(watcher)?.values() ?? []) this.time.cancel(alarm);
    this.#unreached.delete(watcher);
    watcher.down.clear();
    watcher.agreedDownAt = undefined;
  }

  /** A sentinel monitors the master no longer: SENTINEL REMOVE. */
  end(watcher: Watcher): void {
    watcher.publish("-monitor", this.describe(watcher, watcher.master));
    this.restarted(watcher);
    this.time.cancel(this.#elections.get(watcher));
    this.#roles.cancel(watcher);
    watcher.monitoring = false;
    this.watchers.splice(this.watchers.indexOf(watcher), 1);
    this.look();
  }

  /** A sentinel monitors a master from now on, with the defaults of Redis: SENTINEL MONITOR. */
  begin(watcher: Watcher, master: DataServer, quorum: number): void {
    Object.assign(watcher, {
      master,
      quorum,
      monitoring: true,
      configEpoch: 0,
      downAfter: 30_000,
      failoverTimeout: 180_000,
      parallelSyncs: 1,
    });
    this.watchers.push(watcher);
    watcher.publish("+monitor", `${this.describe(watcher, master)} quorum ${quorum}`);
    this.look();
  }

  /** A sentinel forgets what it knows of the state of the others: SENTINEL RESET. */
  reset(watcher: Watcher): void {
    this.restarted(watcher);
    this.time.cancel(this.#elections.get(watcher));
    this.#roles.cancel(watcher);
    watcher.publish("+reset-master", this.describe(watcher, watcher.master));
    this.look();
  }

  /** Remembers what all servers and sentinels know. Returns a function that restores it. */
  remember(watchers: readonly Watcher[]): () => void {
    const undo = [
      remember(this, ["watchers"]),
      ...this.servers.map((server) => remember(server, ["master", "lag"])),
      ...watchers.map((watcher) => remember(watcher, KNOWLEDGE)),
    ];
    return () => undo.forEach((one) => one());
  }

  /** Called when a snapshot was restored: sets the alarms anew. */
  resume(): void {
    for (const alarms of this.#unreached.values()) {
      for (const alarm of alarms.values()) this.time.cancel(alarm);
    }
    this.#unreached.clear();
    for (const alarm of this.#elections.values()) this.time.cancel(alarm);
    this.#elections.clear();
    this.#roles.clear();
    this.look();
    for (const watcher of this.watchers) {
      if (watcher.agreedDownAt === undefined) continue;
      this.#stand(watcher, this.options.electionDelay * (1 + this.time.random()));
    }
  }

  /** Tries a failover now, as SENTINEL FAILOVER does: without the others. Returns whether there is a replica for it. */
  force(watcher: Watcher): boolean {
    const choice = this.#select(watcher);
    if (choice === undefined) return false;
    watcher.currentEpoch++;
    this.#failOver(watcher, choice, watcher.currentEpoch);
    return true;
  }

  /** A line that names a server or a sentinel in events. */
  describe(watcher: Watcher, host: Host): string {
    const { name } = this.options;
    const { master } = watcher;
    if (host === master) return `master ${name} ${host.host} ${host.port}`;
    const kind = this.watchers.includes(host as Watcher) ? "sentinel" : "slave";
    const id = kind === "sentinel" ? (host as Watcher).id : `${host.host}:${host.port}`;
    return `${kind} ${id} ${host.host} ${host.port} @ ${name} ${master.host} ${master.port}`;
  }

  /** Returns the number of reachable sentinels, including itself, for which the master is down. */
  agreeing(watcher: Watcher): number {
    return this.#peers(watcher).filter((one) => one.down.has(watcher.master)).length;
  }

  /** The sentinels that a sentinel reaches, itself included. */
  #peers(watcher: Watcher): Watcher[] {
    return this.watchers.filter((one) => one.up && this.network.reaches(watcher, one));
  }

  #recovered(watcher: Watcher, host: Host): void {
    if (!watcher.down.delete(host)) return;
    if (host === watcher.master) {
      if (watcher.agreedDownAt !== undefined) watcher.publish("-odown", this.describe(watcher, host));
      watcher.agreedDownAt = undefined;
    }
    watcher.publish("-sdown", this.describe(watcher, host));
  }

  #noticed(watcher: Watcher, host: Host): void {
    if (!watcher.up || this.#sound(watcher, host) || watcher.down.has(host)) return;
    watcher.down.set(host, this.time.now());
    watcher.publish("+sdown", this.describe(watcher, host));
    for (const peer of this.#peers(watcher)) this.#judge(peer);
  }

  /** Decides whether enough sentinels report the master as down. */
  #judge(watcher: Watcher): void {
    const { master } = watcher;
    if (watcher.agreedDownAt !== undefined || !watcher.down.has(master)) return;
    const agreeing = this.agreeing(watcher);
    if (agreeing < watcher.quorum) return;
    watcher.agreedDownAt = this.time.now();
    watcher.publish("+odown", `${this.describe(watcher, master)} #quorum ${agreeing}/${watcher.quorum}`);
    this.#stand(watcher, this.options.electionDelay * (1 + this.time.random()));
  }

  #stand(watcher: Watcher, delay: number): void {
    this.time.cancel(this.#elections.get(watcher));
    const at = this.time.now() + Math.ceil(delay);
    this.#elections.set(watcher, this.time.set(at, () => this.#elect(watcher)));
  }

  #elect(watcher: Watcher): void {
    if (!watcher.up || watcher.agreedDownAt === undefined || this.#sound(watcher, watcher.master)) return;
    const epoch = ++watcher.currentEpoch;
    const { master } = watcher;
    watcher.publish("+new-epoch", String(epoch));
    watcher.publish("+try-failover", this.describe(watcher, master));
    let votes = 0;
    for (const voter of this.#peers(watcher)) {
      if (voter.votedEpoch < epoch && voter.currentEpoch <= epoch && voter.configEpoch < epoch) {
        if (voter !== watcher && voter.currentEpoch < epoch) voter.publish("+new-epoch", String(epoch));
        voter.votedEpoch = voter.currentEpoch = epoch;
        voter.votedFor = watcher.id;
        voter.publish("+vote-for-leader", `${watcher.id} ${epoch}`);
        // A sentinel that has voted does not stand for a while.
        if (voter !== watcher && voter.agreedDownAt !== undefined) {
          this.#stand(voter, 2 * voter.failoverTimeout);
        }
        votes++;
      } else {
        watcher.currentEpoch = Math.max(watcher.currentEpoch, voter.currentEpoch);
      }
    }
    const majority = Math.floor(this.watchers.length / 2) + 1;
    if (votes < Math.max(majority, watcher.quorum)) {
      watcher.publish("-failover-abort-not-elected", this.describe(watcher, master));
      this.#stand(watcher, 2 * watcher.failoverTimeout * (1 + this.time.random()));
      return;
    }
    watcher.publish("+elected-leader", this.describe(watcher, master));
    watcher.publish("+failover-state-select-slave", this.describe(watcher, master));
    const choice = this.#select(watcher);
    if (choice === undefined) {
      watcher.publish("-failover-abort-no-good-slave", this.describe(watcher, master));
      this.#stand(watcher, 2 * watcher.failoverTimeout);
      return;
    }
    this.#failOver(watcher, choice, epoch);
  }

  /** The replica that has most of the data. */
  #select(watcher: Watcher): DataServer | undefined {
    const offset = ({ state }: DataServer): number => state.replication.offset;
    return this.servers.filter((one) =>
      one !== watcher.master && !watcher.down.has(one) &&
      this.network.reaches(watcher, one)
    ).sort((a, b) => offset(b) - offset(a) || (a.state.runId < b.state.runId ? -1 : 1))[0];
  }

  #failOver(watcher: Watcher, choice: DataServer, epoch: number): void {
    const line = this.describe(watcher, choice);
    const old = this.describe(watcher, watcher.master);
    for (
      const event of [
        "+selected-slave",
        "+failover-state-send-slaveof-noone",
        "+failover-state-wait-promotion",
      ]
    ) {
      watcher.publish(event, line);
    }
    choice.follow(undefined, this.network, true);
    watcher.publish("+promoted-slave", line);
    watcher.publish("+failover-state-reconf-slaves", old);
    for (const replica of this.servers) {
      if (replica === choice || replica === watcher.master || !this.network.reaches(watcher, replica)) {
        continue;
      }
      const other = this.describe(watcher, replica);
      watcher.publish("+slave-reconf-sent", other);
      replica.follow(choice, this.network, true);
      watcher.publish("+slave-reconf-done", other);
    }
    watcher.publish("+failover-end", old);
    this.#switchMaster(watcher, choice, epoch);
    for (const peer of this.watchers) {
      if (peer === watcher) continue;
      const tell = (): void => this.#tell(watcher, peer);
      if (this.options.announceDelay === 0) tell();
      else this.time.set(this.time.now() + this.options.announceDelay, tell);
    }
    this.#roles.check();
  }

  #switchMaster(watcher: Watcher, master: DataServer, epoch: number): void {
    const { master: old } = watcher;
    watcher.configEpoch = epoch;
    watcher.currentEpoch = Math.max(watcher.currentEpoch, epoch);
    watcher.agreedDownAt = undefined;
    this.time.cancel(this.#elections.get(watcher));
    if (old === master) return;
    watcher.master = master;
    if (this.network.reaches(watcher, old)) watcher.down.delete(old);
    const { name } = this.options;
    watcher.publish("+switch-master", `${name} ${old.host} ${old.port} ${master.host} ${master.port}`);
    for (const replica of this.replicasOf(watcher)) {
      watcher.publish("+slave", this.describe(watcher, replica));
    }
    if (watcher.down.has(master)) this.#judge(watcher);
  }

  /**
   * Sends the knowledge of a sentinel to another. Of two failovers with one epoch, that with the higher identity
   * wins.
   */
  #tell(from: Watcher, to: Watcher): void {
    const newer = from.configEpoch - to.configEpoch;
    if (!this.network.reaches(from, to) || newer < 0) return;
    if (newer === 0 && (from.master === to.master || from.id < to.id)) return;
    const line = this.describe(to, from);
    to.publish("+config-update-from", line);
    this.#switchMaster(to, from.master, from.configEpoch);
  }

  /** Spreads the knowledge of reachable sentinels. */
  #meet(watcher: Watcher): void {
    for (const peer of this.#peers(watcher)) if (peer !== watcher) this.#tell(peer, watcher);
  }

  /** Whether a server can be reached and is a master if it is to be one. */
  #sound(watcher: Watcher, host: Host): boolean {
    return this.network.reaches(watcher, host) &&
      (host !== watcher.master || watcher.master.master === undefined);
  }
}
