/** Keys of any type, HyperLogLogs. @module */
import * as c from "../../src/commands/mod.ts";
import assert from "node:assert/strict";
import type { Context } from "./suite.ts";

/** Tests the commands for keys of any type. */
export async function generic(t: Context): Promise<void> {
  await t.is(c.mset({ key1: "Hello", key2: "World" }), "OK");
  await t.is(c.exists("key1", "key2", "nosuchkey"), 2);
  await t.is(c.touch("key1", "key2"), 2);
  await t.is(c.type("key1"), "string");
  await t.members(c.keys("key*"), ["key1", "key2"]);
  await t.looks(c.randomkey(), (key) => key === "key1" || key === "key2");
  await t.is(c.copy("key1", "clone"), 1);
  await t.is(c.copy("key1", "clone"), 0);
  await t.is(c.copy("key1", "clone", { replace: true }), 1);
  await t.is(c.copy("key1", "elsewhere", { db: 1 }), 1);
  await t.is(c.move("clone", 1), 1);
  await t.is(c.rename("key2", "key3"), "OK");
  await t.is(c.renamenx("key3", "key1"), 0);
  await t.is(c.del("key3"), 1);
  await t.is(c.del(["key3", "key4"]), 0);
  await t.is(c.unlink("key3", "key4"), 0);

  await t.is(c.expire("key1", 10), 1);
  await t.is(c.ttl("key1"), 10);
  await t.is(c.expire("key1", 20, { nx: true }), 0);
  await t.is(c.expire("key1", 20, { gt: true }), 1);
  await t.is(c.pexpire("key1", 1500, { lt: true }), 1);
  await t.looks(c.pttl("key1"), (ttl) => ttl > 0 && ttl <= 1500);
  await t.is(c.expireat("key1", 33177117420), 1);
  await t.is(c.expiretime("key1"), 33177117420);
  await t.is(c.pexpireat("key1", 33177117420000), 1);
  await t.is(c.pexpiretime("key1"), 33177117420000);
  await t.is(c.persist("key1"), 1);
  await t.is(c.ttl("key1"), -1);
  await t.is(c.ttl("nosuchkey"), -2);

  await t.is(c.objectEncoding("key1"), "embstr");
  await t.is(c.objectEncoding("nosuchkey"), null);
  await t.looks(c.objectIdletime("key1"), (idle) => typeof idle === "number");
  await t.is(c.objectRefcount("key1"), 1);
  await t.is(c.configSet("maxmemory-policy", "allkeys-lfu"), "OK");
  await t.looks(c.objectFreq("key1"), (frequency) => typeof frequency === "number");
  await t.is(c.configSet({ "maxmemory-policy": "noeviction" }), "OK");

  const dumped = await t.run(c.dump("key1"));
  assert.ok(dumped instanceof Uint8Array);
  await t.is(c.restore("restored", 0, dumped), "OK");
  await t.is(c.restore("restored", 5000, dumped, { replace: true, idleTime: 7 }), "OK");
  await t.is(c.restoreAsking("asked", 0, dumped, { replace: true }), "OK");
  await t.is(c.get("restored"), "Hello");
  await t.is(c.dump("nosuchkey"), null);
  await t.refused(c.migrate("127.0.0.1", 1, "key1", 0, 100, { copy: true }), /IOERR/);
  await t.is(c.migrate("127.0.0.1", 1, ["nosuchkey", "nor this"], 0, 100), "NOKEY");

  await t.is(c.wait(0, 10), 0);
  if (t.has("WAITAOF")) await t.is(c.waitaof(0, 0, 10), [0, 0]);
  const seen: string[] = [];
  let cursor = "0";
  do {
    const step = await t.looks(c.scan(cursor, { match: "key*", count: 100, type: "string" }), () => true);
    cursor = step.cursor;
    seen.push(...step.keys);
  } while (cursor !== "0");
  assert.deepEqual(seen, ["key1"]);
}

/** SORT. */
export async function sorting(t: Context): Promise<void> {
  await t.is(c.rpush("mylist", 3, 1, 2), 3);
  await t.is(c.mset({ w_1: 3, w_2: 2, w_3: 1, o_1: "one", o_3: "three" }), "OK");
  await t.is(c.sort("mylist"), ["1", "2", "3"]);
  await t.is(c.sort("mylist", { desc: true, limit: { offset: 0, count: 2 } }), ["3", "2"]);
  await t.is(c.sort("mylist", { by: "w_*", get: ["#", "o_*"] }), ["3", "three", "2", null, "1", "one"]);
  await t.is(c.sort("mylist", { alpha: true, store: "sorted" }), 3);
  await t.is(c.sort_ro("sorted", { asc: true }), ["1", "2", "3"]);
}

/** HyperLogLogs. */
export async function hyperloglogs(t: Context): Promise<void> {
  await t.is(c.pfadd("hll1", "foo", "bar", "zap", "a"), 1);
  await t.is(c.pfadd("hll1", "foo"), 0);
  await t.is(c.pfadd("hll2", ["a", "b", "c", "foo"]), 1);
  await t.is(c.pfmerge("hll3", "hll1", "hll2"), "OK");
  await t.is(c.pfcount("hll3"), 6);
  await t.is(c.pfcount("hll1", "hll2"), 6);
  await t.is(c.pfdebug("ENCODING", "hll1"), "sparse");
}
