import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { createScript, Redis, script } from "../../mod.ts";
import { sha1 } from "../../src/commands/sha1.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";

const ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])";

it("read-only scripts run on servers without read-only variants", async () => {
  await using server = await startServer({
    config: ["rename-command EVAL_RO ''", "rename-command EVALSHA_RO ''"],
  });
  for (const multiplex of [true, false]) {
    await using redis = new Redis(server.url, { multiplex });
    for (const bytes of ["x", "y"]) {
      const args = [new TextEncoder().encode(bytes)];
      assert.equal(await redis.script(`return ARGV[1]`, { args, readOnly: true }), bytes);
    }
  }
});

describe("SHA-1", () => {
  it("is that of everybody else, at every length of a block", () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
      const text = "é".repeat(length >> 1) + "x".repeat(length & 1);
      assert.equal(sha1(text), createHash("sha1").update(text).digest("hex"), `${length} bytes`);
    }
  });
});

for (const protocol of [2, 3] as const) {
  describe(`scripts, RESP${protocol}`, () => {
    let server: Server;
    let redis: Redis;
    /** Returns how often the server ran a command. */
    const calls = async (name: string): Promise<number> => {
      const info = String(await server.cli("INFO", "commandstats"));
      return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
    };
    before(async () => {
      server = await startServer();
      redis = new Redis(server.url, { protocol });
    });
    after(async () => {
      await redis.close();
      await server.stop();
    });
    const reset = async (): Promise<void> => {
      await server.cli("FLUSHALL");
      await server.cli("SCRIPT", "FLUSH");
      await server.cli("CONFIG", "RESETSTAT");
    };

    it("goes whole over a connection for the first time, then by the SHA-1, and whole again after SCRIPT FLUSH", async () => {
      await using client = new Redis(server.url, { protocol });
      await reset();
      assert.equal(await client.script<number>(ADD, { keys: ["n"], args: [2] }), 2);
      assert.deepEqual([await calls("eval"), await calls("evalsha")], [1, 0]);
      assert.equal(await client.script<number>(ADD, { keys: ["n"], args: [3] }), 5);
      assert.deepEqual([await calls("eval"), await calls("evalsha")], [1, 1]);
      await server.cli("SCRIPT", "FLUSH");
      assert.equal(await client.script<number>(ADD, { keys: ["n"], args: [4] }), 9);
      assert.deepEqual([await calls("eval"), await calls("evalsha")], [2, 2]);
    });

    it("goes by the SHA-1 over a connection of its own, and whole where the server does not know it", async () => {
      await using client = new Redis(server.url, { protocol, multiplex: false });
      await reset();
      assert.equal(await client.script<number>(ADD, { keys: ["n"], args: [2] }), 2);
      assert.equal(await client.script<number>(ADD, { keys: ["n"], args: [3] }), 5);
      assert.deepEqual([await calls("eval"), await calls("evalsha")], [1, 2]);
    });

    it("makes functions of scripts", async () => {
      await reset();
      const add = createScript<number>(ADD, { numberOfKeys: 1 });
      assert.equal(add.sha1, sha1(ADD));
      assert.equal(add.source, ADD);
      assert.equal(await redis.execute(add(["n"], [2])), 2);
      assert.throws(() => add([], [1]), RangeError);
      assert.throws(() => script(1 as never), TypeError);
    });

    it("keeps the order in pipelines that begin with an unknown script", async () => {
      await reset();
      const add = createScript<number>(ADD);
      const results = await redis.pipeline().set("n", 10).execute(add(["n"], [1])).get("n").execute(
        add(["n"], [1]),
      )
        .script<string>("return ARGV[1]", { args: ["x"] }).exec();
      assert.deepEqual(results, ["OK", 11, "11", 12, "x"]);
      assert.deepEqual([await calls("eval"), await calls("evalsha")], [2, 1]);
      await server.cli("SCRIPT", "FLUSH");
      assert.deepEqual(await redis.pipeline().execute(add(["n"], [1])).exec(), [13]);
    });

    it("runs in transactions", async () => {
      await reset();
      const add = createScript<number>(ADD);
      assert.deepEqual(
        await redis.multi().execute(add(["n"], [1])).execute(add(["n"], [1])).get("n").exec(),
        [
          1,
          2,
          "2",
        ],
      );
    });

    it("has read-only variants", { skip: olderThan("7.0.0", "EVAL_RO") }, async () => {
      await reset();
      const read = { keys: ["n"], readOnly: true };
      assert.equal(await redis.script(`return redis.call('GET', KEYS[1])`, read), null);
      assert.equal(await redis.script(`return redis.call('GET', KEYS[1])`, read), null);
      assert.deepEqual([await calls("eval_ro"), await calls("evalsha_ro")], [1, 1]);
      await assert.rejects(redis.script(ADD, { ...read, args: [1] }), /Write commands are not allowed/);
    });

    it("does not repeat a script that failed by itself", async () => {
      await reset();
      await assert.rejects(redis.script("return redis.error_reply('MINE it failed')"), { code: "MINE" });
      assert.equal(await calls("eval"), 1);
    });

    it("calls functions", { skip: olderThan("7.0.0", "functions") }, async () => {
      await reset();
      await redis.functionLoad(
        "#!lua name=mine\nredis.register_function('add', function(k, a) return redis.call('INCRBY', k[1], a[1]) end)\n" +
          "redis.register_function{function_name='one', callback=function() return 1 end, flags={'no-writes'}}",
        { replace: true },
      );
      assert.equal(await redis.fcall<number>("add", ["n"], [4]), 4);
      assert.equal(await redis.fcall_ro<number>("one"), 1);
      assert.deepEqual(await redis.pipeline().fcall<number>("add", ["n"], [1]).exec(), [5]);
    });

    it("gives bytes to a client of bytes", async () => {
      assert.deepEqual(await redis.bytes().script("return 'x'"), new Uint8Array([120]));
    });
  });
}
