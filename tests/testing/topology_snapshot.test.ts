/** Snapshots of clusters and of servers with sentinels. @module */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import {
  TestCluster,
  type TestClusterNode,
  type TestReplicatedServer,
  type TestSentinel,
  TestSentinels,
} from "../../testing.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { Dice } from "../harness/dice.ts";

const SEEDS = Array.from({ length: 4 }, (_, index) => index + 1);

/** Sends a command to one server; errors and lost servers are part of the game. */
async function send(
  topology: TestCluster | TestSentinels,
  { host, port, up }: { readonly host: string; readonly port: number; readonly up: boolean },
  clock: SimulatedClock,
  ...args: string[]
): Promise<void> {
  if (!up) return;
  const { transport } = topology;
  const redis = new Redis({
    transport,
    host,
    port,
    clock,
    retry: false,
    connectTimeout: 10,
  });
  try {
    await redis.command(...args as [string, ...string[]]);
  } catch {
    // Refused.
  } finally {
    await redis.destroy();
  }
}

function describeCluster(cluster: TestCluster): unknown {
  return {
    now: cluster.now,
    nodes: cluster.nodes.map((node) => ({
      id: node.id,
      up: node.up,
      role: node.role,
      master: node.master?.id,
      slots: node.slots,
      healthy: node.healthy,
      lag: node.replicationLag,
      data: node.dump(),
      expiry: node.dumpExpiry(),
      executed: node.executed.total,
    })),
  };
}

function describeSentinels(servers: TestSentinels): unknown {
  return {
    now: servers.now,
    master: servers.master.port,
    servers: servers.servers.map((one) => ({
      up: one.up,
      role: one.role,
      lag: one.replicationLag,
      data: one.dump(),
    })),
    sentinels: servers.sentinels.map((one) => [one.up, one.master.port, one.masterDown]),
  };
}

async function shakeCluster(cluster: TestCluster, dice: Dice, clock: SimulatedClock): Promise<void> {
  const node = (): TestClusterNode => dice.pick(cluster.nodes);
  const key = (): string => `key:${dice.below(30)}`;
  const attempts: (() => unknown)[] = [
    () => cluster.stop(node()),
    () => cluster.start(node()),
    () => cluster.partition(node()),
    () => cluster.mend(),
    () => cluster.failover(node(), { loss: dice.oneIn(2) }),
    () => cluster.moveSlots(key(), dice.pick(cluster.masters)),
    () => cluster.migrate(key(), dice.pick(cluster.masters)),
    () => cluster.addNode(),
    () => node().replicationLag = dice.pick([0, 100, Infinity]),
    () => cluster.advance(dice.below(3_000)),
    () => send(cluster, node(), clock, "CLUSTER", "RESET"),
    ...Array.from({ length: 8 }, () => async () => {
      const at = key();
      const owner = cluster.masterOf(at);
      const command = dice.pick([["SET", at, String(dice.below(9))], ["DEL", at], [
        "SET",
        at,
        "1",
        "PX",
        "2000",
      ]]);
      if (owner !== undefined) await send(cluster, owner, clock, ...command);
    }),
  ];
  try {
    await dice.pick(attempts)();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

async function shakeSentinels(servers: TestSentinels, dice: Dice, clock: SimulatedClock): Promise<void> {
  const one = (): TestReplicatedServer | TestSentinel =>
    dice.pick([...servers.servers, ...servers.sentinels]);
  const attempts: (() => unknown)[] = [
    () => servers.stop(one()),
    () => servers.start(one()),
    () => servers.partition(one()),
    () => servers.mend(),
    () => servers.failover(),
    () => dice.pick(servers.servers).replicationLag = dice.pick([0, 100, Infinity]),
    () => servers.advance(dice.below(3_000)),
    () => send(servers, dice.pick(servers.sentinels), clock, "SENTINEL", "REMOVE", servers.name),
    ...Array.from(
      { length: 6 },
      () => () => send(servers, servers.master, clock, "SET", `k${dice.below(9)}`, String(dice.below(9))),
    ),
  ];
  try {
    await dice.pick(attempts)();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

describe("snapshots of topologies", () => {
  for (const gossipDelay of [0, 50]) {
    it(`bring a cluster back, and it goes on from there (gossip takes ${gossipDelay} ms)`, async () => {
      for (const seed of SEEDS) {
        const [dice, clock] = [new Dice(seed), new SimulatedClock()];
        await using cluster = new TestCluster({ clock, gossipDelay });
        for (let i = 0; i < 12; i++) await shakeCluster(cluster, dice, clock);
        using snapshot = cluster.snapshot();
        const before = describeCluster(cluster);
        for (let again = 0; again < 2; again++) {
          for (let i = 0; i < 15; i++) await shakeCluster(cluster, dice, clock);
          cluster.restore(snapshot);
          assert.deepEqual(describeCluster(cluster), before, `seed ${seed}`);
        }
        // What was to happen at the time of the snapshot happens, and nothing of what was undone.
        const { length } = cluster.nodes;
        cluster.mend();
        for (const node of cluster.nodes) {
          cluster.start(node);
          node.replicationLag = 0;
        }
        cluster.advance(60_000);
        assert.equal(cluster.nodes.length, length, `seed ${seed}`);
        for (const replica of cluster.replicas) {
          assert.deepEqual(replica.dump(), replica.master!.dump(), `seed ${seed}`);
        }
      }
    });
  }

  it("bring servers with sentinels back, and they go on from there", async () => {
    for (const seed of SEEDS) {
      const [dice, clock] = [new Dice(seed), new SimulatedClock()];
      await using servers = new TestSentinels({ clock });
      for (let i = 0; i < 10; i++) await shakeSentinels(servers, dice, clock);
      const snapshot = servers.snapshot();
      const before = describeSentinels(servers);
      for (let again = 0; again < 2; again++) {
        for (let i = 0; i < 12; i++) await shakeSentinels(servers, dice, clock);
        servers.restore(snapshot);
        assert.deepEqual(describeSentinels(servers), before, `seed ${seed}`);
      }
      servers.mend();
      for (const one of [...servers.servers, ...servers.sentinels]) servers.start(one);
      for (const one of servers.servers) one.replicationLag = 0;
      servers.advance(60_000);
      const master = servers.master.dump();
      for (const replica of servers.replicas) assert.deepEqual(replica.dump(), master, `seed ${seed}`);
    }
  });

  it("keep the writes that are on their way to a replica", async () => {
    const clock = new SimulatedClock();
    await using servers = new TestSentinels({ clock, replicas: 1, replicationLag: 500 });
    const [replica] = servers.replicas;
    await send(servers, servers.master, clock, "SET", "k", "1");
    const snapshot = servers.snapshot();
    await send(servers, servers.master, clock, "SET", "k", "2");
    servers.advance(500);
    assert.deepEqual(replica!.dump(), { k: "2" });
    servers.restore(snapshot);
    assert.deepEqual([servers.master.dump(), replica!.dump()], [{ k: "1" }, {}]);
    servers.advance(500);
    assert.deepEqual(replica!.dump(), { k: "1" });
    assert.throws(() => servers.restore({ ...snapshot }), /Cannot restore the snapshot: it is of another/);
  });
});
