import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { after, before, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { type Server, startServer } from "../harness/server.ts";

describe("pipelines of any size", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());

  it("does not trip over sendQueue by itself, however slow the peer", async () => {
    await using proxy = await startProxy(server);
    await using redis = new Redis(proxy.url, {
      sendQueue: { maxCommands: 100, maxBytes: 100_000 },
      commandTimeout: 0,
    });
    await redis.connect();
    proxy.last.freeze("toServer");
    const pipeline = redis.pipeline();
    for (let index = 0; index < 20_000; index++) pipeline.set(`k${index % 10}`, "0123456789".repeat(200));
    const done = pipeline.exec();
    // All that can go is gone by the time that a command behind it has failed.
    await assert.rejects(redis.with({ timeout: 100 }).get("k0"));
    proxy.last.thaw("toServer");
    const results = await done;
    assert.equal(results.length, 20_000);
    assert.ok(results.every((result) => result === "OK"));
  });

  it("sends big values one after the other", async () => {
    await using redis = new Redis(server.url, { sendQueue: { maxCommands: 10, maxBytes: 1_000_000 } });
    const value = new Uint8Array(1_000_000).fill(120);
    const pipeline = redis.pipeline();
    for (let index = 0; index < 30; index++) pipeline.set(`big${index}`, value).strlen(`big${index}`);
    const results: unknown[] = await pipeline.exec();
    assert.deepEqual(results, Array.from({ length: 30 }, () => ["OK", 1_000_000]).flat());
  });

  it("keeps the order over many chunks", async () => {
    await using redis = new Redis(server.url);
    await redis.del("n");
    const pipeline = redis.pipeline();
    for (let index = 0; index < 30_000; index++) pipeline.incr("n");
    const results: unknown[] = await pipeline.exec();
    assert.deepEqual(results, Array.from({ length: 30_000 }, (_, index) => index + 1));
  });

  it("keeps its place: what is called later runs behind all of it, also over the next connection", async () => {
    await using proxy = await startProxy(server);
    await using redis = new Redis(proxy.url, {
      commandTimeout: 60_000,
      reconnect: { backoff: "constant:1" },
    });
    await redis.connect();
    const numbers = Array.from({ length: 20_001 }, (_, index) => String(index));
    for (const lost of [false, true]) {
      await redis.del("log");
      // The socket takes nothing more, so nothing of the pipeline is sent before the connection ends.
      if (lost) proxy.last.freeze("toServer");
      const big = lost ? redis.set("big", new Uint8Array(16_000_000)) : undefined;
      await new Promise((resolve) => setImmediate(resolve));
      const pipeline = redis.pipeline();
      for (const number of numbers.slice(0, -1)) pipeline.rpush("log", number);
      const calls = [pipeline.exec(), redis.rpush("log", numbers.at(-1)!)];
      if (lost) proxy.last.kill("reset");
      await Promise.all([...calls, big]);
      assert.deepEqual(await redis.lrange("log", 0, -1), numbers);
    }
  });

  it("ends before its client does, that which has not been sent included", async () => {
    for (const multiplex of [true, false]) {
      const redis = new Redis(server.url, { multiplex });
      await redis.del("n");
      const pipeline = redis.pipeline();
      for (let index = 0; index < 20_000; index++) pipeline.incr("n");
      const [results] = await Promise.all([pipeline.exec() as Promise<unknown[]>, redis.close()]);
      assert.equal(results.at(-1), 20_000, `multiplex ${multiplex}`);
    }
  });

  it("is cut where its server does not answer, when the client has waited long enough", async () => {
    const peer = new ScriptedPeer({
      script: (command, connection) => command[0] === "INCR" ? undefined : connection.serve(),
    });
    const redis = new Redis({ transport: peer.transport(), commandTimeout: 0, closeGrace: 50 });
    await redis.connect();
    const pipeline = redis.pipeline();
    for (let index = 0; index < 20_000; index++) pipeline.incr("n");
    const cut = assert.rejects(pipeline.exec(), { code: "CLOSED", executed: "unknown", index: 0 });
    await redis.close();
    await cut;
  });

  it("has no more commands on their way than its window", async () => {
    // Nothing is answered: what has come is what was sent without waiting.
    const peer = new ScriptedPeer({
      script: (command, connection) => command[0] === "INCR" ? undefined : connection.serve(),
    });
    const clock = new SimulatedClock();
    await using redis = new Redis({ transport: peer.transport({ clock }), clock, commandTimeout: 300 });
    await redis.connect();
    const pipeline = redis.pipeline();
    for (let index = 0; index < 30_000; index++) pipeline.incr("n");
    const failed = pipeline.exec().then(() => assert.fail("it must not resolve"), (error) => error);
    await clock.advance(300);
    const error = await failed;
    assert.deepEqual([error.code, error.executed, error.index], ["COMMAND_TIMEOUT", "unknown", 0]);
    const sent = peer.count("INCR");
    assert.ok(sent < 10_000, `${sent} were sent`);
    assert.equal(error.results[sent - 1].executed, "unknown");
    assert.ok(error.results.slice(sent).every((one: { executed: string }) => one.executed === "no"));
  });
});
