import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { TestServer, type TestServerOptions } from "../../testing.ts";

async function withServer(
  run: (redis: Redis, server: TestServer) => Promise<void>,
  options: TestServerOptions = {},
): Promise<void> {
  await using server = new TestServer(options);
  await using redis = new Redis({ transport: server.transport });
  await run(redis, server);
}

describe("Scripts of the test server", () => {
  it("keep every byte", () =>
    withServer(async (redis) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      await redis.eval("redis.call('set', KEYS[1], ARGV[1] .. ARGV[1])", ["k"], [bytes]);
      assert.deepEqual(await redis.bytes().getrange("k", 0, 255), bytes);
      assert.equal(await redis.strlen("k"), 512);
      assert.equal(await redis.eval("return #redis.call('get', KEYS[1])", ["k"]), 512);
      assert.equal(await redis.eval("return ARGV[1]", [], ["é€\0"]), "é€\0");
    }));

  it("load the engine with the first command that needs it, once, and keep the order", async () => {
    let loads = 0;
    const lua = (): Promise<unknown> => {
      loads++;
      return import("wasmoon-lua5.1");
    };
    await withServer(async (redis) => {
      await redis.set("n", "1");
      assert.equal(loads, 0);
      const replies = await Promise.all([
        redis.incr("n"),
        redis.eval("return redis.call('incr', KEYS[1])", ["n"]),
        redis.incr("n"),
        redis.eval("return redis.call('incr', KEYS[1])", ["n"]),
      ]);
      assert.deepEqual(replies, [2, 3, 4, 5]);
      assert.equal(loads, 1);
    }, { lua });
    await withServer(async (redis) => {
      const replies = await redis.multi().set("a", "1").eval("return redis.call('get', 'a')", []).exec();
      assert.deepEqual(replies, ["OK", "1"]);
      assert.equal(loads, 1);
    }, { lua });
  });

  it("say what to install where the engine is missing, and everything else goes on", () =>
    withServer(async (redis) => {
      const expected = { message: /needs the package 'wasmoon-lua5\.1'.*npm install/ };
      await assert.rejects(redis.eval("return 1", []), expected);
      await assert.rejects(redis.command("FUNCTION", "LOAD", "#!lua name=l\nreturn 1"), expected);
      assert.equal(await redis.set("k", "v"), "OK");
    }, { lua: () => Promise.reject(new Error("Cannot find package")) }));

  it("are atomic, count as one unit, and show what they did in the log", () =>
    withServer(async (redis, server) => {
      await redis.eval("redis.call('set', 'a', 1) redis.call('incr', 'a') return 1", []);
      assert.deepEqual(
        server.executed.list("EVAL", "SET", "INCR").map(({ name }) => name),
        ["EVAL", "SET", "INCR"],
      );
      await assert.rejects(
        redis.eval("redis.call('set', 'b', 1) error('stop')", []),
        { message: /user_script:1: stop script: [0-9a-f]{40}, on @user_script:1\./ },
      );
      // What was done before an error stays, as in Redis.
      assert.equal(await redis.get("b"), "1");
    }));

  it("wake clients that are blocked when they end", () =>
    withServer(async (redis) => {
      const popped = redis.blpop(["q"], 0);
      await redis.eval(
        "redis.call('rpush', 'q', 'x') redis.call('del', 'q') redis.call('rpush', 'q', 'y')",
        [],
      );
      assert.deepEqual(await popped, ["q", "y"]);
    }));

  it("may not write where they said so, and not when memory is out", () =>
    withServer(async (redis) => {
      const set = "redis.call('set', 'k', 'v') return 1";
      await assert.rejects(redis.eval_ro(set, []), { message: /not allowed from read-only scripts/ });
      await assert.rejects(redis.eval(`#!lua flags=no-writes\n${set}`, []), { message: /read-only scripts/ });
      await redis.command("CONFIG", "SET", "maxmemory", "1");
      await assert.rejects(redis.eval(set, []), { message: /^OOM command not allowed/ });
      await assert.rejects(redis.eval(`#!lua\n${set}`, []), { message: /^OOM / });
      assert.equal(await redis.eval(`#!lua flags=allow-oom\n${set}`, []), 1);
    }));

  it("are stopped when they never end, even if they catch errors, under a clock of the test", () =>
    withServer(async (redis) => {
      for (const body of ["while true do end", "while true do pcall(function() while true do end end) end"]) {
        await assert.rejects(redis.eval(body, []), { message: /it ran longer than 1 ms/ });
      }
      assert.equal(await redis.eval("return 7", []), 7);
    }, { clock: new SimulatedClock(), config: { "busy-reply-threshold": "1" } }));

  it("have functions, which survive a dump", () =>
    withServer(async (redis) => {
      const code =
        "#!lua name=lib\nredis.register_function('twice', function(keys, args) return args[1] * 2 end)";
      assert.equal(await redis.command("FUNCTION", "LOAD", code), "lib");
      assert.equal(await redis.command("FCALL", "twice", "0", "21"), 42);
      const dump = await redis.bytes().command<Uint8Array>("FUNCTION", "DUMP");
      await withServer(async (other) => {
        assert.equal(await other.command("FUNCTION", "RESTORE", dump), "OK");
        assert.equal(
          await other.command("FCALL_RO", "TWICE", "0", "4").catch((error) => error.message),
          "ERR Can not execute a script with write flag using *_ro command.",
        );
        assert.equal(await other.command("FCALL", "TWICE", "0", "4"), 8);
      });
      await redis.command("FUNCTION", "FLUSH");
      await assert.rejects(redis.command("FCALL", "twice", "0", "21"), { message: /Function not found/ });
    }));
});
