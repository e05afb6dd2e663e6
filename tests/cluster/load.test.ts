/** The report of a cluster client's queues, and how producers wait for them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisCluster, type RedisError } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ErrorReply } from "../harness/resp.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

/** A client of three nodes that answer commands on keys only on request. */
function setUp() {
  const fake = new FakeCluster(dealt(3));
  const clock = new SimulatedClock();
  let release!: () => void;
  const released = new Promise<string>((resolve) => release = () => resolve("OK"));
  const redis = new RedisCluster(["node:7000"], {
    transport: fake.transport(),
    clock,
    commandTimeout: 1_000,
    offlineQueue: { maxCommands: 100 },
  });
  return { fake, clock, redis, release, released };
}

const KEYS = ["a", "b", "c"];

/** Returns the outcome of `drained()`. */
async function outcome(drained: Promise<void>): Promise<string> {
  return await drained.then(() => "drained", (error: RedisError) => error.code);
}

describe("stats() and drained() of a cluster", () => {
  it("count what waits for the topology, and what is on its way to all nodes", async () => {
    const { fake, clock, redis, release, released } = setUp();
    fake.before = (_, [name]) => name === "SET" ? released : undefined;
    fake.down.add(7000);
    const calls = KEYS.map((key) => redis.set(key, "value"));
    await clock.advance(10);
    const { offline, offlineBytes, inFlight, nodes } = redis.stats();
    assert.deepEqual([offline, inFlight, Object.keys(nodes)], [3, 0, []]);
    assert.ok(offlineBytes >= 3 * "value".length);
    const drained = redis.drained();
    fake.down.delete(7000);
    await clock.advance(400);
    assert.deepEqual([redis.stats().offline, redis.stats().inFlight], [0, 3]);
    assert.equal(Object.keys(redis.stats().nodes).length, 3);
    // Commands in flight are no reason to wait.
    assert.equal(await outcome(drained), "drained");
    release();
    await clock.advance(0);
    await Promise.all(calls);
    assert.equal(redis.stats().inFlight, 0);
    await redis.close();
  });

  it("drained() waits for commands that are being redirected, up to the time limit", async () => {
    const { fake, clock, redis } = setUp();
    await Promise.all([redis.connect(), clock.advance(10)]);
    let refused = 0;
    fake.before = (_, [name]) =>
      name === "SET" && refused++ < 3 ? new ErrorReply("TRYAGAIN not now") : undefined;
    const call = redis.set("a", "value");
    await clock.advance(1);
    assert.equal(redis.stats().offline, 1);
    let over = false;
    const drained = redis.drained().then(() => over = true);
    await clock.advance(10);
    assert.equal(over, false);
    await clock.advance(500);
    await Promise.all([drained, call]);
    fake.down.add(redis.topology.masterOf(slotOf("a"))!.port);
    for (const connection of fake.peer(redis.topology.masterOf(slotOf("a"))!.port).open) connection.close();
    await clock.advance(10);
    const lost = redis.set("a", "value").catch((error: RedisError) => error.code);
    const limited = outcome(redis.with({ timeout: 300 }).drained());
    await clock.advance(1_500);
    assert.deepEqual(await Promise.all([limited, lost]), ["COMMAND_TIMEOUT", "COMMAND_TIMEOUT"]);
    await redis.close();
  });

  it("wait() has one deadline for redirections and for the replies to earlier commands", async () => {
    const { fake, clock, redis } = setUp();
    await Promise.all([redis.connect(), clock.advance(10)]);
    let refused = 0;
    // Four delays of redirections take 187 to 375 ms; after them the nodes do not answer any more.
    fake.before = (_, [name]) => {
      if (name !== "SET") return name === "PING" ? new Promise(() => {}) : undefined;
      return refused++ < 4 ? new ErrorReply("TRYAGAIN not now") : undefined;
    };
    const call = redis.set("a", "value");
    await clock.advance(1);
    const waited = redis.wait(1, 100).then(() => "settled", (error: RedisError) => error.code);
    let settled: string | undefined;
    waited.then((outcome) => settled = outcome);
    await clock.advance(500);
    await call;
    assert.equal(settled, undefined);
    await clock.advance(510);
    assert.equal(settled, "COMMAND_TIMEOUT");
    await Promise.all([redis.close(), clock.advance(10_000)]);
  });
});
