/**
 * The correction of wrong roles by sentinels: a master that reports to be a replica counts as down, and a former master
 * becomes a replica.
 *
 * @module
 */
import type { Alarm, ServerTime } from "../../time.ts";
import type { Host, Network } from "../network.ts";
import type { DataServer } from "./data_server.ts";
import type { Watcher } from "./watcher.ts";

/** The servers and sentinels of a monitor. */
export interface MonitoredServers {
  /** The servers. */
  readonly servers: readonly DataServer[];
  /** The sentinels that monitor the master. */
  readonly watchers: readonly Watcher[];
  /** Their network. */
  readonly network: Network<Host>;
  /** Their time. */
  readonly time: ServerTime;
  /** Milliseconds until a replaced master is made a replica after it has become reachable. */
  readonly options: { readonly convertDelay: number };
  /** Returns the line that names a server or a sentinel in events. */
  describe(watcher: Watcher, host: Host): string;
}

/** The decisions of a monitor that the correction uses. */
export interface RoleDecisions {
  /** Whether a server is reachable, and a master if it should be one. */
  sound(watcher: Watcher, host: Host): boolean;
  /** Returns the sentinels that a sentinel reaches, itself included. */
  peers(watcher: Watcher): Watcher[];
  /** Records that a server is up. */
  recovered(watcher: Watcher, host: Host): void;
  /** Records that a server is down. */
  noticed(watcher: Watcher, host: Host): void;
}

/** Corrects the roles of servers, after `convertDelay`. */
export class RoleCorrection {
  readonly #monitor: MonitoredServers;
  readonly #decisions: RoleDecisions;
  /** The alarms of masters that report to be replicas. */
  readonly #demoted: Map<Watcher, Alarm> = new Map();
  readonly #conversions: Map<DataServer, Alarm> = new Map();

  /** Creates the correction of one monitor. */
  constructor(monitor: MonitoredServers, decisions: RoleDecisions) {
    this.#monitor = monitor;
    this.#decisions = decisions;
  }

  /** Cancels the alarm of a sentinel. */
  cancel(watcher: Watcher): void {
    this.#monitor.time.cancel(this.#demoted.get(watcher));
  }

  /** Cancels all alarms. */
  clear(): void {
    for (const alarms of [this.#demoted, this.#conversions]) {
      for (const alarm of alarms.values()) this.#monitor.time.cancel(alarm);
      alarms.clear();
    }
  }

  /** Checks all roles, and corrects wrong ones after a while. */
  check(): void {
    this.#checkMasters();
    const { servers, watchers, network, time, options } = this.#monitor;
    for (const server of servers) {
      const wrong = (): Watcher | undefined =>
        watchers.find((one) =>
          one.up && one.configEpoch > 0 && one.master !== server && server.master !== one.master &&
          network.reaches(one, server) && this.#decisions.sound(one, one.master) && !this.#outdated(one)
        );
      if (wrong() === undefined || this.#conversions.get(server)?.done === false) continue;
      const convert = (): void => {
        const watcher = wrong();
        if (watcher === undefined) return;
        const event = server.master === undefined ? "+convert-to-slave" : "+fix-slave-config";
        server.follow(watcher.master, network, true);
        for (const one of watchers) {
          if (network.reaches(one, server)) one.publish(event, this.#monitor.describe(one, server));
        }
        this.check();
      };
      this.#conversions.set(server, time.set(time.now() + options.convertDelay, convert));
    }
  }

  /** Treats a master that reports to be a replica as down after a while. */
  #checkMasters(): void {
    const { watchers, network, time, options } = this.#monitor;
    for (const watcher of watchers) {
      const { master } = watcher;
      if (!watcher.up || !network.reaches(watcher, master)) continue;
      if (this.#decisions.sound(watcher, master)) {
        this.#decisions.recovered(watcher, master);
      } else if (!watcher.down.has(master) && this.#demoted.get(watcher)?.done !== false) {
        const at = time.now() + watcher.downAfter + options.convertDelay;
        this.#demoted.set(watcher, time.set(at, () => this.#decisions.noticed(watcher, watcher.master)));
      }
    }
  }

  /** Whether a reachable sentinel has a newer configuration. */
  #outdated(watcher: Watcher): boolean {
    return this.#decisions.peers(watcher).some(({ configEpoch }) => configEpoch > watcher.configEpoch);
  }
}
