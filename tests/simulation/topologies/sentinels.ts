/**
 * A master with replicas and sentinels.
 *
 * @module
 */
import { type ConnectionPool, Redis, Sentinel } from "../../../mod.ts";
import type { Connection } from "../../../src/connection/connection.ts";
import { TestSentinelsBase } from "../../../src/testing/topology/sentinel/sentinels.ts";
import type { Endpoint } from "../../../src/transport.ts";
import { importLua } from "../lua.ts";
import type { ClientPlan, ReadFromName, TopologyFault } from "../scenario.ts";
import type { SimulatedServer } from "../server.ts";
import { Hosts } from "./hosts.ts";
import { endpointOf, findByName, Name, SENTINEL_NAME, SERVER_NAME } from "./name.ts";
import {
  type OpenedClient,
  ownOptions,
  type SimulatedTopology,
  type Surroundings,
  type WorldPool,
} from "./topology.ts";

/** One master, the replicas that may replace it, and the sentinels that decide. */
export class Sentinels implements SimulatedTopology {
  readonly servers: readonly SimulatedServer[];
  readonly #world: Surroundings;
  readonly #sentinels: TestSentinelsBase;
  readonly #hosts: Hosts = new Hosts();
  readonly #names: Map<string, Name> = new Map();

  constructor(world: Surroundings) {
    const { scenario: { servers, space }, clock, executed } = world;
    const { replicas, lag, gossip, nameDelay } = servers!;
    this.#world = world;
    this.#sentinels = new TestSentinelsBase({
      clock,
      logLimit: 0,
      lua: importLua,
      replicas,
      replicationLag: lag,
      announceDelay: gossip,
      downAfter: 500,
      failoverTimeout: 3_000,
    });
    this.servers = this.#sentinels.servers.map((one) => this.#hosts.add(one, { clock, executed, space }));
    for (const one of this.#sentinels.sentinels) this.#hosts.add(one, { clock, executed: () => {} });
    if (nameDelay === undefined) return;
    const name = (host: string, right: () => Endpoint): void =>
      void this.#names.set(host, new Name(() => world.now(), nameDelay, right));
    const { sentinels } = this.#sentinels;
    name(SERVER_NAME, () => endpointOf(this.#sentinels.master));
    name(SENTINEL_NAME, () => endpointOf(sentinels.find(({ up }) => up) ?? sentinels[0]!));
  }

  find(endpoint: Endpoint): SimulatedServer | undefined {
    return findByName(this.#names, endpoint, (one) => this.#hosts.find(one));
  }

  home(): SimulatedServer | undefined {
    return this.servers.find(({ state }) => state.replication.master === undefined);
  }

  homes(): readonly SimulatedServer[] {
    const home = this.home();
    return home === undefined ? [] : [home];
  }

  apply(fault: TopologyFault): void {
    const sentinels = this.#sentinels;
    const all = [...sentinels.servers, ...sentinels.sentinels];
    const one = all[("which" in fault ? fault.which : 0) % all.length]!;
    switch (fault.fault) {
      case "failover":
        try {
          sentinels.failover();
        } catch {
          // No sentinel reaches a replica.
        }
        return;
      case "flip": {
        const { servers, sentinels: watchers } = sentinels;
        this.#names.get(SERVER_NAME)?.flip(endpointOf(servers[fault.which % servers.length]!), fault.ms);
        this.#names.get(SENTINEL_NAME)?.flip(endpointOf(watchers[fault.which % watchers.length]!), fault.ms);
        return;
      }
      case "crash":
        sentinels.stop(one);
        return this.#world.later(fault.ms, () => sentinels.start(one));
      case "partition":
        sentinels.partition(one);
        return this.#world.later(fault.ms, () => sentinels.mend());
      case "pause":
        if (!one.up) return;
        sentinels.partition(one);
        this.#world.later(fault.ms, () => sentinels.mend());
        return this.#world.pause(this.find({ host: one.host, port: one.port })!, fault.ms);
    }
  }

  heal(): void {
    for (const one of [...this.#sentinels.servers, ...this.#sentinels.sentinels]) this.#sentinels.start(one);
    this.#sentinels.mend();
    for (const one of this.#sentinels.servers) one.replicationLag = 0;
    for (const name of this.#names.values()) name.heal();
  }

  open(plan: ClientPlan, common: object): OpenedClient {
    const { readFrom, ...options } = common as { readFrom?: ReadFromName };
    if (plan.named) {
      const named = { host: SERVER_NAME, port: 6379, ...options, ...ownOptions(plan) };
      const redis = new Redis(named as never);
      return { redis, pool: redis.pool as ConnectionPool };
    }
    const addresses = this.#names.size > 0
      ? [{ host: SENTINEL_NAME, port: 26_379 }]
      : this.#sentinels.addresses.slice(0, 2);
    const sentinel = new Sentinel(addresses, options as never);
    const redis = sentinel.masterFor(
      this.#sentinels.name,
      { ...ownOptions(plan), ...readFrom && { readFrom } } as never,
    );
    return { redis, pool: redis.pool as ConnectionPool };
  }

  acquire(pool: WorldPool, _tag: string, options: { readonly signal?: AbortSignal }): Promise<Connection> {
    return (pool as ConnectionPool).acquire(options);
  }

  close(): void {
    void this.#sentinels.close();
  }
}
