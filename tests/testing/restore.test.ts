import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { TestServer } from "../../testing.ts";
import { startServer } from "../harness/server.ts";

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
});
