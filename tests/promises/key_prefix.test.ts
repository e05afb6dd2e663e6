/**
 * `keyPrefix`: a program sees the same with it as without it, and what it writes has the prefix.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { TestCluster } from "../../testing.ts";
import { createScript, Redis, RedisCluster } from "../../mod.ts";
import * as c from "../../src/commands/mod.ts";
import { type Server, startServer } from "../harness/server.ts";

const PREFIX = "app[1]:";

/** Calls of all the ways to name keys; what each resolves with must not depend on the prefix. */
const PROGRAM: readonly ((redis: Redis) => unknown)[] = [
  (redis) => redis.mset({ a: 1, b: 2, "10": 3 }),
  (redis) => redis.mget("a", new TextEncoder().encode("b"), "none", 10),
  (redis) => redis.command("GET", "a"),
  (redis) => redis.bytes().get("a"),
  (redis) => redis.rename("b", "c"),
  (redis) => redis.command("OBJECT", "ENCODING", "a"),
  (redis) => redis.rpush("list", 3, 1, 2),
  (redis) => redis.mset({ w_1: 30, w_2: 20, w_3: 10 }),
  (redis) => redis.sort("list", { by: "w_*", get: ["#", "w_*"] }),
  (redis) => redis.sort("list", { by: "nosort", limit: { offset: 0, count: 2 }, store: "sorted" }),
  (redis) => redis.lrange("sorted", 0, -1),
  (redis) => redis.blpop(["none", "list"], 1),
  (redis) => redis.lmpop(["none", "list"], "LEFT"),
  (redis) => redis.bytes().brpop("list", 1),
  (redis) => redis.zadd("z", [[1, "x"], [2, "y"]]),
  (redis) => redis.zunionstore("zz", ["z", "none"], { weights: [2, 1] }),
  (redis) => redis.zmpop(["none", "zz"], "MIN"),
  (redis) => redis.bzpopmax("zz", 1),
  (redis) => redis.xadd("s", "1-1", { f: "v" }),
  (redis) => redis.xread({ s: 0, none: 0 }),
  (redis) => redis.bytes().xread([["s", 0]]),
  (redis) => redis.command("XREAD", "STREAMS", "s", "0"),
  (redis) => redis.xgroupCreate("s", "g", 0),
  (redis) => redis.xreadgroup("g", "one", { s: ">" }),
  (redis) => redis.bitop("NOT", "bits", "a"),
  (redis) => redis.geoadd("places", 13.4, 52.5, "Berlin"),
  (redis) =>
    redis.geosearchstore("near", "places", {
      fromMember: "Berlin",
      byRadius: { radius: 1, unit: "KM" },
    }),
  (redis) => redis.eval("return {redis.call('GET', KEYS[1]), #KEYS, ARGV[1]}", ["a"], ["x"]),
  (redis) => redis.script("return redis.call('INCR', KEYS[1])", { keys: ["a"] }),
  (redis) => redis.execute(createScript<number>("return redis.call('INCR', KEYS[1])")(["a"])),
  (redis) => redis.pipeline().get("a").script("return redis.call('GET', KEYS[1])", { keys: ["c"] }).exec(),
  (redis) => redis.multi().incr("a").mget("a", "c").exec(),
  (redis) => redis.pipeline([c.get("a"), c.del("bits")]).exec(),
  (redis) =>
    redis.watch(["a", "c"], async (tx) => {
      const value = Number(await tx.get("a"));
      return tx.multi().set("a", value + 1).get("a");
    }),
  async (redis) => {
    // A value of another client, changed while it is watched.
    const conflict = redis.watch("a", async (tx) => {
      await redis.incr("a");
      return tx.multi().set("a", 0);
    }, { attempts: 2 });
    return await conflict.catch(({ code }) => code);
  },
  async (redis) => (await redis.keys("*")).sort(),
  async (redis) => (await redis.keys("w_?")).sort(),
  async (redis) => (await Array.fromAsync(redis.scanIterator({ count: 100 }))).sort(),
  async (redis) => (await redis.scan(0, { match: "w_*", count: 1_000 })).keys.sort(),
  (redis) => redis.cached("cached", { ttl: 60_000 }, () => ({ n: 1 })),
  (redis) => redis.streamLag("s", "g"),
  (redis) => redis.once("id:1").incr("orders"),
  (redis) => redis.once("id:1").incr("orders"),
  (redis) => redis.once("id:2").multi().incr("orders").lpop("list").exec(),
  (redis) => redis.outcome("id:1"),
  (redis) => redis.get("orders"),
];

describe("keyPrefix", () => {
  let server: Server;
  before(async () => server = await startServer());
  after(() => server.stop());

  it("changes nothing that a program sees", async () => {
    await using plain = new Redis(server.url, { db: 1 });
    await using prefixed = new Redis(server.url, { db: 2, keyPrefix: PREFIX });
    await using raw = new Redis(server.url, { db: 2 });
    await raw.set("other", "untouched");
    for (const step of PROGRAM) {
      assert.deepEqual(await step(prefixed), await step(plain), String(step));
    }
    const keys = await raw.keys("*");
    assert.ok(keys.length > 10);
    assert.deepEqual(keys.filter((key) => !key.startsWith(PREFIX) || key.slice(7).includes(PREFIX)), [
      "other",
    ]);
  });

  it("holds for a client over a pool that was made elsewhere, and not for that pool's others", async () => {
    await using plain = new Redis(server.url, { db: 3 });
    await using prefixed = new Redis({ pool: plain.pool, keyPrefix: "p:" });
    await prefixed.set("k", 1);
    assert.deepEqual(await plain.keys("*"), ["p:k"]);
    assert.equal(prefixed.options.keyPrefix, "p:");
  });

  it("holds in the client-side cache", async () => {
    await using redis = new Redis(server.url, { db: 4, keyPrefix: "p:", cache: true });
    await redis.set("k", 1);
    assert.equal(await redis.get("k"), "1");
    await redis.set("k", 2);
    assert.equal(await redis.get("k"), "2");
  });

  it("leaves channels alone", async () => {
    await using redis = new Redis(server.url, { keyPrefix: "p:" });
    const heard = Promise.withResolvers<unknown>();
    await redis.subscribe("news", (message, channel) => heard.resolve([message, channel]));
    await redis.publish("news", "hello");
    assert.deepEqual(await heard.promise, ["hello", "news"]);
  });

  it("routes in a cluster by the key with its prefix", async () => {
    await using cluster = new TestCluster({ masters: 3, replicas: 0 });
    const { transport, startupNodes } = cluster;
    await using redis = new RedisCluster({ transport, startupNodes, keyPrefix: "p:" });
    const keys = Array.from({ length: 20 }, (_, n) => `k${n}`);
    await redis.mset(Object.fromEntries(keys.map((key) => [key, key])));
    assert.deepEqual(await redis.mget(keys), keys);
    assert.deepEqual(new Set(await Array.fromAsync(redis.scanIterator())), new Set(keys));
    assert.deepEqual((await redis.keys("k1?")).length, 10);
    assert.equal(await redis.once("id").incr("orders"), 1);
    assert.equal(await redis.once("id").incr("orders"), 1);
    assert.deepEqual(await redis.outcome("id", { key: "orders" }), { executed: "yes", reply: 1 });
    await using raw = new RedisCluster({ transport, startupNodes });
    assert.equal(await raw.get("p:k1"), "k1");
  });
});
