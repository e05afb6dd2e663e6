import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type PipelineError, Redis, ReplyError } from "../../mod.ts";
import { dump, get, incr } from "../../src/commands/mod.ts";
import { ErrorReply } from "../harness/resp.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { type Server, startServer } from "../harness/server.ts";

const failure = (promise: Promise<unknown>): Promise<PipelineError> =>
  promise.then(() => assert.fail("it must not resolve"), (error) => error);
const codes = (results: readonly unknown[]): unknown[] =>
  results.map((result) => result instanceof Error ? (result as PipelineError).code : result);

for (const protocol of [2, 3] as const) {
  describe(`transactions, RESP${protocol}`, () => {
    let server: Server;
    let redis: Redis;
    before(async () => {
      server = await startServer({ acl: ["user bob on >pw ~* +@all -multi"] });
      redis = new Redis(server.url, { protocol });
    });
    after(async () => {
      await redis.close();
      await server.stop();
    });

    it("gives typed results, as a pipeline does", async () => {
      const results = await redis.multi().set("n", 1).incr("n").hset("h", { a: "é" }).hgetall("h")
        .zadd("z", [[1.5, "m"]]).zrange("z", 0, -1, { withScores: true }).exec();
      assert.deepEqual(results.slice(0, 3), ["OK", 2, 1]);
      assert.deepEqual({ ...results[3] as object }, { a: "é" });
      assert.deepEqual(results.slice(4), [1, [["m", 1.5]]]);
      assert.deepEqual(await redis.multi({ a: get("n"), n: incr("n") }).exec(), { a: "2", n: 3 });
      assert.deepEqual(await redis.multi().exec(), []);
    });

    it("gives bytes to a client of bytes, and dumps as bytes to any", async () => {
      await redis.set("a", "é");
      assert.deepEqual(await redis.bytes().multi().get("a").exec(), [new Uint8Array([0xc3, 0xa9])]);
      const [text, dumped] = await redis.multi([get("a"), dump("a")]).exec();
      assert.equal(text, "é");
      assert.ok(dumped instanceof Uint8Array);
    });

    it("loses nothing to a value that is no text", async () => {
      await redis.set("bad", new Uint8Array([0xff]));
      await redis.set("n", 1);
      const [bad, n] = await redis.multi().get("bad").incr("n").exec({ settle: true });
      assert.equal((bad as unknown as PipelineError).code, "ENCODING");
      assert.equal(n, 2);
    });

    it("runs nothing of others in between", async () => {
      await redis.del("n");
      const [results] = await Promise.all([
        redis.multi().incr("n").incr("n").incr("n").exec(),
        ...Array.from({ length: 20 }, () => redis.incr("n")),
      ]);
      const [first] = results;
      assert.deepEqual(results, [first, first + 1, first + 2]);
    });

    it("runs none when one is refused, and says which and why", async () => {
      await redis.set("n", 1);
      const error = await failure(redis.multi().incr("n").command("NOSUCH").command("GET").exec());
      assert.deepEqual([error.code, error.executed, error.index], ["EXECABORT", "no", 1]);
      assert.match(error.message, /not run: its command 2 of 3 \(NOSUCH\) was refused: ERR unknown command/);
      assert.deepEqual(codes(error.results), ["EXECABORT", "ERR", "ERR"]);
      assert.equal(await redis.get("n"), "1");
      const settled = await redis.multi().incr("n").command("NOSUCH").exec({ settle: true });
      assert.deepEqual(codes(settled), ["EXECABORT", "ERR"]);
    });

    it("tells of what failed while it ran; the rest has run", async () => {
      await redis.set("a", "x");
      const error = await failure(redis.multi().incr("a").append("a", "y").exec());
      assert.deepEqual([error.code, error.executed, error.index], ["ERR", "yes", 0]);
      const [failed, length] = await redis.multi().incr("a").append("a", "y").exec({ settle: true });
      assert.ok(failed instanceof ReplyError);
      assert.equal(length, 3);
    });

    it("sends nothing when an argument cannot be sent", async () => {
      await redis.set("n", 1);
      await assert.rejects(redis.multi().incr("n").set("a", undefined as never).exec(), TypeError);
      assert.equal(await redis.get("n"), "1");
    });

    it("says so when MULTI is forbidden and the commands ran by themselves", async () => {
      await redis.set("n", 1);
      await using bob = new Redis(server.url, { protocol, username: "bob", password: "pw" });
      const error = await failure(bob.multi().incr("n").exec());
      assert.deepEqual([error.code, error.executed], ["NOPERM", "yes"]);
      assert.match(error.message, /outside of a transaction/);
    });

    it("does not trip over a connection that becomes slow in the middle", async () => {
      await using narrow = new Redis(server.url, {
        protocol,
        sendQueue: { maxCommands: 2, maxBytes: 1_000 },
      });
      const value = new Uint8Array(3_000_000);
      const multi = narrow.multi();
      for (let index = 0; index < 10; index++) multi.set("big", value);
      assert.deepEqual(await multi.incr("n").exec().then((results) => results.length), 11);
    });
  });
}

describe("transactions: what is known after a loss", () => {
  for (const name of ["MULTI", "INCR", "EXEC"]) {
    it(`is unknown for all when the connection ends at ${name}, and nothing is repeated`, async () => {
      let cut = false;
      const peer = new ScriptedPeer({
        script: (command, connection) => {
          if (command[0] !== name || cut) return connection.serve();
          cut = true;
          connection.serve();
          connection.close();
          return undefined;
        },
      });
      await using redis = new Redis({ transport: peer.transport(), reconnect: { backoff: "constant:1" } });
      const { executed, results } = await failure(redis.multi().incr("n").get("n").exec());
      assert.equal(executed, "unknown");
      assert.deepEqual(results.map((result) => (result as PipelineError).executed), ["unknown", "unknown"]);
      assert.equal(await redis.ping(), "PONG");
      assert.equal(peer.count("EXEC"), name === "EXEC" ? 1 : 0);
    });
  }

  it("is repeated as a whole after LOADING", async () => {
    let refusals = 4;
    const loading = new ErrorReply("LOADING Redis is loading the dataset in memory");
    const peer = new ScriptedPeer({
      script: (command, connection) => {
        if (!["MULTI", "INCR", "EXEC"].includes(command[0]!)) return connection.serve();
        if (refusals-- > 0) return loading;
        return command[0] === "MULTI" ? "OK" : command[0] === "EXEC" ? [1, 2] : "QUEUED";
      },
    });
    await using redis = new Redis({ transport: peer.transport(), retry: { backoff: "constant:1" } });
    assert.deepEqual(await redis.multi().incr("n").incr("n").exec(), [1, 2]);
  });
});
