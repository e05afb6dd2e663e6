import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { TestServer } from "../../testing.ts";
import { Dice } from "../harness/dice.ts";
import { type RawClient, rawClient } from "../harness/raw_client.ts";
import { startServer } from "../harness/server.ts";

/** Adds, deletes and delivers entries of a stream at random. */
async function fillStream(client: RawClient, key: string, dice: Dice): Promise<void> {
  const run = (...args: (string | number)[]): Promise<unknown> => client.call(...args).catch(() => undefined);
  const id = (): string => `${dice.pick(["1", "7", "18446744073709551000"])}-${dice.below(20)}`;
  for (const group of ["g", "h"]) {
    await run("XGROUP", "CREATE", key, group, dice.pick(["0", "$"]), "MKSTREAM");
  }
  for (let n = dice.below(250); n > 0; n--) {
    const consumer = dice.pick(["ada", "bob", "c".repeat(70)]);
    const value = dice.pick([
      "v",
      "",
      "-5",
      "127",
      "4096",
      "70000",
      "9000000000",
      "x".repeat(100),
      "ä".repeat(2_100),
    ]);
    const fields = dice.pick([["a", value], ["a", value], ["b", value, "c", value], [value, "5"]]);
    await dice.pick([
      () => run("XADD", key, dice.pick(["*", "*", `${n}-*`, id()]), ...fields),
      () => run("XADD", key, "*", "a", value),
      () => run("XADD", key, "*", "a", value),
      () => run("XREADGROUP", "GROUP", dice.pick(["g", "h"]), consumer, "COUNT", 3, "STREAMS", key, ">"),
      () => run("XDEL", key, id()),
      async () => {
        const [first] = await client.call("XRANGE", key, "-", "+", "COUNT", 1) as [string][];
        if (first !== undefined) {
          await run(dice.pick(["XDEL", "XACK"]), key, ...dice.pick([[first[0]], ["g", first[0]]]));
        }
      },
      () => run("XTRIM", key, "MAXLEN", dice.pick(["=", "~"]), dice.below(120)),
      () => run("XCLAIM", key, "g", "bob", "0", id(), "FORCE", "RETRYCOUNT", dice.below(300)),
      () => run("XGROUP", "CREATECONSUMER", key, "h", consumer),
      () => run("XGROUP", "SETID", key, "h", id()),
    ])();
  }
}

/** Returns all information of a server on a stream, except its encoding. */
async function describeStream(client: RawClient, key: string): Promise<unknown> {
  const info = await client.call("XINFO", "STREAM", key, "FULL", "COUNT", "0") as unknown[];
  const at = info.indexOf("radix-tree-keys");
  // Idle times change: the times of the last requests are there instead.
  return [...info.slice(0, at), ...info.slice(at + 4)];
}

// KEYWIRE_DIFFERENTIAL=1000 tries as many streams.
const ROUNDS = Number(process.env["KEYWIRE_DIFFERENTIAL"] ?? 16);

describe("RESTORE of the test server", () => {
  it("takes what a real server dumps, small and large, and gives it back", async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    await using real = new Redis(server.url);
    const info = await real.command<string>("INFO", "server");
    if (!/redis_version:(?:[1-6]|7\.0)\./.test(info)) {
      return t.skip("it writes a later format than Redis 7.0");
    }
    await using mine = new TestServer();
    await using redis = new Redis({ transport: mine.transport });
    const long = "x".repeat(5000);
    const items = [
      "a",
      "",
      "127",
      "128",
      "-1",
      "4095",
      "-4096",
      "4096",
      "32767",
      "-40000",
      "8388607",
      "-9000000",
    ]
      .concat("2147483647", "3000000000", "-9223372036854775808", "y".repeat(63), "z".repeat(64), long);
    const many = Array.from({ length: 600 }, (_, index) => `item ${index}`);
    await real.set("string", long);
    for (const [name, values] of [["few", items], ["many", many]] as const) {
      await real.rpush(`list:${name}`, ...values);
      await real.sadd(`set:${name}`, ...values);
      for (const [index, value] of values.entries()) {
        await real.hset(`hash:${name}`, { [value]: `${index}` });
        await real.zadd(`zset:${name}`, [[index % 3 === 0 ? index : index + 0.5, value]]);
      }
    }
    await real.rpush("list:small", "a", "127", "-4096", "70000");
    await real.hset("hash:small", { a: "1", b: "-70000" });
    await real.zadd("zset:small", [[-1.5, "a"], [3, "b"], [Infinity, "c"]]);
    await real.sadd("set:numbers", "1", "-70000", "5000000000");
    for (const key of (await real.keys("*")).sort()) {
      const dump = await real.bytes().dump(key);
      await redis.restore(key, 0, dump!);
      const contents = (client: Redis): Promise<unknown> => {
        if (key.startsWith("list")) return client.lrange(key, 0, -1);
        if (key.startsWith("set")) return client.smembers(key).then((members) => [...members].sort());
        if (key.startsWith("hash")) return client.hgetall(key);
        return key.startsWith("zset")
          ? client.command("ZRANGE", key, "0", "-1", "WITHSCORES")
          : client.get(key);
      };
      assert.deepEqual(await contents(redis), await contents(real), key);
      // And back.
      await real.restore(`${key}:back`, 0, (await redis.bytes().dump(key))!);
    }
  });

  it("takes streams with groups that a real server dumps, and gives them back", async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    const real = await rawClient({ port: server.port });
    const info = String(await real.call("INFO", "server"));
    if (!/redis_version:7\.0\./.test(info)) {
      await real.close();
      return t.skip("it writes another format than Redis 7.0");
    }
    await using mine = new TestServer();
    await mine.listen();
    const own = await rawClient({ port: Number(new URL(mine.url).port) });
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const dice = new Dice(seed);
      // A stream of either server, to the other one and back.
      const [from, to] = seed % 2 === 0 ? [real, own] : [own, real];
      await fillStream(from, "s", dice);
      if (await from.call("EXISTS", "s") === 0) continue;
      await to.wire("RESTORE", "s", "0", await from.wire("DUMP", "s") as Uint8Array);
      const expected = await describeStream(from, "s");
      assert.deepEqual(await describeStream(to, "s"), expected, `seed ${seed}`);
      await from.wire("RESTORE", "back", "0", await to.wire("DUMP", "s") as Uint8Array);
      assert.deepEqual(await describeStream(from, "back"), expected, `seed ${seed}, back`);
      // Both continue alike.
      for (
        const command of [["XTRIM", "s", "MAXLEN", "~", "3"], ["XLEN", "s"], ["XADD", "s", "1-0", "a", "b"]]
      ) {
        const [a, b] = await Promise.all([from, to].map((one) => one.call(...command).catch(String)));
        assert.deepEqual(b, a, `seed ${seed}, ${command}`);
      }
      for (const one of [from, to]) await one.call("FLUSHALL");
    }
    await Promise.all([real.close(), own.close()]);
  });

  it("keeps the expiry of fields", async () => {
    await using mine = new TestServer();
    await using redis = new Redis({ transport: mine.transport });
    await redis.hset("h", { a: "1", b: "2", c: "3" });
    await redis.command("HPEXPIRE", "h", "5000", "FIELDS", "1", "a");
    await redis.command("HPEXPIRE", "h", "9000", "FIELDS", "1", "b");
    await redis.restore("copy", 0, (await redis.bytes().dump("h"))!);
    const times = await redis.command("HPEXPIRETIME", "h", "FIELDS", "3", "a", "b", "c");
    assert.deepEqual(await redis.command("HPEXPIRETIME", "copy", "FIELDS", "3", "a", "b", "c"), times);
    mine.advance(5_000);
    assert.deepEqual(await redis.hgetall("copy"), { b: "2", c: "3" });
    mine.advance(4_000);
    assert.deepEqual(mine.dump(), { h: { c: "3" }, copy: { c: "3" } });
  });
});
