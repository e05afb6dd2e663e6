/**
 * A cluster.
 *
 * @module
 */
import {
  BlockingClusterConnectionPool,
  ClusterConnectionPool,
  type Redis,
  RedisCluster,
} from "../../../mod.ts";
import type { Connection } from "../../../src/connection/connection.ts";
import { TestClusterBase } from "../../../src/testing/topology/cluster/cluster.ts";
import type { TestClusterNode } from "../../../src/testing/topology/cluster/node.ts";
import { hashSlot } from "../../../src/testing/topology/hash_slot.ts";
import type { Endpoint } from "../../../src/transport.ts";
import { tagOf } from "../commands.ts";
import { TAGS } from "../draw_actions.ts";
import { importLua } from "../lua.ts";
import type { ClientPlan, TopologyFault } from "../scenario.ts";
import type { SimulatedServer } from "../server.ts";
import { Hosts } from "./hosts.ts";
import { endpointOf, findByName, Name, SERVER_NAME } from "./name.ts";
import {
  type OpenedClient,
  ownOptions,
  type SimulatedTopology,
  type Surroundings,
  type WorldPool,
} from "./topology.ts";

/** Masters with slots, and their replicas. */
export class Cluster implements SimulatedTopology {
  readonly servers: readonly SimulatedServer[];
  readonly #world: Surroundings;
  readonly #cluster: TestClusterBase;
  readonly #hosts: Hosts = new Hosts();
  /** Slots on their way. */
  /** The servers between which the slot of a tag has moved. */
  readonly #homes: Map<string, Set<SimulatedServer>> = new Map();
  readonly #moving: Map<string, { move(keys: number): number; finish(): void }> = new Map();
  /** Until when not all nodes know the new master of a slot: who moves it on then loses its keys. */
  readonly #disputed: Map<string, number> = new Map();
  readonly #gossip: number;
  readonly #prefix: string;
  readonly #names: Map<string, Name> = new Map();

  constructor(world: Surroundings) {
    const { scenario: { servers, space }, clock, executed } = world;
    const { masters, replicas, lag, gossip, nameDelay } = servers!;
    this.#world = world;
    this.#gossip = gossip;
    this.#prefix = space?.keyPrefix ?? "";
    this.#cluster = new TestClusterBase({
      clock,
      logLimit: 0,
      lua: importLua,
      masters,
      replicas,
      replicationLag: lag,
      gossipDelay: gossip,
      nodeTimeout: 500,
    });
    this.servers = this.#cluster.nodes.map((node) => this.#hosts.add(node, { clock, executed, space }));
    if (nameDelay === undefined) return;
    const { nodes } = this.#cluster;
    const right = (): Endpoint => endpointOf(nodes.find(({ up }) => up) ?? nodes[0]!);
    this.#names.set(SERVER_NAME, new Name(() => world.now(), nameDelay, right));
  }

  find(endpoint: Endpoint): SimulatedServer | undefined {
    return findByName(this.#names, endpoint, (one) => this.#hosts.find(one));
  }

  home(key: string): SimulatedServer | undefined {
    const master = this.#cluster.masterOf(hashSlot(tagOf(key) || this.#prefix + key));
    return master && this.find(master);
  }

  homes(key: string): readonly SimulatedServer[] {
    const home = this.home(key);
    return [...new Set([...this.#homes.get(tagOf(key)) ?? [], ...home === undefined ? [] : [home]])];
  }

  #noteHomes(tag: string, nodes: readonly TestClusterNode[]): void {
    const homes = this.#homes.get(tag) ?? new Set();
    this.#homes.set(tag, homes);
    for (const node of nodes) {
      const server = this.find(node);
      if (server !== undefined) homes.add(server);
    }
  }

  apply(fault: TopologyFault): void {
    const cluster = this.#cluster;
    const { nodes, masters } = cluster;
    const one = nodes[("which" in fault ? fault.which : 0) % nodes.length]!;
    switch (fault.fault) {
      case "failover": {
        const replicas = cluster.replicas.filter(({ master }) => master?.up);
        const replica = replicas[fault.which % replicas.length];
        if (replica !== undefined) cluster.failover(replica, { loss: fault.loss });
        return;
      }
      case "crash":
        cluster.stop(one);
        return this.#world.later(fault.ms, () => cluster.start(one));
      case "partition":
        cluster.partition(one);
        return this.#world.later(fault.ms, () => cluster.mend());
      case "pause":
        if (!one.up) return;
        cluster.partition(one);
        this.#world.later(fault.ms, () => cluster.mend());
        return this.#world.pause(this.find({ host: one.host, port: one.port })!, fault.ms);
      case "flip":
        return this.#names.get(SERVER_NAME)?.flip(endpointOf(one), fault.ms);
      case "moveReplica":
        return this.#moveReplica(fault.which);
      case "migrate":
        return this.#migrate(fault.tag, masters[fault.which % masters.length], fault.ms);
      case "reshard":
        for (const tag of TAGS) this.#move(tag, masters[fault.which % masters.length]);
    }
  }

  #moveReplica(which: number): void {
    const { replicas, masters } = this.#cluster;
    const replica = replicas[which % replicas.length];
    const others = masters.filter((one) => one !== replica?.master && one.slots.length > 0);
    const master = others[Math.floor(which / replicas.length) % others.length];
    if (replica === undefined || master === undefined) return;
    this.find(endpointOf(replica))?.run("CLUSTER", "REPLICATE", master.id);
  }

  #move(tag: string, to: TestClusterNode | undefined): void {
    const from = this.#cluster.masterOf(hashSlot(tag));
    if (to === undefined || from?.up !== true || from === to || !this.#agreed(tag)) return;
    this.#noteHomes(tag, [from, to]);
    this.#cluster.migrate(hashSlot(tag), to).finish();
    this.#moved(tag);
  }

  #migrate(tag: string, to: TestClusterNode | undefined, ms: number): void {
    const from = this.#cluster.masterOf(hashSlot(tag));
    if (to === undefined || from?.up !== true || from === to || !this.#agreed(tag)) return;
    this.#noteHomes(tag, [from, to]);
    const migration = this.#cluster.migrate(hashSlot(tag), to);
    this.#moving.set(tag, migration);
    const sound = (): boolean => from.up && to.up && from.role === "master" && to.role === "master";
    for (const part of [0.25, 0.5, 0.75]) {
      this.#world.later(part * ms, () => {
        if (this.#moving.get(tag) === migration && sound()) migration.move(2);
      });
    }
    this.#world.later(ms, () => {
      if (this.#moving.get(tag) !== migration) return;
      this.#moving.delete(tag);
      if (!sound()) return;
      migration.finish();
      this.#moved(tag);
    });
  }

  #agreed(tag: string): boolean {
    return !this.#moving.has(tag) && this.#world.now() > (this.#disputed.get(tag) ?? -1);
  }

  #moved(tag: string): void {
    if (this.#gossip > 0) this.#disputed.set(tag, this.#world.now() + this.#gossip);
  }

  heal(): void {
    for (const node of this.#cluster.nodes) this.#cluster.start(node);
    this.#cluster.mend();
    for (const node of this.#cluster.nodes) node.replicationLag = 0;
    for (const name of this.#names.values()) name.heal();
  }

  open(plan: ClientPlan, common: object, shared: WorldPool | undefined): OpenedClient {
    const { multiplex } = plan.options;
    if (shared !== undefined) {
      const pool = shared as ClusterConnectionPool;
      const redis = new RedisCluster({ pool, ...multiplex !== undefined && { multiplex } });
      return { redis: redis as unknown as Redis, pool };
    }
    const startupNodes = this.#names.size > 0
      ? [{ host: SERVER_NAME, port: 7000 }]
      : this.#cluster.startupNodes.slice(0, 2);
    const options = { ...common, startupNodes } as never;
    if (plan.pool === undefined) {
      const redis = new RedisCluster({ ...options as object, ...ownOptions(plan) } as never);
      return { redis: redis as unknown as Redis, pool: redis.pool };
    }
    const pool = plan.pool === "waiting"
      ? new BlockingClusterConnectionPool({ ...options as object, timeout: 2_000 } as never)
      : new ClusterConnectionPool(options);
    return { redis: new RedisCluster({ ...ownOptions(plan), pool } as never) as unknown as Redis, pool };
  }

  acquire(pool: WorldPool, tag: string, options: { readonly signal?: AbortSignal }): Promise<Connection> {
    return (pool as ClusterConnectionPool).acquireBySlot(hashSlot(tag), options);
  }

  close(): void {
    void this.#cluster.close();
  }
}
