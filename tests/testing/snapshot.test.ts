import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { TestServer } from "../../testing.ts";
import { SimulatedClock } from "../harness/clock.ts";

/** Each command that changes something, on one of a few keys; by numbers from 0 to 1. */
function randomCommand(random: () => number): (string | number)[] {
  const key = `k${Math.floor(random() * 6)}`;
  const n = Math.floor(random() * 5);
  const commands: (string | number)[][] = [
    ["SET", key, n],
    ["SET", key, n, "PX", 1 + 1_000 * n],
    ["APPEND", key, "x"],
    ["SETBIT", key, n, 1],
    ["INCR", key],
    ["DEL", key],
    ["RENAME", key, "k1"],
    ["COPY", key, "k2", "REPLACE"],
    ["MOVE", key, 1],
    ["SWAPDB", 0, 1],
    ["EXPIRE", key, 1 + n],
    ["PERSIST", key],
    ["RPUSH", key, n, "b"],
    ["LPOP", key],
    ["LSET", key, 0, "z"],
    ["LREM", key, 0, "b"],
    ["SADD", key, n, "b"],
    ["SPOP", key],
    ["SUNIONSTORE", "k3", key, "k4"],
    ["HSET", key, "f", n],
    ["HINCRBY", key, "f", 1],
    ["HDEL", key, "f"],
    ["ZADD", key, n, "m", 1, "o"],
    ["ZPOPMIN", key],
    ["ZINCRBY", key, 2, "m"],
    ["XADD", key, "*", "f", n],
    ["XTRIM", key, "MAXLEN", 1],
    ["XGROUP", "CREATE", key, "g", "0", "MKSTREAM"],
    ["XREADGROUP", "GROUP", "g", "c", "STREAMS", key, ">"],
    ["PFADD", key, n],
    ["GEOADD", key, 1, n, "p"],
    ["FLUSHDB"],
    ["CONFIG", "SET", "maxmemory-policy", n > 2 ? "noeviction" : "allkeys-lru"],
    ["ACL", "SETUSER", "ada", n > 2 ? "on" : "off"],
    ["ACL", "DELUSER", "ada"],
  ];
  return commands[Math.floor(random() * commands.length)]!;
}

/** Returns all readable state of a server. */
async function observe(server: TestServer, redis: Redis): Promise<unknown> {
  const groups = await Promise.all(
    [0, 1, 2, 3, 4, 5].map((n) =>
      redis.command("XINFO", "STREAM", `k${n}`, "FULL").catch((error: Error) => error.message)
    ),
  );
  return {
    data: [server.dump(), server.dump({ db: 1 })],
    expiry: [server.dumpExpiry(), server.dumpExpiry({ db: 1 })],
    groups,
    policy: await redis.command("CONFIG", "GET", "maxmemory-policy"),
    users: await redis.command("ACL", "LIST"),
    size: await redis.dbsize(),
    volatile: /db0:.*/.exec(String(await redis.info("keyspace")))?.[0],
    now: server.now,
  };
}

describe("snapshots", () => {
  it("restores everything after random commands, again and again, with snapshots within snapshots", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const clock = new SimulatedClock({ seed });
      const random = (): number => clock.random();
      await using server = new TestServer({ clock });
      await using redis = new Redis({ transport: server.transport, clock, retry: false });
      const some = async (): Promise<void> => {
        for (let i = 0; i < 30; i++) {
          if (random() < 0.1) server.advance(Math.floor(random() * 3_000));
          const [name = "", ...rest] = randomCommand(random);
          await redis.command(String(name), ...rest).catch(() => {});
        }
      };
      await some();
      const first = server.snapshot();
      const before = await observe(server, redis);
      await some();
      const second = server.snapshot();
      const middle = await observe(server, redis);
      await some();
      server.restore(second);
      assert.deepEqual(await observe(server, redis), middle, `seed ${seed}`);
      await some();
      server.restore(second);
      assert.deepEqual(await observe(server, redis), middle, `seed ${seed}, again`);
      if (seed % 2 === 0) second.discard();
      await some();
      server.restore(first);
      assert.deepEqual(await observe(server, redis), before, `seed ${seed}, the first one`);
      assert.throws(() => server.restore(second), TypeError);
      await some();
      server.restore(first);
      assert.deepEqual(await observe(server, redis), before, `seed ${seed}, the first one again`);
    }
  });

  it("tells clients that watch or cache a key", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport, protocol: 3, cache: true });
    await redis.set("k", "before");
    const snapshot = server.snapshot();
    await redis.set("k", "after");
    assert.equal(await redis.get("k"), "after");
    assert.equal(await redis.get("k"), "after");
    server.restore(snapshot);
    // The invalidation comes with the next reply, at the latest.
    await redis.ping();
    assert.equal(await redis.get("k"), "before");
    await redis.set("k", "after");
    let turns = 0;
    await redis.watch("k", async (tx) => {
      assert.equal(await tx.get("k"), turns === 0 ? "after" : "before");
      if (turns++ === 0) server.restore(snapshot);
      return tx.multi().set("seen", String(turns));
    });
    assert.equal(turns, 2, "EXEC was refused once");
  });

  it("sets the log of executed commands and the time back", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    await redis.set("k", "v", { ex: 60 });
    const snapshot = server.snapshot();
    const { now } = server;
    await redis.incr("n");
    server.advance(3_600_000);
    assert.deepEqual(server.dump(), { n: "1" });
    server.restore(snapshot);
    assert.deepEqual(server.dump(), { k: "v" });
    assert.ok(server.now - now < 60_000);
    assert.equal(server.executed.count("INCR"), 0);
    assert.equal(server.executed.count("SET"), 1);
    server.advance(60_000);
    assert.deepEqual(server.dump(), {});
  });

  it("shows data as plain values", async () => {
    const clock = new SimulatedClock();
    await using server = new TestServer({ clock });
    await using redis = new Redis({ transport: server.transport, clock });
    await redis.set("greeting", "hellö");
    await redis.set("bytes", new Uint8Array([0xff, 0]));
    await redis.rpush("list", ["a", "b"]);
    await redis.sadd("set", ["x", "y"]);
    await redis.hset("hash", { field: "value" });
    await redis.zadd("scores", [[2, "ada"], [1, "bob"]]);
    await redis.command("XADD", "events", "1-1", "type", "login");
    await redis.set("gone", "1", { px: 5 });
    assert.deepEqual(server.dumpExpiry(), { gone: 5 });
    server.advance(5);
    assert.deepEqual(server.dump(), {
      bytes: new Uint8Array([0xff, 0]),
      events: [{ id: "1-1", fields: { type: "login" } }],
      greeting: "hellö",
      hash: { field: "value" },
      list: ["a", "b"],
      scores: new Map([["bob", 1], ["ada", 2]]),
      set: new Set(["x", "y"]),
    });
    assert.deepEqual(Object.keys(server.dump()).join(), "bytes,events,greeting,hash,list,scores,set");
    assert.throws(() => server.dump({ db: 99 }), TypeError);
  });
});
