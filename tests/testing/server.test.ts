import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { TestCluster, TestSentinels, TestServer } from "../../testing.ts";
import { SimulatedClock } from "../harness/clock.ts";

describe("TestServer", () => {
  for (const protocol of [2, 3] as const) {
    it(`serves clients in the process, RESP${protocol}`, async () => {
      await using server = new TestServer();
      await using redis = new Redis({ transport: server.transport, protocol });
      assert.equal(await redis.set("k", "v"), "OK");
      assert.equal(await redis.get("k"), "v");
      assert.equal(await redis.set("k", "\0\xff€"), "OK");
      assert.equal(await redis.get("k"), "\0\xff€");
      assert.deepEqual(await Promise.all([1, 2, 3].map(() => redis.incr("n"))), [1, 2, 3]);
      await assert.rejects(redis.incr("k"), { message: /not an integer/ });
    });
  }

  it("refuses options that it does not have, as clusters and sentinels do", () => {
    assert.throws(() => new TestServer({ pasword: "x" } as object), { message: /did you mean `password`\?/ });
    assert.throws(() => new TestCluster({ databases: 1 } as object), {
      message: /none of that name; it has clock/,
    });
    assert.throws(() => new TestSentinels({ replica: 1 } as object), {
      message: /did you mean `replicas`\?/,
    });
  });

  it("listens on a TCP port and on a Unix socket, and says where", async () => {
    await using server = new TestServer();
    assert.throws(() => server.url, TypeError);
    const { url } = await server.listen();
    assert.match(url, /^redis:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(server.url, url);
    const path = join(tmpdir(), `keywire-test-server-${process.pid}.sock`);
    const unix = await server.listen({ path });
    await using one = new Redis(url);
    await using two = new Redis(unix.url);
    await one.set("k", "x".repeat(300_000));
    assert.equal((await two.get("k"))?.length, 300_000);
  });

  it("expires keys when its time has come, and not before", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    await redis.set("k", "v", { ex: 60 });
    server.advance(59_000);
    assert.equal(await redis.get("k"), "v");
    server.advance(1_000);
    assert.equal(await redis.get("k"), null);
  });

  it("lives by the clock that it is given", async () => {
    const clock = new SimulatedClock();
    await using server = new TestServer({ clock, epoch: 5_000_000 });
    assert.equal(server.now, 5_000_000);
    await using redis = new Redis({ transport: server.transport });
    await redis.set("k", "v", { px: 10 });
    await clock.advance(9);
    assert.equal(await redis.exists("k"), 1);
    await clock.advance(1);
    assert.equal(await redis.exists("k"), 0);
  });

  it("tells what was executed", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    await redis.incr("n");
    await redis.get("n");
    assert.equal(server.executed.count("incr"), 1);
    assert.deepEqual(server.executed.list("INCR")[0]?.args, ["INCR", "n"]);
  });

  it("wants its password", async () => {
    await using server = new TestServer({ password: "secret" });
    await using stranger = new Redis({ transport: server.transport });
    await assert.rejects(stranger.get("k"), { message: /requires a password/ });
    await using redis = new Redis({ transport: server.transport, password: "secret" });
    assert.equal(await redis.get("k"), null);
  });

  it("refuses what it does not know as Redis does", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    await assert.rejects(redis.command("NOPE", "a", "b"), {
      message: /^ERR unknown command 'NOPE'/,
    });
    assert.ok(TestServer.commands.includes("SET"));
    assert.ok(!TestServer.commands.includes("NOPE"));
  });

  it("ends its connections when it closes, and takes no more", async () => {
    const server = new TestServer();
    await using redis = new Redis({ transport: server.transport, commandTimeout: 500 });
    await redis.ping();
    await server.close();
    await assert.rejects(redis.ping());
  });
});
