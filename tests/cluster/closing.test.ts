/** A client that is closed leaves nothing behind, at whatever step of its life that happens. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClusterConnectionPool, RedisCluster } from "../../mod.ts";
// Loaded when it is first used, which simulated time does not wait for.
import "../../src/client/lazy_modules.ts";
import { TestCluster } from "../../testing.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { isDealt } from "../harness/share.ts";
import { type Belief, dealt, FakeCluster } from "./fake_cluster.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** The options of a client of this cluster. */
function reaching({ transport, startupNodes }: TestCluster) {
  return { transport, startupNodes };
}

const withReplicas = (): Belief => {
  const { epoch, shards } = dealt(3);
  return { epoch, shards: shards.map((shard) => ({ ...shard, replicas: [shard.master + 100] })) };
};

/** Operations that are active when the client is closed. */
const LIVES: Readonly<Record<string, (redis: RedisCluster) => Promise<unknown>>> = {
  connect: (redis) => redis.connect(),
  set: (redis) => redis.set("k", "v"),
  reads: (redis) => Promise.all(["a", "b", "c", "d"].map((key) => redis.get(key))),
  pipeline: (redis) => redis.pipeline().set("a", 1).set("b", 2).set("c", 3).exec(),
  blpop: (redis) => redis.blpop("never", 0),
  watch: (redis) => redis.watch("k", async (tx) => tx.multi().set("k", `${await tx.get("k")}`)),
  subscribe: (redis) => redis.subscribe("news", () => {}),
  ssubscribe: (redis) => redis.ssubscribe("news", () => {}),
  everywhere: (redis) => redis.dbsize(),
  refreshes: async (redis) => {
    await redis.set("k", "v");
    for (let n = 0; n < 3; n++) await redis.pool.refresh();
  },
};

/** States of the cluster. */
const CLUSTERS: Readonly<Record<string, (fake: FakeCluster) => void>> = {
  well: () => {},
  "a seed is down": (fake) => void fake.down.add(7000),
  "all seeds are down": (fake) => [7000, 7001, 7002].forEach((port) => fake.down.add(port)),
  "two seeds answer nothing": (fake) => {
    const { before } = fake;
    fake.before = (port, ...rest) => port < 7002 ? new Promise(() => {}) : before(port, ...rest);
  },
  "a shard is down": (fake) => void fake.down.add(7002).add(7102),
};

/** Runs a life and closes it at its `step`th connect or command; returns how many of them there were. */
async function closedAt(step: number, life: string, state: string, readFrom: "master" | "preferReplica") {
  const fake = new FakeCluster(withReplicas());
  const clock = new SimulatedClock();
  CLUSTERS[state]!(fake);
  let steps = 0;
  let closing: Promise<void> | undefined;
  let late = 0;
  const count = (): void => {
    if (steps++ === step) closing = redis.close();
  };
  const { before } = fake;
  fake.before = (...call) => {
    count();
    return before(...call);
  };
  const inner = fake.transport();
  const redis = new RedisCluster({
    startupNodes: ["seed:7000", "node:7001", "node:7002"],
    transport: {
      ...inner,
      connect: (...call) => {
        if (closing === undefined) count();
        else if (!call[1]?.signal?.aborted) late++;
        return inner.connect(...call);
      },
    },
    clock,
    readFrom,
    commandTimeout: 1_000,
    closeGrace: 500,
  });
  const ended = LIVES[life]!(redis).then(() => {}, () => {});
  await clock.advance(3_000);
  closing ??= redis.close();
  let ends = 0;
  closing.then(() => ends++);
  ended.then(() => ends++);
  await clock.advance(6_000);
  const at = `${life}, ${state}, closed at step ${step}`;
  assert.equal(ends, 2, `${at}: close() and what was under way end`);
  await clock.advance(1_000);
  // What blocks is ended over another connection.
  assert.ok(late <= (life === "blpop" ? 1 : 0), `${at}: nothing else connects after close()`);
  assert.equal(fake.open, 0, `${at}: sockets`);
  assert.equal(clock.pendingTimers, 0, `${at}: timers`);
  return steps;
}

describe("a client of a cluster leaves no socket and no timer, closed at any step", () => {
  let turn = 0;
  for (const life of Object.keys(LIVES)) {
    for (const state of Object.keys(CLUSTERS)) {
      // Each life and each state is played with both: the number of states is odd.
      const readFrom = turn++ % 2 === 0 ? "master" : "preferReplica";
      it(`${life}: ${state} (${readFrom})`, async () => {
        const steps = await closedAt(Infinity, life, state, readFrom);
        assert.ok(steps > 0);
        for (let step = 0; step < Math.min(steps, 60); step++) {
          if (isDealt(step)) await closedAt(step, life, state, readFrom);
        }
      });
    }
  }
});

describe("nothing waits for what has been closed, or has gone elsewhere, even without a time limit", () => {
  it("drained() and WAIT, called before and after close(), while commands are redirected", async () => {
    const calls: Readonly<Record<string, (redis: RedisCluster) => Promise<unknown>>> = {
      drained: (redis) => redis.drained(),
      wait: (redis) => redis.wait(0, 100),
    };
    for (const [name, call] of Object.entries(calls)) {
      await using cluster = new TestCluster();
      await using redis = new RedisCluster({ ...reaching(cluster), commandTimeout: 0 });
      await redis.set("k", "v");
      cluster.masterOf("k")!.faults.errorNext("TRYAGAIN", "SET", { times: Infinity });
      const write = assert.rejects(redis.set("k", "w"), { code: "CLOSED" }, name);
      // Until it waits for its retry.
      while (redis.stats().offline === 0) await nextTurn();
      const ended = call(redis).catch(() => {});
      await redis.close();
      await Promise.all([write, ended]);
      await call(redis).catch(() => {});
    }
  });

  it("calls after the end of a pool that never knew the slots", async () => {
    await using cluster = new TestCluster();
    const pool = new ClusterConnectionPool({ ...reaching(cluster), commandTimeout: 0 });
    const redis = new RedisCluster({ pool });
    await pool.close();
    await assert.rejects(redis.get("k"), { code: "CLOSED" });
    await assert.rejects(redis.pipeline().get("k").exec(), { code: "CLOSED" });
  });

  it("drained(), when commands for a replica that cannot be reached went to the master", async () => {
    await using cluster = new TestCluster({ masters: 1, replicas: 1 });
    await using redis = new RedisCluster({
      ...reaching(cluster),
      readFrom: "preferReplica",
      commandTimeout: 0,
    });
    await redis.set("k", "v");
    cluster.replicasOf(cluster.masterOf("k")!)[0]!.faults.refuseConnects({ times: Infinity });
    const value = redis.get("k");
    assert.equal(redis.stats().offline, 1);
    await redis.drained();
    assert.equal(await value, "v");
  });
});
