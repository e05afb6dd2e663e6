import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis, RedisCluster } from "../../mod.ts";
import { TestCluster, type TestClusterNode, type TestClusterOptions } from "../../testing.ts";
import { SimulatedClock } from "../harness/clock.ts";

interface Setup extends AsyncDisposable {
  readonly cluster: TestCluster;
  readonly redis: RedisCluster;
}

function setUp(options: TestClusterOptions = {}): Setup {
  const cluster = new TestCluster(options);
  const { clock } = options;
  const redis = new RedisCluster({
    transport: cluster.transport,
    startupNodes: cluster.startupNodes,
    ...clock === undefined ? {} : { clock },
  });
  return {
    cluster,
    redis,
    async [Symbol.asyncDispose]() {
      await redis[Symbol.asyncDispose]();
      await cluster.close();
    },
  };
}

/** One connection to one node. */
function connectTo(cluster: TestCluster, node: TestClusterNode, clock?: SimulatedClock): Redis {
  const { host, port } = node;
  return new Redis({ transport: cluster.transport, host, port, retry: false, ...clock && { clock } });
}

const others = (cluster: TestCluster, node: TestClusterNode | undefined): TestClusterNode[] =>
  cluster.masters.filter((one) => one !== node);

describe("TestCluster", () => {
  it("serves a cluster client in the process and over TCP", async () => {
    await using cluster = new TestCluster({ masters: 3, replicas: 1 });
    const keys = Array.from({ length: 30 }, (_, n) => `key:${n}`);
    const work = async (redis: RedisCluster): Promise<void> => {
      await Promise.all(keys.map((key) => redis.set(key, key)));
      assert.deepEqual(await redis.mget(keys), keys);
      assert.equal(await redis.del(keys), keys.length);
    };
    {
      const { transport, startupNodes } = cluster;
      await using redis = new RedisCluster({ transport, startupNodes });
      await work(redis);
    }
    const { urls } = await cluster.listen();
    assert.equal(urls.length, 6);
    await using redis = new RedisCluster(urls[0]!);
    await work(redis);
    assert.ok(cluster.masters.every((node) => node.executed.count("SET") > 0));
  });

  it("moves a slot while commands go on, with ASK, TRYAGAIN and MOVED, and executes each once", async () => {
    await using both = setUp();
    const { cluster, redis } = both;
    const [a, b] = ["{tag}a", "{tag}b"] as const;
    await redis.mset({ [a]: "0", [b]: "0" });
    const source = cluster.masterOf(a)!;
    const [target] = others(cluster, source);
    const migration = cluster.migrate(a, target!);
    assert.deepEqual(migration.left.sort(), [a, b]);
    assert.equal(migration.move([a]), 1);
    await Promise.all([redis.incr(a), redis.incr(b), redis.incr("{tag}new")]);
    await using direct = connectTo(cluster, source);
    await assert.rejects(direct.mget([a, b]), { message: /^TRYAGAIN/ });
    await assert.rejects(direct.get(a), {
      message: new RegExp(`^ASK ${migration.slot} 127.0.0.1:${target!.port}`),
    });
    await assert.rejects(direct.mget([a, "other"]), { message: /^CROSSSLOT/ });
    migration.finish();
    await assert.rejects(direct.get(a), { message: new RegExp(`^MOVED ${migration.slot} `) });
    assert.deepEqual(await redis.mget([a, b, "{tag}new"]), ["1", "1", "1"]);
    assert.equal(cluster.masterOf(a), target);
    assert.equal(cluster.nodes.reduce((sum, node) => sum + node.executed.count("INCR"), 0), 3);
  });

  it("takes a migration back", async () => {
    await using both = setUp();
    const { cluster, redis } = both;
    await redis.set("k", "v");
    const source = cluster.masterOf("k")!;
    const migration = cluster.migrate("k", others(cluster, source)[0]!);
    migration.move(1);
    migration.cancel();
    await using direct = connectTo(cluster, source);
    assert.equal(await direct.get("k"), "v");
  });

  it("elects a replica when a master is lost; the old one comes back as a replica", async () => {
    const clock = new SimulatedClock();
    await using both = setUp({ clock, nodeTimeout: 1_000 });
    const { cluster, redis } = both;
    await redis.set("k", "1");
    const old = cluster.masterOf("k")!;
    const [replica] = cluster.replicasOf(old);
    cluster.stop(old);
    await clock.advance(999);
    assert.equal(cluster.masterOf("k"), old);
    assert.ok(cluster.masters.every(({ healthy }) => healthy));
    await clock.advance(1);
    assert.ok(cluster.masters.every(({ healthy }) => !healthy), "the majority says that it has failed");
    await clock.advance(1_000);
    assert.equal(cluster.masterOf("k"), replica);
    const value = redis.incr("k");
    await clock.advance(1_000);
    assert.equal(await value, 2);
    cluster.start(old);
    await clock.advance(2_000);
    assert.deepEqual([old.role, old.master, old.healthy], ["replica", replica, true]);
    assert.deepEqual(cluster.masters.length, 3);
  });

  it("loses what has not arrived at the replica, and nothing else", async () => {
    const clock = new SimulatedClock();
    await using both = setUp({ clock, replicationLag: 100 });
    const { cluster, redis } = both;
    await redis.set("k", "old");
    await clock.advance(100);
    await redis.set("k", "new");
    const old = cluster.masterOf("k")!;
    const [replica] = cluster.replicasOf(old);
    cluster.failover(replica!, { loss: true });
    const read = redis.get("k");
    await clock.advance(100);
    assert.equal(await read, "old");
    await redis.set("k", "newest");
    cluster.failover(old);
    const again = redis.get("k");
    await clock.advance(100);
    assert.equal(await again, "newest", "a failover by plan waits for the replica");
  });

  it("stops the minority of a partition, and heals", async () => {
    const clock = new SimulatedClock();
    await using both = setUp({ clock, nodeTimeout: 1_000 });
    const { cluster, redis } = both;
    await redis.set("k", "1");
    const alone = cluster.masterOf("k")!;
    await using direct = connectTo(cluster, alone, clock);
    cluster.partition(alone);
    await direct.set("k", "written by the minority");
    await clock.advance(1_000);
    await assert.rejects(direct.set("k", "2"), { message: /^CLUSTERDOWN The cluster is down/ });
    await clock.advance(2_000);
    assert.equal(cluster.masters.length, 4, "two take themselves to be masters of the same slots");
    cluster.mend();
    assert.equal(cluster.masters.length, 3);
    assert.equal(alone.role, "replica");
    const read = redis.get("k");
    await clock.advance(1_000);
    assert.equal(await read, "1", "what the minority took is lost");
  });

  it("does not elect without the majority of masters", async () => {
    const clock = new SimulatedClock();
    await using both = setUp({ clock, nodeTimeout: 1_000 });
    const { cluster } = both;
    const [one, two, three] = cluster.masters as [TestClusterNode, TestClusterNode, TestClusterNode];
    cluster.stop(one);
    cluster.stop(two);
    await clock.advance(60_000);
    assert.deepEqual(cluster.masters, [three]);
    assert.equal(three.healthy, false);
    cluster.start(one);
    await clock.advance(10_000);
    assert.deepEqual(cluster.masters.length, 3);
    assert.ok(cluster.masters.every(({ healthy }) => healthy));
  });

  it("gives a master that has lost its replica one of a master that has two", async () => {
    for (const replicaMigration of [true, false]) {
      const clock = new SimulatedClock();
      await using cluster = new TestCluster({ clock, replicaMigration });
      const [rich, poor] = cluster.masters as [TestClusterNode, TestClusterNode];
      await cluster.addNode({ master: rich });
      assert.equal(cluster.replicasOf(rich).length, 2);
      cluster.stop(cluster.replicasOf(poor)[0]!);
      await clock.advance(4_999);
      assert.equal(cluster.replicasOf(rich).length, 2);
      await clock.advance(1);
      const expected = replicaMigration ? [1, 1] : [2, 0];
      assert.deepEqual([rich, poor].map((one) => cluster.replicasOf(one).length), expected);
    }
  });

  it("is the same each time with the same seed", async () => {
    const run = async (seed: number): Promise<string> => {
      const clock = new SimulatedClock({ seed });
      await using cluster = new TestCluster({ clock, masters: 3, replicas: 2, nodeTimeout: 500 });
      const events: string[] = cluster.nodes.map(({ id }) => id);
      cluster.stop(cluster.masters[1]!);
      for (let i = 0; i < 200; i++) {
        await clock.advance(25);
        events.push(cluster.masters.map(({ port }) => port).join());
      }
      return events.join(" ");
    };
    assert.equal(await run(3), await run(3));
    assert.notEqual(await run(3), await run(4));
  });

  it("delivers messages to subscribers of all nodes, and of shards to theirs", async () => {
    await using both = setUp();
    const { cluster, redis } = both;
    const heard: string[] = [];
    const arrived = (count: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => heard.length >= count ? resolve() : void setTimeout(look, 1);
        look();
      });
    await redis.subscribe("news", (message) => void heard.push(`news ${message}`));
    await redis.ssubscribe("{shard}", (message) => void heard.push(`shard ${message}`));
    for (const node of cluster.masters) {
      await using direct = connectTo(cluster, node);
      await direct.publish("news", "x");
    }
    await redis.spublish("{shard}", "y");
    await arrived(4);
    assert.deepEqual(heard.sort(), ["news x", "news x", "news x", "shard y"]);
    // The shard moves: its subscription follows.
    const [target] = others(cluster, cluster.masterOf("{shard}"));
    cluster.moveSlots("{shard}", target!);
    while (target!.clients.every(({ type }) => type !== "pubsub")) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    while (await redis.spublish("{shard}", "z") === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await arrived(5);
    assert.equal(heard.at(-1), "shard z");
  });

  it("releases clients that wait for a key of a slot that moves", async () => {
    await using both = setUp();
    const { cluster, redis } = both;
    const popped = redis.blpop(["list"], 0);
    const source = cluster.masterOf("list")!;
    while (source.clients.every(({ blocked }) => !blocked)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    cluster.moveSlots("list", others(cluster, source)[0]!);
    await redis.rpush("list", ["x"]);
    assert.deepEqual(await popped, ["list", "x"]);
  });
});
