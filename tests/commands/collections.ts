/** Lists, sets, hashes. @module */
import * as c from "../../src/commands/mod.ts";
import type { Context } from "./suite.ts";

/** Lists. */
export async function lists(t: Context): Promise<void> {
  await t.is(c.rpush("mylist", "one", "two", "three"), 3);
  await t.is(c.lpush("mylist", ["zero"]), 4);
  await t.is(c.lpushx("nolist", "a"), 0);
  await t.is(c.rpushx("mylist", "four"), 5);
  await t.is(c.lrange("mylist", 0, -1), ["zero", "one", "two", "three", "four"]);
  await t.is(c.llen("mylist"), 5);
  await t.is(c.lindex("mylist", 0), "zero");
  await t.is(c.lindex("mylist", 9), null);
  await t.is(c.linsert("mylist", "BEFORE", "one", "half"), 6);
  await t.is(c.lset("mylist", 1, "quarter"), "OK");
  await t.is(c.lrem("mylist", 0, "quarter"), 1);
  await t.is(c.ltrim("mylist", 0, 3), "OK");
  await t.is(c.lpop("mylist"), "zero");
  await t.is(c.lpop("mylist", 2), ["one", "two"]);
  await t.is(c.rpop("mylist"), "three");
  await t.is(c.rpop("mylist"), null);
  await t.is(c.rpop("mylist", 2), null);

  await t.is(c.rpush("pos", "a", "b", "c", "1", "2", "3", "c", "c"), 8);
  await t.is(c.lpos("pos", "c"), 2);
  await t.is(c.lpos("pos", "c", { rank: 2 }), 6);
  await t.is(c.lpos("pos", "c", { count: 2 }), [2, 6]);
  await t.is(c.lpos("pos", "x"), null);

  await t.is(c.lmove("pos", "other", "LEFT", "right"), "a");
  await t.is(c.rpoplpush("pos", "other"), "c");
  await t.is(c.lmpop(["nolist", "pos"], "LEFT", { count: 2 }), ["pos", ["b", "c"]]);
  await t.is(c.lmpop("nolist", "LEFT"), null);
  await t.is(c.blpop(["nolist", "other"], 0.01), ["other", "c"]);
  await t.is(c.brpop("other", 0), ["other", "a"]);
  await t.is(c.blpop("other", 0.01), null);
  await t.is(c.blmove("pos", "other", "left", "right", 0.01), "1");
  await t.is(c.brpoplpush("pos", "other", 0.01), "c");
  await t.is(c.blmpop(0.01, "pos", "RIGHT"), ["pos", ["3"]]);
  await t.is(c.blmpop(0.01, "nolist", "RIGHT"), null);
}

/** Sets. */
export async function sets(t: Context): Promise<void> {
  await t.is(c.sadd("key1", "a", "b", "c", "d"), 4);
  await t.is(c.sadd("key2", ["c"]), 1);
  await t.is(c.sadd("key3", "a", "c", "e"), 3);
  await t.is(c.scard("key1"), 4);
  await t.members(c.smembers("key3"), ["a", "c", "e"]);
  await t.is(c.sismember("key1", "a"), 1);
  await t.is(c.smismember("key1", "a", "notamember"), [1, 0]);
  await t.members(c.sdiff("key1", "key2", "key3"), ["b", "d"]);
  await t.is(c.sinter("key1", "key2", "key3"), ["c"]);
  await t.members(c.sunion(["key1", "key2", "key3"]), ["a", "b", "c", "d", "e"]);
  await t.is(c.sdiffstore("d", "key1", "key2"), 3);
  await t.is(c.sinterstore("i", "key1", "key3"), 2);
  await t.is(c.sunionstore("u", "key1", "key3"), 5);
  await t.is(c.sintercard(["key1", "key3"]), 2);
  await t.is(c.sintercard(["key1", "key3"], { limit: 1 }), 1);
  await t.is(c.smove("key1", "key2", "a"), 1);
  await t.is(c.srem("key1", "b", "x"), 1);
  await t.looks(c.srandmember("key1"), (one) => one === "c" || one === "d");
  await t.looks(c.srandmember("key1", -3), (all) => all.length === 3);
  await t.is(c.srandmember("none"), null);
  await t.is(c.spop("key3", 0), []);
  await t.looks(c.spop("key3"), (one) => typeof one === "string");
  await t.is(c.sscan("i", 0, { match: "a*", count: 10 }), { cursor: "0", members: ["a"] });
}

/** Hashes. */
export async function hashes(t: Context): Promise<void> {
  await t.is(c.hset("myhash", "field1", "Hello"), 1);
  await t.is(c.hset("myhash", { field2: "Hi", field3: "World" }), 2);
  await t.is(c.hset("myhash", new Map([["field3", "World!"]])), 0);
  await t.is(c.hget("myhash", "field1"), "Hello");
  await t.is(c.hget("myhash", "nofield"), null);
  await t.is(c.hgetall("myhash"), { field1: "Hello", field2: "Hi", field3: "World!" });
  await t.is(c.hgetall("nohash"), {});
  await t.is(c.hexists("myhash", "field1"), 1);
  await t.is(c.hlen("myhash"), 3);
  await t.members(c.hkeys("myhash"), ["field1", "field2", "field3"]);
  await t.members(c.hvals("myhash"), ["Hello", "Hi", "World!"]);
  await t.is(c.hmget("myhash", "field1", "nofield"), ["Hello", null]);
  await t.is(c.hmset("myhash", { n: 5 }), "OK");
  await t.is(c.hincrby("myhash", "n", 5), 10);
  await t.is(c.hincrbyfloat("myhash", "n", 0.5), "10.5");
  await t.is(c.hsetnx("myhash", "field1", "x"), 0);
  await t.is(c.hstrlen("myhash", "field1"), 5);
  await t.is(c.hdel("myhash", "n", "nofield"), 1);
  await t.looks(c.hrandfield("myhash"), (one) => one!.startsWith("field"));
  await t.members(c.hrandfield("myhash", 3), ["field1", "field2", "field3"]);
  await t.members(c.hrandfield("myhash", 5, { withValues: true }), [
    ["field1", "Hello"],
    ["field2", "Hi"],
    ["field3", "World!"],
  ]);
  await t.is(c.hscan("myhash", 0, { match: "*1" }), { cursor: "0", entries: [["field1", "Hello"]] });
  if (t.redis("7.4.0")) {
    await t.is(c.hscan("myhash", 0, { match: "*1", noValues: true }), { cursor: "0", members: ["field1"] });
  }
}

/** Fields that expire (Redis 7.4, Valkey 9). */
export async function hashFields(t: Context): Promise<void> {
  if (!t.has("HEXPIRE")) return;
  await t.is(c.hset("h", { a: 1, b: 2, c: 3 }), 3);
  await t.is(c.hexpire("h", 100, ["a", "nofield"]), [1, -2]);
  await t.is(c.hexpire("h", 200, "a", { nx: true }), [0]);
  await t.is(c.httl("h", "a", "b"), [100, -1]);
  await t.looks(c.hpttl("h", "a"), ([ttl]) => ttl! > 90_000);
  await t.is(c.hpexpire("h", 100_000, "b"), [1]);
  await t.is(c.hexpireat("h", 33177117420, "a"), [1]);
  await t.is(c.hexpiretime("h", "a"), [33177117420]);
  await t.is(c.hpexpireat("h", 33177117420000, ["b"]), [1]);
  await t.is(c.hpexpiretime("h", "b"), [33177117420000]);
  await t.is(c.hpersist("h", "a", "c"), [1, -1]);
  if (t.has("HGETEX")) {
    await t.is(c.hgetex("h", ["a", "nofield"], { ex: 60 }), ["1", null]);
    await t.is(c.httl("h", "a"), [60]);
    await t.is(c.hsetex("h", { a: "x" }, { ex: 100, fxx: true }), 1);
  }
  if (t.has("HGETDEL")) await t.is(c.hgetdel("h", "a", "nofield"), ["x", null]);
}
