import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  BlockingClusterConnectionPool,
  ClusterConnectionPool,
  ClusterError,
  MaxConnectionsError,
  RedisCluster,
  RedisError,
} from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

const seeds = [{ host: "node", port: 7000 }];

describe("ClusterConnectionPool", () => {
  it("lends connections by node, by slot and at will, and takes them back", async () => {
    const fake = new FakeCluster(dealt(3));
    await using pool = new ClusterConnectionPool(seeds, { transport: fake.transport() });
    const byNode = await pool.acquireByNode({ host: "node", port: 7001 });
    assert.equal(byNode.address, "node:7001");
    const bySlot = await pool.acquireBySlot(slotOf("foo"));
    assert.equal(bySlot.address, pool.topology.masterOf(slotOf("foo"))!.toString());
    const random = await pool.acquireRandom();
    assert.equal(pool.stats().inUse, 3);
    pool.release(byNode);
    bySlot[Symbol.dispose]();
    pool.release(random);
    assert.equal(pool.stats().inUse, 0);
    assert.throws(
      () => pool.release(byNode),
      (error) => error instanceof RedisError && error.code === "NOT_LEASED",
    );
    await assert.rejects(pool.acquireByNode({ host: "node", port: 1 }), ClusterError);
    await assert.rejects(pool.acquireBySlot(16_384), RangeError);
  });

  it("refuses at its limit, in all and for each node; idle connections elsewhere make place", async () => {
    const fake = new FakeCluster(dealt(3));
    await using pool = new ClusterConnectionPool(seeds, {
      transport: fake.transport(),
      maxConnections: 3,
      maxConnectionsPerNode: 2,
    });
    const at = (port: number) => pool.acquireByNode({ host: "node", port });
    const held = [await at(7001), await at(7001)];
    await assert.rejects(at(7001), (error) => {
      assert.ok(error instanceof MaxConnectionsError);
      assert.match(error.message, /all 2 to this node/);
      return true;
    });
    // The connection that requested the slots is idle: the pool closes it to make room.
    held.push(await at(7002));
    assert.equal(pool.stats().created, 3);
    await assert.rejects(at(7000), /all 3 of the cluster/);
    held.pop()![Symbol.dispose]();
    held.push(await at(7000));
    assert.equal(pool.stats().created, 3);
    assert.equal(pool.stats().max, 3);
    for (const connection of held) connection[Symbol.dispose]();
  });

  for (const [what, Pool] of Object.entries({ ClusterConnectionPool, BlockingClusterConnectionPool })) {
    it(`asks for the slots without taking a place from callers (${what})`, async () => {
      const fake = new FakeCluster(dealt(3));
      const waits = Pool === BlockingClusterConnectionPool ? { timeout: 1 } : {};
      await using pool = new Pool(seeds, { transport: fake.transport(), maxConnections: 3, ...waits });
      const at = (port: number) => pool.acquireByNode({ host: "node", port });
      const held = [await at(7000), await at(7001)];
      (await at(7002))[Symbol.dispose]();
      // At each step of a refresh all places are there, taken or idle.
      let trying = false;
      const outcomes: Promise<unknown>[] = [];
      fake.before = (_, [name]) => {
        if (trying || (name !== "HELLO" && name !== "CLUSTER")) return undefined;
        trying = true;
        outcomes.push(at(7002).then((one) => one[Symbol.dispose]()).finally(() => trying = false));
        return undefined;
      };
      for (let n = 0; n < 10; n++) await pool.refresh();
      assert.ok(outcomes.length >= 10);
      await Promise.all(outcomes);
      fake.before = () => undefined;
      held.push(await at(7002));
      await pool.refresh();
      await assert.rejects(at(7000), MaxConnectionsError);
      assert.equal(pool.stats().created, 3);
      for (const connection of held) connection[Symbol.dispose]();
    });
  }

  it("maxConnectionsPerNode: true is 16", () => {
    const { options } = new ClusterConnectionPool(seeds, { maxConnectionsPerNode: true });
    assert.equal(options.maxConnectionsPerNode, 16);
    assert.equal(options.node.maxConnections, 16);
  });

  it("is shared by clients, which do not close it", async () => {
    const fake = new FakeCluster(dealt(3));
    await using pool = new ClusterConnectionPool(seeds, { transport: fake.transport() });
    const [one, two] = [new RedisCluster({ pool }), new RedisCluster({ pool })];
    await one.set("foo", "1");
    await one.close();
    assert.equal(await two.get("foo"), "1");
    await assert.rejects(one.get("foo"), { code: "CLOSED" });
    await two.close();
    assert.equal(pool.closed, false);
  });
});

describe("BlockingClusterConnectionPool", () => {
  it("waits for a place of any node, in order, up to its timeout", async () => {
    const fake = new FakeCluster(dealt(3));
    await using pool = new BlockingClusterConnectionPool(seeds, {
      transport: fake.transport(),
      maxConnections: 2,
      timeout: 5_000,
    });
    const at = (port: number, signal?: AbortSignal) => pool.acquireByNode({ host: "node", port }, { signal });
    const [one, two] = [await at(7000), await at(7001)];
    const order: string[] = [];
    const wait = async (name: string, port: number) => {
      const connection = await at(port);
      order.push(name);
      return connection;
    };
    const first = wait("first", 7002);
    const second = wait("second", 7000);
    const aborted = at(7001, AbortSignal.timeout(5));
    await assert.rejects(aborted, { name: "TimeoutError" });
    assert.equal(pool.stats().waiting, 2);
    // Idle at 7001, where no call waits: it gives its place to the call that waits for 7002.
    two[Symbol.dispose]();
    const got = await first;
    assert.equal(got.address, "node:7002");
    assert.equal(pool.stats().created, 2);
    one[Symbol.dispose]();
    assert.equal(await second, one);
    assert.deepEqual(order, ["first", "second"]);
    got[Symbol.dispose]();
    one[Symbol.dispose]();
  });

  it("tells when the wait was in vain", async () => {
    const fake = new FakeCluster(dealt(3));
    await using pool = new BlockingClusterConnectionPool(seeds, {
      transport: fake.transport(),
      maxConnections: 1,
      timeout: 10,
    });
    using _held = await pool.acquireByNode({ host: "node", port: 7000 });
    await assert.rejects(pool.acquireByNode({ host: "node", port: 7000 }), {
      code: "POOL_TIMEOUT",
      executed: "no",
    });
  });
});

describe("the options of a cluster", () => {
  const make = (options: object) => () => new ClusterConnectionPool(options);

  it("are refused by name where they are wrong, with the nearest name or ours", () => {
    assert.throws(make({ startupNode: [] }), /did you mean `startupNodes`/);
    assert.throws(make({ startup_nodes: [] }), /it is `startupNodes` here/);
    assert.throws(make({ skip_full_coverage_check: true }), /`skipFullCoverageCheck`/);
    assert.throws(make({ nodemanager_follow_cluster: true }), /`followCluster`/);
    assert.throws(make({ scaleReads: "slave" }), /`readFrom`/);
    assert.throws(make({ readFrom: "slave" }), /`readFrom`.*"preferReplica"/);
    assert.throws(make({ startupNodes: [] }), RangeError);
    assert.throws(make({ startupNodes: ["redis://:secret@node:1"] }), (error) => {
      assert.ok(error instanceof TypeError);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
    assert.throws(make({ startupNodes: ["node:1"], port: 3 }), /together/);
    assert.throws(make({ addressMap: [{ fromHost: "a" }] }), /neither `toHost` nor `toPort`/);
    assert.throws(make({ addressMap: [{ from_host: "a" }] }), /addressMap\[0\]\.from_host/);
    assert.throws(make({ natMap: [] }), /`natMap`: it is `addressMap` here/);
    assert.throws(make({ hostPortRemap: [] }), /`hostPortRemap`: it is `addressMap` here/);
    assert.throws(make({ silenceLimit: 500 }), /`silenceLimit`: it is `nodeTimeout` here/);
    assert.throws(make({ readFrom: { zone: "" } }), /`readFrom\.zone`/);
    assert.throws(make({ readFrom: { region: "a" } }), /`readFrom\.region`.*zone/);
    assert.throws(make({ readFrom: { zone: "a", zones: { "node:1": 1 } } }), /`readFrom\.zones`/);
    assert.throws(make({ maxConnectionsPerNode: 0 }), RangeError);
  });

  it("cannot be a Unix socket, however it is given, and the message says why", () => {
    const ways = [
      () => new ClusterConnectionPool("unix:/run/redis.sock"),
      () => new ClusterConnectionPool(["unix:///run/redis.sock"]),
      () => new ClusterConnectionPool({ startupNodes: ["node:7000", "/run/redis.sock"] }),
      () => new ClusterConnectionPool({ path: "/run/redis.sock" } as object),
      () => new ClusterConnectionPool("redis://node:7000?path=/run/redis.sock"),
    ];
    for (const way of ways) assert.throws(way, /Unix socket leads to one server.*host.*port/);
  });

  it("come from a URL, too", () => {
    const { options } = ClusterConnectionPool.fromUrl(
      "redis://bob:secret@node:7000?readFrom=any&maxConnectionsPerNode=true&refreshInterval=none&followCluster=off",
    );
    assert.deepEqual(options.startupNodes, [{ host: "node", port: 7000 }]);
    assert.equal(options.readFrom, "any");
    assert.equal(options.maxConnectionsPerNode, 16);
    assert.equal(options.refreshInterval, 0);
    assert.equal(options.followCluster, false);
    assert.doesNotMatch(JSON.stringify(options), /secret/);
    const near = new ClusterConnectionPool("redis://node?readFrom.zone=eu-1a");
    assert.deepEqual(near.options.readFrom, { zone: "eu-1a" });
  });
});
