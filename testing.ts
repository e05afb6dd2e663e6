/**
 * A Redis-compatible server in the process, for tests: its time is in your hands, and it needs no installation.
 *
 * ```ts
 * import { Redis } from "@keywire/redis";
 * import { TestServer } from "@keywire/redis/testing";
 *
 * await using server = new TestServer();
 * await using redis = new Redis({ transport: server.transport });
 * await redis.set("session", "1", { ex: 60 });
 * server.advance(60_000);
 * await redis.get("session"); // null
 * ```
 *
 * @module
 */
import { TestServerBase } from "./src/testing/server.ts";
import type { Listener } from "./src/testing/listener.ts";
import { type OwnNames, withKnownNames } from "./src/options/test_options.ts";
import type { TestServerOptions } from "./src/testing/options.ts";
import { TestClusterBase, type TestClusterOptions } from "./src/testing/topology/cluster/cluster.ts";
import { TestSentinelsBase, type TestSentinelsOptions } from "./src/testing/topology/sentinel/sentinels.ts";

export type { Clock, Timer } from "./src/clock.ts";
export type * from "./src/transport.ts";
export type { ClientFilter, ClientInfo } from "./src/testing/client_info.ts";
export type { DumpedStreamEntry, DumpedText, DumpedValue, DumpOptions } from "./src/testing/dump.ts";
export type { ExecutedCommand, ExecutedLog } from "./src/testing/executed_log.ts";
export type { CommandMatch, ErrorCode } from "./src/testing/faults/command_match.ts";
export type { Direction, Fault, FaultOptions, RepeatedFaultOptions } from "./src/testing/faults/fault.ts";
export type { FaultReply } from "./src/testing/faults/fault_reply.ts";
export type { Faults, FreezeOptions, LatencyOptions } from "./src/testing/faults/faults.ts";
export type {
  AcceptedHandlers,
  AcceptedSocket,
  Listener,
  Listening,
  ListenOptions,
  SentinelsListenOptions,
  TopologyListenOptions,
} from "./src/testing/listener.ts";
export type { TestServerOptions } from "./src/testing/options.ts";
export type { Snapshot } from "./src/testing/snapshot.ts";
export type { TestServerBase } from "./src/testing/server.ts";
export type {
  SlotChoice,
  TestClusterBase,
  TestClusterOptions,
} from "./src/testing/topology/cluster/cluster.ts";
export type { TopologyServer } from "./src/testing/topology/topology_server.ts";
export type { TestClusterNode } from "./src/testing/topology/cluster/node.ts";
export type { SlotRange, SlotRanges } from "./src/testing/topology/slot_ranges.ts";
export type { SlotMigration } from "./src/testing/topology/cluster/slot_migration.ts";
export type { TestReplicatedServer } from "./src/testing/topology/sentinel/replicated_server.ts";
export type { TestSentinel } from "./src/testing/topology/sentinel/sentinel.ts";
export type { TestSentinelsBase, TestSentinelsOptions } from "./src/testing/topology/sentinel/sentinels.ts";

const listener: Listener = async (address, accept) =>
  await (await import("./transports/listen.ts")).listen(address, accept);

/** The options of each class beside those of all. */
const SERVER: OwnNames<TestServerOptions> = { databases: true };
const CLUSTER: OwnNames<TestClusterOptions> = {
  masters: true,
  replicas: true,
  nodeTimeout: true,
  gossipDelay: true,
  electionDelay: true,
  replicaMigration: true,
  replicationLag: true,
  fullCoverage: true,
  port: true,
};
const SENTINELS: OwnNames<TestSentinelsOptions> = {
  name: true,
  replicas: true,
  sentinels: true,
  quorum: true,
  downAfter: true,
  electionDelay: true,
  announceDelay: true,
  convertDelay: true,
  failoverTimeout: true,
  replicationLag: true,
  sentinelPassword: true,
};

const importLua = async (): Promise<unknown> => await (await import("./transports/lua.ts")).importLua();

/** A Redis-compatible server in this process, reached by its `transport` or, after `listen()`, by its `url`. */
export class TestServer extends TestServerBase {
  /**
   * Starts a server; nothing has to be awaited.
   *
   * @throws {TypeError} for an unknown option, or a `config` that Redis refuses.
   */
  constructor(options: TestServerOptions = {}) {
    super({ lua: importLua, ...withKnownNames("TestServer", options, SERVER) }, listener);
  }
}

/**
 * A cluster in this process, with slots, replication, redirections, migrations, failure detection and failover.
 *
 * ```ts
 * import { RedisCluster } from "@keywire/redis";
 * import { TestCluster } from "@keywire/redis/testing";
 *
 * await using cluster = new TestCluster({ masters: 3, replicas: 1 });
 * await using redis = new RedisCluster({ transport: cluster.transport, startupNodes: cluster.startupNodes });
 * await redis.set("user:1", "Ada");
 * cluster.moveSlots("user:1", cluster.masters[2]!);
 * await redis.get("user:1"); // "Ada"
 * ```
 */
export class TestCluster extends TestClusterBase {
  /**
   * Starts a cluster; nothing has to be awaited.
   *
   * @throws {TypeError} for an unknown option, fewer than one master, or a `config` that Redis refuses.
   */
  constructor(options: TestClusterOptions = {}) {
    super({ lua: importLua, ...withKnownNames("TestCluster", options, CLUSTER) }, listener);
  }
}

/**
 * A master with replicas and sentinels in this process: replication with lag, votes, failover.
 *
 * ```ts
 * import { Sentinel } from "@keywire/redis";
 * import { TestSentinels } from "@keywire/redis/testing";
 *
 * await using servers = new TestSentinels({ replicas: 2, sentinels: 3 });
 * const sentinel = new Sentinel(servers.addresses, { transport: servers.transport });
 * await using redis = sentinel.masterFor(servers.name);
 * await redis.set("user:1", "Ada");
 * servers.failover();
 * await redis.get("user:1"); // "Ada"
 * ```
 */
export class TestSentinels extends TestSentinelsBase {
  /**
   * Starts them; nothing has to be awaited.
   *
   * @throws {TypeError} for an unknown option, no sentinels, or a `config` that Redis refuses.
   */
  constructor(options: TestSentinelsOptions = {}) {
    super({ lua: importLua, ...withKnownNames("TestSentinels", options, SENTINELS) }, listener);
  }
}
