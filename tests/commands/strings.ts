/** Strings and bitmaps; most steps are the examples of the documentation. @module */
import * as c from "../../src/commands/mod.ts";
import type { Context } from "./suite.ts";

/** GET, SET and their kin. */
export async function strings(t: Context): Promise<void> {
  await t.is(c.exists("mykey"), 0);
  await t.is(c.append("mykey", "Hello"), 5);
  await t.is(c.append("mykey", " World"), 11);
  await t.is(c.get("mykey"), "Hello World");
  await t.is(c.get("nonexisting"), null);
  await t.is(c.strlen("mykey"), 11);
  await t.is(c.getrange("mykey", -5, -1), "World");
  await t.is(c.substr("mykey", 0, 4), "Hello");
  await t.is(c.setrange("mykey", 6, "Redis"), 11);
  await t.is(c.getset("mykey", "World"), "Hello Redis");
  await t.is(c.getdel("mykey"), "World");
  await t.is(c.getdel("mykey"), null);

  await t.is(c.set("n", 10), "OK");
  await t.is(c.decr("n"), 9);
  await t.is(c.decrby("n", 3), 6);
  await t.is(c.incr("n"), 7);
  await t.is(c.incrby("n", 5), 12);
  await t.is(c.incrbyfloat("n", "0.5"), "12.5");
  await t.is(c.incrbyfloat("n", -5), "7.5");

  await t.is(c.set("s", "v", { ex: 100 }), "OK");
  await t.is(c.ttl("s"), 100);
  await t.is(c.set("s", "w", { nx: true }), null);
  await t.is(c.set("s", "w", { xx: true, get: true, keepTtl: true }), "v");
  await t.is(c.set("absent", "w", { xx: true }), null);
  await t.is(c.set("absent", "w", { get: true }), null);
  await t.is(c.getex("s", { persist: true }), "w");
  await t.is(c.ttl("s"), -1);
  await t.is(c.getex("s", { px: 50_000 }), "w");
  await t.is(c.setex("s", 10, "x"), "OK");
  await t.is(c.psetex("s", 10_000, "x"), "OK");
  await t.is(c.setnx("s", "y"), 0);
  if (t.has("DELIFEQ")) {
    await t.is(c.set("s", "y", { ifeq: "x" }), "OK");
    await t.is(c.delifeq("s", "x"), 0);
    await t.is(c.delifeq("s", "y"), 1);
  }

  if (t.has("DELEX")) {
    await t.is(c.set("d", "x", { ifne: "y" }), "OK");
    await t.is(c.set("d", "y", { ifne: "x" }), null);
    await t.is(c.set("d", "y", { ifeq: "x", get: true }), "x");
    const digest = await t.looks(c.digest("d"), (text) => /^[0-9a-f]{16}$/.test(text!));
    await t.is(c.set("d", "z", { ifdne: digest! }), null);
    await t.is(c.set("d", "y", { ifdeq: digest! }), "OK");
    await t.is(c.delex("d", { ifeq: "z" }), 0);
    await t.is(c.delex("d", { ifdne: digest! }), 0);
    await t.is(c.delex("d", { ifdeq: digest! }), 1);
    await t.is(c.delex("d"), 0);
    await t.is(c.digest("d"), null);
  }

  await t.is(c.mset({ key1: "Hello", key2: "World" }), "OK");
  await t.is(c.mset([["key3", 3], [new TextEncoder().encode("key4"), 4n]]), "OK");
  await t.is(c.mset(new Map([["key5", 5]])), "OK");
  await t.is(c.mget("key1", "key2", "nonexisting"), ["Hello", "World", null]);
  await t.is(c.mget(["key3", "key4", "key5"]), ["3", "4", "5"]);
  await t.is(c.msetnx({ key1: "there", key6: "x" }), 0);
  if (t.has("MSETEX")) await t.is(c.msetex({ key1: "a", key2: "b" }, { ex: 60, xx: true }), 1);

  await t.is(c.mset({ key1: "ohmytext", key2: "mynewtext" }), "OK");
  await t.is(c.lcs("key1", "key2"), "mytext");
  await t.is(c.lcs("key1", "key2", { len: true }), 6);
  await t.is(c.lcs("key1", "key2", { idx: true }), {
    matches: [[[4, 7], [5, 8]], [[2, 3], [0, 1]]],
    len: 6,
  });
  await t.is(c.lcs("key1", "key2", { idx: true, minMatchLen: 4, withMatchLen: true }), {
    matches: [[[4, 7], [5, 8], 4]],
    len: 6,
  });
}

/** Bits. */
export async function bitmaps(t: Context): Promise<void> {
  await t.is(c.set("mykey", "foobar"), "OK");
  await t.is(c.bitcount("mykey"), 26);
  await t.is(c.bitcount("mykey", 0, 0), 4);
  await t.is(c.bitcount("mykey", 5, 30, "BIT"), 17);
  await t.is(c.setbit("bits", 7, 1), 0);
  await t.is(c.getbit("bits", 7), 1);
  await t.is(c.getbit("bits", 100), 0);
  await t.is(c.bitpos("bits", 1), 7);
  await t.is(c.bitpos("bits", 1, 0, -1, "byte"), 7);
  await t.is(c.set("key1", "foobar"), "OK");
  await t.is(c.set("key2", "abcdef"), "OK");
  await t.is(c.bitop("AND", "dest", "key1", "key2"), 6);
  if (t.redis("8.2.0")) await t.is(c.bitop("ANDOR", "other", "key1", "key2"), 6);
  await t.is(c.get("dest"), "`bc`ab");
  await t.is(c.bitfield("field", [["INCRBY", "i5", 100, 1], ["GET", "u4", 0]]), [1, 0]);
  await t.is(c.bitfield("limit", [["SET", "u2", 0, 3], ["OVERFLOW", "FAIL"], ["INCRBY", "u2", 0, 1]]), [
    0,
    null,
  ]);
  await t.is(c.bitfield_ro("limit", [["GET", "u2", 0], ["GET", "u8", "#0"]]), [3, 192]);
}
