/**
 * Writes with `once()`: one effect and one reply for an id, on a real server, on the test server, and in a cluster.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis, RedisCluster, RedisError, ReplyError } from "../../mod.ts";
import { onceCall } from "../../src/client/once/once_record.ts";
import { rpush } from "../../src/commands/mod.ts";
import { DEFAULT_RETRY } from "../../src/retry.ts";
import { TestCluster, TestServer } from "../../testing.ts";
import { startServer } from "../harness/server.ts";
import type { Server } from "../harness/types.ts";

const codeOf = (error: unknown): string =>
  error instanceof RedisError ? `${error.code} ${error.executed}` : String(error);
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then((value) => `resolved ${value}`, codeOf);

/** Each write twice with one id: the second reply is the first one. */
async function twice<T>(write: () => Promise<T>): Promise<T> {
  const first = await write();
  assert.deepEqual(await write(), first);
  return first;
}

for (const kind of ["a real server", "the test server"] as const) {
  describe(`once() on ${kind}`, () => {
    let server: Server | undefined;
    let mine: TestServer | undefined;
    let redis: Redis;
    before(async () => {
      if (kind === "a real server") redis = new Redis((server = await startServer()).url);
      else redis = new Redis({ transport: (mine = new TestServer()).transport });
    });
    after(async () => {
      await redis.close();
      await server?.stop();
      await mine?.close();
    });

    it("runs a write once for an id and gives its first reply again, of each type", async () => {
      await redis.flushall();
      assert.equal(await twice(() => redis.once("1").incr("n")), 1);
      assert.equal(await twice(() => redis.once("2").hset("h", { a: "x", b: "y" })), 2);
      assert.equal(await twice(() => redis.once("3").set("s", "v", { ex: 100 })), "OK");
      assert.equal(await twice(() => redis.once("4").set("s", "w", { nx: true })), null);
      assert.equal(await twice(() => redis.once("5").zincrby("z", 1.25, "m")), 1.25);
      assert.deepEqual(await twice(() => redis.once("6").zpopmin("z", 2)), [["m", 1.25]]);
      assert.match(await twice(() => redis.once("7").xadd("x", "*", { f: "1" })) as string, /^\d+-0$/);
      assert.deepEqual(await twice(() => redis.once("8").lpop("none", 2)), null);
      assert.deepEqual(await twice(() => redis.once("9").spop("none", 2)), []);
      assert.deepEqual(await twice(() => redis.bytes().once("10").getdel("s")), new Uint8Array([118]));
      assert.deepEqual([await redis.get("n"), await redis.xlen("x")], ["1", 1]);
    });

    it("keeps integers beyond 2^53, and bytes that are no text", async () => {
      await redis.flushall();
      await redis.set("big", "9007199254740993");
      assert.equal(await twice(() => redis.once("big").incr("big")), 9007199254740994n as never);
      const bytes = new Uint8Array([0, 255, 13, 10, 128]);
      assert.equal(await twice(() => redis.once("raw").append("raw", bytes)), 5);
      assert.deepEqual(await redis.bytes().get("raw"), bytes);
    });

    it("gives each call without an id one of its own, and runs un-awaited calls in order", async () => {
      await redis.flushall();
      const once = redis.once();
      const replies = await Promise.all(["a", "b", "c"].map((value) => once.rpush("list", value)));
      assert.deepEqual(replies, [1, 2, 3]);
      assert.deepEqual(await redis.lrange("list", 0, -1), ["a", "b", "c"]);
      await Promise.all([
        redis.rpush("list", "d"),
        redis.once().rpush("list", "e"),
        redis.rpush("list", "f"),
      ]);
      assert.deepEqual(await redis.lrange("list", 3, -1), ["d", "e", "f"]);
    });

    it("keeps no record of a write that failed", async () => {
      await redis.flushall();
      await redis.set("text", "x");
      assert.equal(await failure(redis.once("f").incr("text")), "ERR yes");
      await redis.set("text", "1");
      assert.equal(await redis.once("f").incr("text"), 2);
    });

    it(
      "says that nothing ran where the server refused the record",
      { skip: kind === "the test server" },
      async () => {
        await redis.flushall();
        await redis.configSet("maxmemory", "1");
        try {
          assert.equal(await failure(redis.once("oom").set("text", "x")), "OOM no");
        } finally {
          await redis.configSet("maxmemory", "0");
        }
        assert.equal(await redis.once("oom").set("text", "x"), "OK");
      },
    );

    it("refuses an id that comes with another command", async () => {
      await redis.flushall();
      await redis.once("id").incr("n");
      assert.equal(await failure(redis.once("id").incr("m")), "ONCE_MISMATCH no");
      assert.equal(await failure(redis.once("id").incrby("n", 1)), "ONCE_MISMATCH no");
      assert.equal(await failure(redis.once("id").multi().incr("n").exec()), "ONCE_MISMATCH no");
      assert.equal(await redis.get("n"), "1");
    });

    it("runs transactions once, errors in their places", async () => {
      await redis.flushall();
      const run = () =>
        redis.once("t").multi().incr("n").lpush("n", "x").hset("h", { a: 1 }).hgetall("h").exec({
          settle: true,
        });
      for (let time = 0; time < 2; time++) {
        const [count, error, added, hash] = await run();
        assert.ok(error instanceof ReplyError && error.code === "WRONGTYPE");
        assert.deepEqual([count, added, hash], [1, 1, { a: "1" }]);
      }
      assert.equal(
        await failure(
          redis.once("t").multi().incr("n").lpush("n", "x").hset("h", { a: 1 }).hgetall("h").exec(),
        ),
        "WRONGTYPE yes",
      );
      assert.deepEqual(await redis.once().multi().exec(), []);
    });

    it("tells the outcome, and forbids what has not run", async () => {
      await redis.flushall();
      await redis.once("paid").incr("n");
      assert.deepEqual(await redis.outcome("paid"), { executed: "yes", reply: 1 });
      assert.deepEqual(await redis.outcome("paid", { cancel: true }), { executed: "yes", reply: 1 });
      assert.deepEqual(await redis.outcome("open"), { executed: "no" });
      assert.equal(await redis.once("open").incr("n"), 2);
      assert.deepEqual(await redis.outcome("off", { cancel: true, ttl: 50_000 }), { executed: "no" });
      assert.equal(await failure(redis.once("off").incr("n")), "ONCE_CANCELLED no");
      assert.deepEqual(await redis.outcome("off"), { executed: "no" });
      assert.equal(await redis.get("n"), "2");
    });

    it("keeps the record for its time to live, which a repeat renews", async () => {
      await redis.flushall();
      await redis.once("short", { ttl: 60_000 }).incr("n");
      const left = await redis.pttl("keywire:once:short");
      assert.ok(left > 0 && left <= 60_000, `${left}`);
      await redis.once("short", { ttl: 90_000 }).incr("n");
      assert.ok(await redis.pttl("keywire:once:short") > 60_000);
      await redis.del("keywire:once:short");
      assert.equal(await redis.once("short").incr("n"), 2);
    });

    it("refuses by name what cannot run in a script, and wrong options", async () => {
      assert.equal(await failure(redis.once().get("a") as Promise<unknown>), "NOT_A_WRITE no");
      assert.equal(await failure(redis.once().blpop("a", 1) as Promise<unknown>), "BLOCKING no");
      assert.equal(await failure(redis.once().flushall()), "UNSUPPORTED no");
      assert.equal(await failure(redis.once().eval("return 1", ["a"]) as Promise<unknown>), "UNSUPPORTED no");
      assert.equal(await failure(redis.once().command("NOSUCH", "a")), "UNSUPPORTED no");
      assert.equal(await failure(redis.once().multi().get("a").exec()), "NOT_A_WRITE no");
      assert.equal(await failure(redis.once().multi().incr("a").ping().exec()), "UNSUPPORTED no");
      const many = Array.from({ length: 8_000 }, (_, at) => `${at}`);
      await assert.rejects(redis.once().rpush("list", many), RangeError);
      assert.throws(() => redis.once(""), TypeError);
      assert.throws(() => redis.once("a", { ttl: 0 }), RangeError);
      assert.throws(() => redis.once("a", { tll: 5 } as never), /`tll`/);
      assert.throws(() => redis.once("ready", (() => {}) as never), /addEventListener/);
      await assert.rejects(redis.outcome(""), TypeError);
      await assert.rejects(redis.outcome("a", { cancel: "yes" as never }), /`cancel`/);
      await assert.rejects(redis.outcome("a", { key: 5 as never }), /`key`/);
      await assert.rejects(redis.outcome("a", { cancle: true } as never), /`cancle`/);
    });
  });
}

it("retries until the time limit, or as often as `retry` says where there is none", () => {
  for (const timeouts of [[5_000, 0], [0, 5_000]]) {
    const retry = { ...DEFAULT_RETRY, attempts: 2 };
    const call = { mode: 0, signal: undefined, retry };
    const attempts = timeouts.map((timeout) => onceCall({ ...call, timeout }).retry.attempts);
    assert.deepEqual(attempts, timeouts.map((timeout) => timeout === 0 ? 2 : Infinity));
    assert.equal(onceCall({ ...call, timeout: 5_000, retry: { ...retry, attempts: 0 } }).retry.unsafe, false);
  }
});

it("in a cluster the record lies in the slot of the key, whatever the key looks like", async () => {
  await using cluster = new TestCluster({ masters: 3, replicas: 0 });
  const { transport, startupNodes } = cluster;
  await using redis = new RedisCluster({ transport, startupNodes });
  const keys = ["a", "b{tag}c", "{x", "x}", "{}y", "a{b{c}d}", "ключ", new Uint8Array([1, 255, 7])];
  for (const [at, key] of keys.entries()) {
    if (["x}", "{}y"].includes(key as string)) {
      await assert.rejects(redis.once(`${at}`).execute(rpush(key, "v")), /share its slot/);
      continue;
    }
    assert.equal(await twice(() => redis.once(`${at}`).execute(rpush(key, "v"))), 1);
    assert.deepEqual(await redis.outcome(`${at}`, { key }), { executed: "yes", reply: 1 });
  }
  await assert.rejects(redis.outcome("0"), /the option `key`/);
  assert.match(await failure(redis.once().multi().incr("a").incr("b").exec()), /^CROSSSLOT no/);
  await assert.rejects(redis.once().rename("a", "b"), {
    code: "CROSSSLOT",
    message: /^Cannot run RENAME with once/,
  });
});
