import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Redis, RedisCluster, Sentinel } from "../../mod.ts";
import { TestCluster, TestSentinels } from "../../testing.ts";
import { options, take } from "./group.ts";

/** The consumer's decisions are right though no replica has got anything. */
async function consumeBehind(redis: Redis | RedisCluster): Promise<void> {
  for (const n of [1, 2, 3]) await redis.xadd("q", "*", { n });
  await redis.xgroupCreate("q", "g", "0");
  await redis.xreadgroup("g", "one", [["q", ">"]], { count: 2 });
  assert.equal((await redis.streamLag("q", "g")).pending, 2);
  const burying = options("q", { block: 1, deadLetter: "{q}dead", maxDeliveries: 1 });
  const got = await take(redis.consume(burying), 1);
  assert.deepEqual(got.map(({ fields }) => fields.n), ["3"]);
  // Commands that write run on the master.
  assert.equal(await redis.eval("return redis.call('XLEN', KEYS[1])", ["{q}dead"]), 2, "none is lost");
  assert.equal(await redis.eval("return redis.call('XPENDING', KEYS[1], 'g')[1]", ["q"]), 0);
}

/** Checks that all commands with a cursor continue at one server: the master. */
async function scanBehind(redis: Redis | RedisCluster): Promise<void> {
  const names = Array.from({ length: 600 }, (_, n) => `m${n}`);
  await redis.sadd("{q}set", names);
  const found = new Set<unknown>();
  for await (const member of redis.sscanIterator("{q}set")) found.add(member);
  assert.equal(found.size, names.length);
  assert.equal(await redis.scard("{q}set"), 0, "a replica answers other reads");
}

describe("a client that reads from replicas which lag behind", () => {
  it("consumes and scans at the master of a sentinel's service", async () => {
    await using servers = new TestSentinels({ replicationLag: Infinity });
    const sentinel = new Sentinel(servers.addresses, { transport: servers.transport });
    await using redis = sentinel.masterFor(servers.name, { readFrom: "replica" });
    await consumeBehind(redis);
    await scanBehind(redis);
  });

  it("consumes and scans at the masters of a cluster", async () => {
    await using cluster = new TestCluster({ masters: 1, replicas: 2, replicationLag: Infinity });
    const { transport, startupNodes } = cluster;
    await using redis = new RedisCluster({ transport, startupNodes, readFrom: "replica" });
    await consumeBehind(redis);
    await scanBehind(redis);
  });
});
