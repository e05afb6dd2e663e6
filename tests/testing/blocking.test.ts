import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { TestServer } from "../../testing.ts";

/** Resolves when the given number of commands with this name has been executed. */
async function executed(server: TestServer, name: string, count: number): Promise<void> {
  while (server.executed.count(name) < count) await new Promise((resolve) => setTimeout(resolve, 0));
}

describe("TestServer, blocking commands", () => {
  it("wakes clients when their time is over, without waiting for it", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    const popped = redis.blpop("jobs", 3600);
    await executed(server, "BLPOP", 1);
    server.advance(3_600_000);
    assert.equal(await popped, null);
  });

  it("serves those who wait in the order in which they came", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    const first = redis.blpop("jobs", 0);
    await executed(server, "BLPOP", 1);
    const second = redis.blpop("jobs", 0);
    await executed(server, "BLPOP", 2);
    await redis.rpush("jobs", "a", "b", "c");
    assert.deepEqual(await Promise.all([first, second]), [["jobs", "a"], ["jobs", "b"]]);
    assert.deepEqual(await redis.lrange("jobs", 0, -1), ["c"]);
  });

  it("expires keys and wakes clients in the order of their times", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    await redis.set("late", "1", { ex: 2000 });
    await redis.set("early", "1", { ex: 1000 });
    const popped = redis.bzpopmin("scores", 1500);
    await executed(server, "BZPOPMIN", 1);
    server.advance(1_500_000);
    assert.equal(await popped, null);
    assert.deepEqual(await redis.mget("early", "late"), [null, "1"]);
    server.advance(500_000);
    assert.equal(await redis.exists("late"), 0);
  });

  it("moves an element to a client that waits, and once only", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    const moved = redis.blmove("a", "b", "LEFT", "RIGHT", 0);
    await executed(server, "BLMOVE", 1);
    await redis.multi().rpush("a", "1").rpush("a", "2").exec();
    assert.equal(await moved, "1");
    assert.deepEqual(await redis.lrange("a", 0, -1), ["2"]);
    assert.deepEqual(await redis.lrange("b", 0, -1), ["1"]);
  });
});

describe("TestServer, many clients", () => {
  it("delivers messages and keyspace events", async () => {
    await using server = new TestServer({ config: { "notify-keyspace-events": "KEA" } });
    await using redis = new Redis({ transport: server.transport });
    await using other = new Redis({ transport: server.transport });
    const heard: string[] = [];
    let done: () => void;
    const all = new Promise<void>((resolve) => done = resolve);
    const hear = (message: string, channel: string): void => {
      heard.push(`${channel}=${message}`);
      if (heard.length === 2) done();
    };
    await redis.subscribe("news", hear);
    await redis.subscribe("__keyspace@0__:k", hear);
    await other.publish("news", "hello");
    await other.set("k", "v");
    await all;
    assert.deepEqual(heard, ["news=hello", "__keyspace@0__:k=set"]);
  });

  it("lets a transaction fail whose key was changed by another", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    await redis.set("k", "1");
    const changed = redis.watch(["k"], async (watched) => {
      await redis.set("k", "2");
      return watched.multi().set("k", "3");
    }, { attempts: 1 });
    await assert.rejects(changed);
    assert.equal(await redis.get("k"), "2");
  });

  it("takes times of expiry in its own time", async () => {
    await using server = new TestServer({ epoch: 1_000_000_000_000 });
    await using redis = new Redis({ transport: server.transport });
    await redis.set("k", "v", { exat: 1_000_000_100 });
    assert.equal(await redis.expiretime("k"), 1_000_000_100);
    server.advance(100_000);
    assert.equal(await redis.exists("k"), 0);
  });
});
