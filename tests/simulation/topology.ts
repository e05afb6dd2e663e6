/**
 * The servers of a world.
 *
 * @module
 */
import {
  BlockingClusterConnectionPool,
  BlockingConnectionPool,
  ClusterConnectionPool,
  ConnectionPool,
  Redis,
  RedisCluster,
  Sentinel,
} from "../../mod.ts";
import type { Clock } from "../../src/clock.ts";
import type { Connection } from "../../src/connection/connection.ts";
import type { PoolStats } from "../../src/pool/stats.ts";
import { importLua } from "./lua.ts";
import type { ExecutedCommand } from "../../src/testing/executed_log.ts";
import { createState, stateOf } from "../../src/testing/server.ts";
import { TestClusterBase } from "../../src/testing/topology/cluster/cluster.ts";
import type { TestClusterNode } from "../../src/testing/topology/cluster/node.ts";
import { hashSlot } from "../../src/testing/topology/hash_slot.ts";
import type { TestReplicatedServer } from "../../src/testing/topology/sentinel/replicated_server.ts";
import type { TestSentinel } from "../../src/testing/topology/sentinel/sentinel.ts";
import { TestSentinelsBase } from "../../src/testing/topology/sentinel/sentinels.ts";
import type { Endpoint } from "../../src/transport.ts";
import { tagOf } from "./commands.ts";
import { TAGS } from "./draw_actions.ts";
import type { ClientPlan, ReadFromName, Scenario, SpacePlan, TopologyFault } from "./scenario.ts";
import { SimulatedServer } from "./server.ts";
import type { World } from "./world.ts";

/** A pool of any topology, as worlds use it. */
export interface WorldPool {
  stats(): PoolStats;
  explain(): string;
  close(): Promise<void>;
  release(connection: Connection): void;
}

/** A client with its pool. */
export interface OpenedClient {
  readonly redis: Redis;
  readonly pool: WorldPool;
}

/** The servers, and how clients use them. */
export interface SimulatedTopology {
  /** The servers that have data. */
  readonly servers: readonly SimulatedServer[];
  /** The server that listens at an address. */
  find(endpoint: Endpoint): SimulatedServer | undefined;
  /** The server that a key is written at, when all is in order. */
  home(key: string): SimulatedServer | undefined;
  /** Lets something go wrong. */
  apply(fault: TopologyFault): void;
  /** Ends all faults. */
  heal(): void;
  /** Makes a client; `pool` is that of another one. */
  open(plan: ClientPlan, common: object, pool: WorldPool | undefined): OpenedClient;
  /** Takes a connection for commands of keys with this tag. */
  acquire(pool: WorldPool, tag: string, options: { readonly signal?: AbortSignal }): Promise<Connection>;
  /** Ends all. */
  close(): void;
}

type Executed = (command: ExecutedCommand, server: SimulatedServer) => void;

/** Makes the servers of a scenario. */
export function createTopology(world: World, clock: Clock, executed: Executed): SimulatedTopology {
  const { scenario } = world;
  switch (scenario.topology) {
    case "standalone":
      return new Standalone(scenario, clock, executed);
    case "cluster":
      return new Cluster(world, scenario, clock, executed);
    case "sentinel":
      return new Sentinels(world, scenario, clock, executed);
  }
}

/** Options of a client beside those of its pool. */
function own({ options: { multiplex, cache } }: ClientPlan): object {
  return { ...multiplex !== undefined && { multiplex }, ...cache && { cache } };
}

class Standalone implements SimulatedTopology {
  readonly servers: readonly SimulatedServer[];

  constructor({ space }: Scenario, clock: Clock, executed: Executed) {
    const state = createState({ clock, logLimit: 0, lua: importLua });
    this.servers = [new SimulatedServer(state, "127.0.0.1:6379", clock, executed, space)];
  }

  find(): SimulatedServer {
    return this.servers[0]!;
  }

  home(): SimulatedServer {
    return this.servers[0]!;
  }

  apply(): void {}

  heal(): void {}

  open(plan: ClientPlan, common: object, shared: WorldPool | undefined): OpenedClient {
    const { multiplex } = plan.options;
    if (shared !== undefined) {
      const pool = shared as ConnectionPool;
      return { redis: new Redis({ pool, ...multiplex !== undefined && { multiplex } }), pool };
    }
    if (plan.pool === undefined) {
      const redis = new Redis({ ...common, ...own(plan) } as never);
      return { redis, pool: redis.pool as ConnectionPool };
    }
    const pool = plan.pool === "waiting"
      ? new BlockingConnectionPool({ ...common, timeout: 2_000 } as never)
      : new ConnectionPool(common as never);
    return { redis: new Redis({ ...own(plan), pool } as never), pool };
  }

  acquire(pool: WorldPool, _tag: string, options: { readonly signal?: AbortSignal }): Promise<Connection> {
    return (pool as ConnectionPool).acquire(options);
  }

  close(): void {
    this.servers[0]!.state.time.stop();
  }
}

/** Simulated servers for those of a test topology. */
class Hosts {
  readonly all: Map<string, { readonly server: SimulatedServer; readonly up: () => boolean }> = new Map();

  add(
    one: TestClusterNode | TestReplicatedServer | TestSentinel,
    clock: Clock,
    executed: Executed,
    space: SpacePlan | undefined,
  ): SimulatedServer {
    const address = `${one.host}:${one.port}`;
    const server = new SimulatedServer(stateOf(one), address, clock, executed, space);
    this.all.set(address, { server, up: () => one.up });
    return server;
  }

  find(endpoint: Endpoint): SimulatedServer | undefined {
    const host = "path" in endpoint ? undefined : this.all.get(`${endpoint.host}:${endpoint.port}`);
    return host?.up() === true ? host.server : undefined;
  }
}

class Cluster implements SimulatedTopology {
  readonly servers: readonly SimulatedServer[];
  readonly #world: World;
  readonly #cluster: TestClusterBase;
  readonly #hosts: Hosts = new Hosts();
  /** Slots on their way. */
  readonly #moving: Map<string, { move(keys: number): number; finish(): void }> = new Map();

  /** Until when not all nodes know the new master of a slot: who moves it on then loses its keys. */
  readonly #disputed: Map<string, number> = new Map();
  readonly #gossip: number;
  readonly #prefix: string;

  constructor(world: World, { servers, space }: Scenario, clock: Clock, executed: Executed) {
    const { masters, replicas, lag, gossip } = servers!;
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
    this.servers = this.#cluster.nodes.map((node) => this.#hosts.add(node, clock, executed, space));
  }

  find(endpoint: Endpoint): SimulatedServer | undefined {
    return this.#hosts.find(endpoint);
  }

  home(key: string): SimulatedServer | undefined {
    const master = this.#cluster.masterOf(hashSlot(tagOf(key) || this.#prefix + key));
    return master && this.find(master);
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
        return this.#world.network.pause(this.find({ host: one.host, port: one.port })!, fault.ms);
      case "migrate":
        return this.#migrate(fault.tag, masters[fault.which % masters.length], fault.ms);
      case "reshard":
        for (const tag of TAGS) this.#move(tag, masters[fault.which % masters.length]);
    }
  }

  #move(tag: string, to: TestClusterNode | undefined): void {
    const from = this.#cluster.masterOf(hashSlot(tag));
    if (to === undefined || from?.up !== true || from === to || !this.#agreed(tag)) return;
    this.#cluster.migrate(hashSlot(tag), to).finish();
    this.#moved(tag);
  }

  #migrate(tag: string, to: TestClusterNode | undefined, ms: number): void {
    const from = this.#cluster.masterOf(hashSlot(tag));
    if (to === undefined || from?.up !== true || from === to || !this.#agreed(tag)) return;
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
    return !this.#moving.has(tag) && this.#world.now > (this.#disputed.get(tag) ?? -1);
  }

  #moved(tag: string): void {
    if (this.#gossip > 0) this.#disputed.set(tag, this.#world.now + this.#gossip);
  }

  heal(): void {
    for (const node of this.#cluster.nodes) this.#cluster.start(node);
    this.#cluster.mend();
    for (const node of this.#cluster.nodes) node.replicationLag = 0;
  }

  open(plan: ClientPlan, common: object, shared: WorldPool | undefined): OpenedClient {
    const { multiplex } = plan.options;
    if (shared !== undefined) {
      const pool = shared as ClusterConnectionPool;
      const redis = new RedisCluster({ pool, ...multiplex !== undefined && { multiplex } });
      return { redis: redis as unknown as Redis, pool };
    }
    const { startupNodes } = this.#cluster;
    const options = { ...common, startupNodes: startupNodes.slice(0, 2) } as never;
    if (plan.pool === undefined) {
      const redis = new RedisCluster({ ...options as object, ...own(plan) } as never);
      return { redis: redis as unknown as Redis, pool: redis.pool };
    }
    const pool = plan.pool === "waiting"
      ? new BlockingClusterConnectionPool({ ...options as object, timeout: 2_000 } as never)
      : new ClusterConnectionPool(options);
    return { redis: new RedisCluster({ ...own(plan), pool } as never) as unknown as Redis, pool };
  }

  acquire(pool: WorldPool, tag: string, options: { readonly signal?: AbortSignal }): Promise<Connection> {
    return (pool as ClusterConnectionPool).acquireBySlot(hashSlot(tag), options);
  }

  close(): void {
    void this.#cluster.close();
  }
}

class Sentinels implements SimulatedTopology {
  readonly servers: readonly SimulatedServer[];
  readonly #world: World;
  readonly #sentinels: TestSentinelsBase;
  readonly #hosts: Hosts = new Hosts();

  constructor(world: World, { servers, space }: Scenario, clock: Clock, executed: Executed) {
    const { replicas, lag, gossip } = servers!;
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
    this.servers = this.#sentinels.servers.map((one) => this.#hosts.add(one, clock, executed, space));
    for (const one of this.#sentinels.sentinels) this.#hosts.add(one, clock, () => {}, undefined);
  }

  find(endpoint: Endpoint): SimulatedServer | undefined {
    return this.#hosts.find(endpoint);
  }

  home(): SimulatedServer | undefined {
    return this.servers.find(({ state }) => state.replication.master === undefined);
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
        return this.#world.network.pause(this.find({ host: one.host, port: one.port })!, fault.ms);
    }
  }

  heal(): void {
    for (const one of [...this.#sentinels.servers, ...this.#sentinels.sentinels]) this.#sentinels.start(one);
    this.#sentinels.mend();
    for (const one of this.#sentinels.servers) one.replicationLag = 0;
  }

  open(plan: ClientPlan, common: object): OpenedClient {
    const { readFrom, ...options } = common as { readFrom?: ReadFromName };
    const sentinel = new Sentinel(this.#sentinels.addresses.slice(0, 2), options as never);
    const redis = sentinel.masterFor(
      this.#sentinels.name,
      { ...own(plan), ...readFrom && { readFrom } } as never,
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
