import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PipelineError, Redis, RedisError, ReplyError } from "../../mod.ts";
import { command, dump, get, incr, mget, script, set } from "../../src/commands/mod.ts";
import { type Server, startServer } from "../harness/server.ts";

for (const protocol of [2, 3] as const) {
  describe(`pipelines, RESP${protocol}`, () => {
    let server: Server;
    let redis: Redis;
    before(async () => {
      server = await startServer();
      redis = new Redis(server.url, { protocol });
    });
    after(async () => {
      await redis.close();
      await server.stop();
    });

    it("gives the results of a chain in order", async () => {
      const results = await redis.pipeline().set("n", 1).incr("n").get("n").hset("h", { a: 1 }).hgetall("h")
        .exec();
      assert.deepEqual(results.slice(0, 4), ["OK", 2, "2", 1]);
      assert.deepEqual({ ...results[4] as object }, { a: "1" });
    });

    it("takes a list of commands, and goes on from there", async () => {
      assert.deepEqual(await redis.pipeline([set("a", "x"), get("a")]).exec(), ["OK", "x"]);
      assert.deepEqual(await redis.pipeline([get("a")]).strlen("a").exec(), ["x", 1]);
    });

    it("takes raw commands and scripts as values, and refuses the raw ones that block", async () => {
      await redis.set("a", "x");
      const half = script<string>("return redis.call('GET', KEYS[1])", { keys: ["a"] });
      const results = await redis.pipeline([command<string>("object", "encoding", "a"), half, get("a")])
        .exec();
      assert.deepEqual(results, ["embstr", "x", "x"]);
      assert.throws(() => redis.pipeline([command("blpop", "l", 1)]), { code: "BLOCKING" });
      const unknown = redis.multi([set("a", "y"), command("NO.SUCH", "a")]).exec();
      await assert.rejects(unknown, { code: "EXECABORT", executed: "no", index: 1 });
      assert.equal(await redis.get("a"), "x");
    });

    it("takes commands by name", async () => {
      await redis.mset({ a: "x", n: 5 });
      assert.deepEqual(await redis.pipeline({ a: get("a"), n: incr("n") }).exec(), { a: "x", n: 6 });
      const settled = await redis.pipeline({ a: get("a"), bad: incr("a") }).exec({ settle: true });
      assert.equal(settled.a, "x");
      assert.ok(settled.bad instanceof ReplyError);
    });

    it("gives bytes to a client of bytes, and dumps as bytes to any", async () => {
      await redis.set("a", "é");
      assert.deepEqual(await redis.bytes().pipeline().get("a").exec(), [new Uint8Array([0xc3, 0xa9])]);
      const [text, dumped] = await redis.pipeline([get("a"), dump("a")]).exec();
      assert.equal(text, "é");
      assert.ok(dumped instanceof Uint8Array);
    });

    it("takes raw commands and commands made as values", async () => {
      await redis.set("a", "x");
      const results = await redis.pipeline().command<string>("ECHO", "hi").execute(mget("a", "none")).exec();
      assert.deepEqual(results, ["hi", ["x", null]]);
    });

    it("does nothing when it is empty", async () => {
      assert.deepEqual(await redis.pipeline().exec(), []);
      assert.deepEqual(await redis.pipeline([]).exec(), []);
      assert.deepEqual(await redis.pipeline({}).exec(), {});
    });

    it("sends nothing before exec(), and all again when executed again", async () => {
      await redis.del("n");
      const pipeline = redis.pipeline().incr("n").incr("n");
      assert.equal(pipeline.length, 2);
      assert.equal(await redis.get("n"), null);
      assert.deepEqual(await pipeline.exec(), [1, 2]);
      assert.deepEqual(await pipeline.exec(), [3, 4]);
    });

    it("throws for the first that failed, with the outcomes of all", async () => {
      const pipeline = redis.pipeline().set("a", "x").incr("a").lpush("a", 1).get("a");
      const error = await pipeline.exec().then(() => assert.fail("it must not resolve"), (error) => error);
      assert.ok(error instanceof PipelineError && error instanceof RedisError);
      assert.deepEqual([error.index, error.code, error.executed], [1, "ERR", "yes"]);
      assert.match(
        error.message,
        /^Command 2 of 4 of the pipeline \(INCR\) failed: ERR value is not an integer/,
      );
      assert.equal(error.cause, error.results[1]);
      assert.deepEqual([error.results[0], error.results[3]], ["OK", "x"]);
      assert.equal((error.results[2] as ReplyError).code, "WRONGTYPE");
      assert.ok(!Object.keys(error).includes("results"), "what was read must not get into logs");
    });

    it("gives errors in their places when settled", async () => {
      const [ok, failed, value] = await redis.pipeline().set("a", "x").incr("a").get("a").exec({
        settle: true,
      });
      assert.equal(ok, "OK");
      assert.ok(failed instanceof ReplyError);
      assert.equal(value, "x");
    });

    it("refuses by position what cannot be sent, and runs the rest", async () => {
      const settled = await redis.pipeline().set("a", undefined as never).get("none").exec({ settle: true });
      assert.ok(settled[0] instanceof TypeError);
      assert.equal(settled[1], null);
    });

    it("refuses by name what blocks or changes the state of the connection", async () => {
      const pipeline = redis.pipeline();
      assert.throws(() => pipeline.blpop("list", 1), { code: "BLOCKING", executed: "no", message: /BLPOP/ });
      assert.throws(() => pipeline.command("SELECT", 1), { code: "STATEFUL", message: /SELECT/ });
      assert.throws(() => redis.multi().command("multi"), { code: "STATEFUL", message: /MULTI/ });
      assert.throws(() => redis.pipeline().xread({ s: "$" }, { block: 10 }), { code: "BLOCKING" });
      assert.deepEqual(await redis.pipeline().xread({ s: "0" }).exec(), [null]);
    });

    it("keeps its place among the commands around it", async () => {
      const [first, [second], third] = await Promise.all([
        redis.set("order", 1).then(() => redis.get("order")),
        redis.pipeline().append("order", 2).exec(),
        redis.append("order", 3),
      ]);
      assert.deepEqual([second, third, await redis.get("order")], [2, 3, "123"]);
      assert.equal(first, "123");
    });

    it("works without a shared connection, too", async () => {
      await using alone = new Redis(server.url, { protocol, multiplex: false });
      assert.deepEqual(await alone.pipeline().set("a", 1).incr("a").exec(), ["OK", 2]);
      assert.deepEqual(await alone.multi().incr("a").get("a").exec(), [3, "3"]);
      const { inUse, idle } = alone.pool.stats();
      assert.deepEqual([inUse, idle], [0, 1]);
    });
  });
}
