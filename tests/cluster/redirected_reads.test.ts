import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ErrorReply } from "../harness/resp.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

const KEY = "foo";

/** Three masters from port 7000 on, each with a replica from port 7100 on. */
function withReplicas(options: object = {}) {
  const belief = dealt(3);
  const shards = belief.shards.map((shard) => ({ ...shard, replicas: [shard.master + 100] }));
  const fake = new FakeCluster({ ...belief, shards });
  const { master } = shards.find(({ range: [from, to] }) => slotOf(KEY) >= from && slotOf(KEY) <= to)!;
  const clock = new SimulatedClock();
  const redis = new RedisCluster({
    startupNodes: [{ host: "node", port: 7000 }],
    transport: fake.transport(),
    clock,
    refreshInterval: 0,
    ...options,
  });
  /** Settles within the given simulated milliseconds, or never. */
  const within = async <T>(limit: number, promise: Promise<T>): Promise<T> => {
    let settled = false;
    promise.then(() => settled = true, () => settled = true);
    for (let time = 0; time < limit && !settled; time += 10) await clock.advance(10);
    assert.ok(settled, `it has not settled within ${limit} ms`);
    return await promise;
  };
  return { fake, redis, clock, within, master, replica: master + 100 };
}

describe("reads that replicas do not serve", () => {
  const reads: readonly (readonly [string, object, (redis: RedisCluster) => Promise<unknown>])[] = [
    ["a command", {}, (redis) => redis.get(KEY)],
    ["a pipeline", {}, (redis) => redis.pipeline().get(KEY).get(KEY).exec()],
    ["a command on a dedicated connection", { multiplex: false }, (redis) => redis.get(KEY)],
    [
      "a pipeline on a dedicated connection",
      { multiplex: false },
      (redis) => redis.pipeline().get(KEY).exec(),
    ],
  ];
  for (const [what, options, read] of reads) {
    it(`MOVED from a replica that follows another master by now: ${what} goes to the named master at once`, async () => {
      const { fake, redis, clock, within, master, replica } = withReplicas({
        readFrom: "replica",
        ...options,
      });
      await within(1_000, redis.connect());
      fake.before = (port, [name]) =>
        name === "GET" && port === replica
          ? new ErrorReply(`MOVED ${slotOf(KEY)} node:${master}`)
          : undefined;
      const asked = fake.asked;
      await within(100, read(redis));
      assert.ok(fake.peer(master).count("GET") > 0);
      for (let time = 0; time < 1_500 && fake.asked === asked; time += 10) await clock.advance(10);
      assert.ok(fake.asked > asked, "the topology is refreshed");
      await redis.close();
    });
  }

  for (const readFrom of ["preferReplica", "any"] as const) {
    it(`a replica that refuses connections: ${readFrom} reads elsewhere at once`, async () => {
      const { fake, redis, within, replica } = withReplicas({ readFrom });
      await within(1_000, redis.connect());
      fake.down.add(replica);
      for (let n = 0; n < 4; n++) assert.equal(await within(100, redis.get(KEY)), null);
      assert.deepEqual(await within(100, redis.pipeline().get(KEY).get(KEY).exec()), [null, null]);
      await redis.close();
    });
  }

  it("without an offline queue, reads from a replica that is lost fail, and leave the event loop free", async () => {
    const { fake, redis, clock, within, replica } = withReplicas({
      readFrom: "replica",
      offlineQueue: false,
    });
    await within(1_000, redis.connect());
    assert.equal(await within(100, redis.get(KEY)), null);
    fake.down.add(replica);
    for (const connection of fake.peer(replica).open) connection.close();
    await clock.advance(0);
    await assert.rejects(within(1_000, redis.get(KEY)), { executed: "no" });
    await assert.rejects(within(1_000, redis.pipeline().get(KEY).exec()));
    await redis.close();
  });
});

describe("a replica whose role becomes known while a connection to it is being opened", () => {
  it("gets READONLY all the same", async () => {
    const { fake, redis, within, master, replica } = withReplicas({
      readFrom: "replica",
      initSlotCache: false,
      startupNodes: [{ host: "node", port: 7102 }, { host: "node", port: 7000 }],
    });
    const readonly = new Set<unknown>();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => release = resolve);
    fake.before = (port, [name], connection) => {
      if (name === "READONLY") readonly.add(connection);
      if (name === "GET" && port >= 7100 && !readonly.has(connection)) {
        return new ErrorReply(`MOVED ${slotOf(KEY)} node:${port - 100}`);
      }
      // The replicas delay their handshakes: the other nodes have reported their roles by then.
      return name === "HELLO" && port >= 7100
        ? held.then(() => new Map<string, string | number>([["version", "7.0.15"], ["proto", 3]]))
        : undefined;
    };
    // The shared connection to the first seed is being opened, whatever that is.
    const early = redis.get(KEY);
    await within(5_000, redis.pool.refresh());
    assert.equal(redis.topology.replicasOf(slotOf(KEY))[0]!.port, replica);
    release();
    await within(1_000, early);
    const before = fake.peer(master).count("GET");
    for (let n = 0; n < 3; n++) assert.equal(await within(1_000, redis.get(KEY)), null);
    assert.equal(fake.peer(master).count("GET"), before, "the replica served them");
    await redis.close();
  });
});

describe("commands for all nodes", () => {
  it("are sent to each node once, under whatever name the seeds go, also while the topology is refreshed", async () => {
    const { fake, redis, clock, within } = withReplicas({ startupNodes: ["another-name:7000"] });
    await within(1_000, redis.connect());
    let refreshing = false;
    fake.before = (_, [name, what]) => {
      if (name === "CLUSTER" && what === "SHARDS") {
        refreshing = true;
        return new Promise(() => {});
      }
      return name === "CONFIG" ? "OK" : undefined;
    };
    const refresh = redis.pool.refresh().catch(() => {});
    while (!refreshing) await clock.advance(1);
    try {
      await within(1_000, redis.configSet({ "slowlog-log-slower-than": "1000" }));
      assert.equal(fake.count("CONFIG"), 6);
    } finally {
      await redis.close();
    }
    await within(60_000, refresh);
  });
});
