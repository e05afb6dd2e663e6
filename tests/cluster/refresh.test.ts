import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClusterError, ConnectionError, RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { Many } from "../harness/scripted_peer.ts";
import { type Belief, dealt, FakeCluster } from "./fake_cluster.ts";

function start(fake: FakeCluster, options: object = {}): { redis: RedisCluster; clock: SimulatedClock } {
  const clock = new SimulatedClock();
  const transport = fake.transport();
  const redis = new RedisCluster({
    host: "node",
    port: 7000,
    transport,
    clock,
    refreshInterval: 0,
    ...options,
  });
  return { redis, clock };
}

async function settled<T>(clock: SimulatedClock, promise: Promise<T>): Promise<T> {
  let done = false;
  promise.then(() => done = true, () => done = true);
  for (let step = 0; step < 10_000 && !done; step++) await clock.advance(10);
  return await promise;
}

/** The same cluster with another master for the first shard. */
function failedOver({ epoch, shards: [first, ...rest] }: Belief, master: number): Belief {
  return { epoch: epoch + 1, shards: [{ ...first!, master, replicas: [] }, ...rest] };
}

const withReplicas = (): Belief => {
  const { epoch, shards } = dealt(3);
  return { epoch, shards: shards.map((shard) => ({ ...shard, replicas: [shard.master + 100] })) };
};

describe("discovery", () => {
  it("falls back to CLUSTER SLOTS", async () => {
    const fake = new FakeCluster(dealt(3));
    fake.speaksShards = false;
    const { redis, clock } = start(fake);
    assert.equal(await settled(clock, redis.set("foo", "1")), "OK");
    assert.equal(redis.topology.byRole("master").length, 3);
    await redis.close();
  });

  it("names the slots that nobody has, unless gaps are allowed", async () => {
    const fake = new FakeCluster({
      epoch: 1,
      shards: [{ range: [0, 99], master: 7000 }, { range: [200, 16_383], master: 7001 }],
    });
    const { redis, clock } = start(fake);
    await assert.rejects(settled(clock, redis.get("foo")), (error) => {
      assert.ok(error instanceof ClusterError);
      assert.equal(error.code, "UNCOVERED");
      assert.match(error.message, /100-199/);
      return true;
    });
    await redis.close();
    const tolerant = start(fake, { skipFullCoverageCheck: true });
    assert.equal(await settled(tolerant.clock, tolerant.redis.get("foo")), null);
    await tolerant.redis.close();
  });

  it("takes the next seed when one is gone, and goes on trying when all are", async () => {
    const fake = new FakeCluster(dealt(3));
    for (const port of [7000, 7001, 7002]) fake.down.add(port);
    const { redis, clock } = start(fake, {
      host: undefined,
      port: undefined,
      startupNodes: ["node:7000", { host: "node", port: 7001 }],
    });
    const reply = redis.set("foo", "1");
    await clock.advance(1_000);
    fake.down.clear();
    fake.down.add(7000);
    await clock.advance(1_500);
    fake.down.clear();
    assert.equal(await settled(clock, reply), "OK");
    await redis.close();
  });

  it("is not made with initSlotCache: false; redirections teach the way", async () => {
    const fake = new FakeCluster(dealt(3));
    const { redis, clock } = start(fake, { initSlotCache: false, reinitializeSteps: 0 });
    assert.equal(await settled(clock, redis.set("foo", "1")), "OK");
    assert.equal(await settled(clock, redis.set("bar", "1")), "OK");
    assert.equal(await settled(clock, redis.get("foo")), "1");
    assert.equal(fake.asked, 0);
    await redis.close();
  });

  it("by followCluster: false asks the startup nodes only", async () => {
    const fake = new FakeCluster(dealt(3));
    const { redis, clock } = start(fake, { followCluster: false });
    await settled(clock, redis.connect());
    for (let n = 0; n < 5; n++) await settled(clock, redis.pool.refresh());
    // The first time, the seed is asked who it is, too.
    assert.equal(fake.peer(7000).count("CLUSTER"), 13);
    assert.equal(fake.asked, 6);
    await redis.close();
  });
});

describe("a refresh", () => {
  it("believes the higher epoch", async () => {
    const fake = new FakeCluster(withReplicas());
    const { redis, clock } = start(fake);
    await settled(clock, redis.connect());
    const newer = failedOver(fake.belief, 7100);
    // All nodes but one report the old topology.
    fake.beliefs.set(7100, newer);
    for (let n = 0; n < 300 && redis.topology.epoch !== newer.epoch; n++) {
      await settled(clock, redis.pool.refresh());
    }
    assert.equal(redis.topology.masterOf(0)!.port, 7100);
    for (let n = 0; n < 10; n++) await settled(clock, redis.pool.refresh());
    assert.equal(redis.topology.masterOf(0)!.port, 7100, "those behind do not turn it back");
    await redis.close();
  });

  it("keeps the connections of nodes that stay, and gives up those that have left", async () => {
    const fake = new FakeCluster(dealt(3));
    const { redis, clock } = start(fake);
    for (const key of ["a", "b", "c", "d", "e"]) await settled(clock, redis.set(key, "1"));
    assert.equal(fake.open, 3);
    const before = fake.connected.length;
    const { shards: [first, second, third] } = fake.belief;
    fake.belief = { epoch: 9, shards: [{ ...first!, range: [0, third!.range[0] - 1] }, third!] };
    await settled(clock, redis.pool.refresh());
    await clock.advance(10);
    assert.equal(fake.peer(second!.master).open.length, 0);
    assert.equal(fake.connected.length, before);
    assert.equal(redis.pool.stats().created, 2);
    await redis.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it("is made by time", async () => {
    const fake = new FakeCluster(dealt(3));
    const { redis, clock } = start(fake, { refreshInterval: 1_000 });
    await settled(clock, redis.connect());
    await clock.advance(5_000);
    assert.equal(redis.topology.reason, "interval");
    assert.ok(fake.asked >= 4 && fake.asked <= 7, `${fake.asked}`);
    await redis.close();
    assert.equal(clock.pendingTimers, 0);
  });
});

describe("a node that says nothing", () => {
  const key = Array.from({ length: 100 }, (_, n) => `k${n}`).find((one) => slotOf(one) < 5_000)!;

  it("is left within a second of the election: reads are repeated, writes told by certainty, the rest moves", async () => {
    const fake = new FakeCluster(withReplicas());
    const { redis, clock } = start(fake, { commandTimeout: 60_000 });
    await settled(clock, redis.set(key, "1"));
    await settled(clock, redis.set("foo", "1"));
    fake.peer(7000).last.freeze();
    const write = redis.set(key, "2").then(() => undefined, (error) => error);
    const read = redis.get(key);
    await clock.advance(3_000);
    assert.equal(redis.topology.masterOf(0)!.port, 7000, "nobody has been elected yet");
    for (const port of [7001, 7002, 7100, 7101, 7102]) fake.beliefs.set(port, failedOver(fake.belief, 7100));
    await clock.advance(1_000);
    assert.equal(await read, null);
    const error = await write;
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.executed, "unknown");
    assert.equal(await settled(clock, redis.set(key, "3")), "OK");
    assert.equal(fake.peer(7100).count("SET"), 1);
    await redis.close();
  });

  it("is left the same way when its connection ends: a read on its way is repeated at the new master", async () => {
    const fake = new FakeCluster(withReplicas());
    const { redis, clock } = start(fake, { commandTimeout: 60_000 });
    await settled(clock, redis.set(key, "1"));
    fake.before = (port, [name]) => port === 7000 && name === "GET" ? new Many([]) : undefined;
    const read = redis.get(key);
    await fake.peer(7000).whenReceived("GET");
    fake.down.add(7000);
    fake.peer(7000).last.reset();
    await clock.settle();
    const write = redis.set(key, "2");
    await clock.advance(1_000);
    fake.belief = failedOver(fake.belief, 7100);
    await clock.advance(1_000);
    assert.equal(await write, "OK");
    assert.equal(await read, null);
    assert.equal(fake.peer(7100).count("GET"), 1);
    await redis.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it("and is not replaced by anyone leaves its commands to their deadline", async () => {
    const fake = new FakeCluster(withReplicas());
    const { redis, clock } = start(fake, { commandTimeout: 2_000 });
    await settled(clock, redis.set(key, "1"));
    fake.peer(7000).last.freeze();
    const write = redis.set(key, "2").then(() => undefined, (error) => error);
    await clock.advance(2_500);
    assert.equal((await write).code, "COMMAND_TIMEOUT");
    assert.equal((await write).executed, "unknown");
    await redis.close();
  });
});
