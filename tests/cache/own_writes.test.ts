import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";

/** Writes that store "new" over another connection than the one that receives invalidations. */
const WAYS: Readonly<Record<string, (redis: Redis) => Promise<unknown>>> = {
  "watch()": (redis) => redis.watch("k", (tx) => tx.multi().set("k", "new")),
  "watch() with several commands": (redis) =>
    redis.watch("other", async (tx) => {
      await tx.get("k");
      return tx.multi().del("k").append("k", "new");
    }),
  "a command in watch()": (redis) => redis.watch("other", (tx) => tx.mset({ k: "new" })),
  "a lease": async (redis) => {
    using connection = await redis.pool.acquire();
    await connection.send(["set", "k", "new"]);
  },
  "MULTI on a lease": async (redis) => {
    using connection = await redis.pool.acquire();
    await Promise.all([["MULTI"], ["SET", "k", "new"], ["EXEC"]].map((words) => connection.send(words)));
  },
  "a script on a lease": async (redis) => {
    using connection = await redis.pool.acquire();
    await connection.send(["EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", 1, "k", "new"]);
  },
  "packed bytes": async (redis) => {
    using connection = await redis.pool.acquire();
    await connection.sendPacked(connection.packCommands([["PING"], ["SET", "k", "new"]]), 2);
  },
  "a client that does not multiplex": async (redis) => {
    await using other = new Redis({ pool: redis.pool, multiplex: false });
    await other.pipeline().set("k", "new").exec();
  },
};

describe("a client with a cache and its own writes", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());
  beforeEach(async () => void await server.cli("FLUSHALL"));

  for (const [name, write] of Object.entries(WAYS)) {
    it(`reads what was written by ${name}, before the server has said that it changed`, async () => {
      await using proxy = await startProxy({ port: server.port });
      await using redis = new Redis(proxy.url, { cache: true });
      await server.cli("SET", "k", "old");
      assert.equal(await redis.get("k"), "old");
      const [shared] = proxy.open;
      shared!.collect("toClient");
      // Out of memory, until the write is on its way.
      const before = redis.get("k");
      await write(redis);
      const after = redis.get("k");
      shared!.thaw();
      assert.equal(await before, "old");
      assert.equal(await after, "new");
      assert.equal(await redis.get("k"), "new");
    });
  }

  it("reads what a blocking command has changed, whatever was read while it waited", async () => {
    await using proxy = await startProxy({ port: server.port });
    await using redis = new Redis(proxy.url, { cache: true });
    await redis.get("first");
    const [shared] = proxy.open;
    for (
      const [take, left] of [
        [() => redis.blpop("list", 5), 1],
        [() => redis.blmove("list", "list", "LEFT", "RIGHT", 5), 2],
      ] as const
    ) {
      const blocked = take();
      await waitFor("the command to block", async () => {
        return /blocked_clients:1/.test(String(await server.cli("INFO", "clients"))) ? undefined : "not yet";
      });
      assert.equal(await redis.llen("list"), 0);
      assert.deepEqual(await redis.lrange("list", 0, -1), []);
      shared!.collect("toClient");
      await server.cli("RPUSH", "list", "a", "b");
      await blocked;
      const reads = Promise.all([redis.llen("list"), redis.lrange("list", 0, -1)]);
      shared!.thaw();
      const [length, list] = await reads;
      assert.deepEqual([length, list.length], [left, left]);
      await server.cli("DEL", "list");
      await redis.ping();
    }
  });

  it("never returns what has expired, though the server has not removed it", async () => {
    await using redis = new Redis(server.url, { cache: true });
    await using other = new Redis(server.url);
    await server.cli("DEBUG", "SET-ACTIVE-EXPIRE", 0);
    try {
      await other.multi().set("k", "v", { px: 300 }).set("stays", "v").rpush("list", "1").pexpire("list", 300)
        .exec();
      const read = () =>
        Promise.all([redis.get("k"), redis.mget(["k", "stays"]), redis.lrange("list", 0, -1)]);
      await read();
      const { entries, hits } = redis.cache!.stats();
      assert.equal(entries, 3);
      await redis.get("stays");
      await redis.get("stays");
      assert.equal(redis.cache!.stats().hits, hits + 1);
      await waitFor("the keys to expire", async () => {
        // TTL of a key that has expired does not remove it, as EXISTS would.
        const left = await redis.pttl("list");
        return left < 0 ? undefined : `${left} ms are left`;
      });
      assert.deepEqual(await read(), [null, [null, "v"], []]);
    } finally {
      await server.cli("DEBUG", "SET-ACTIVE-EXPIRE", 1);
    }
  });

  it("keeps nothing for longer than a call says", async () => {
    let now = 1_000;
    const clock = {
      now: () => now,
      random: Math.random,
      setTimeout: (callback: () => void, delay: number) => setTimeout(callback, delay),
      clearTimeout: (timer: unknown) => clearTimeout(timer as number),
    };
    await using redis = new Redis(server.url, { cache: { ttl: 10_000 }, clock });
    const soon = redis.with({ cache: { ttl: 1_000 } });
    const always = redis.with({ cache: { ttl: 0 } });
    const misses = () => redis.cache!.stats().misses;
    await always.get("k");
    await soon.get("k");
    assert.equal(misses(), 1);
    now += 1_000;
    await soon.get("k");
    assert.equal(misses(), 2);
    await redis.get("k");
    await always.get("k");
    assert.equal(misses(), 2);
    now += 1_000;
    // What was kept for that long only is gone for others, too.
    await redis.get("k");
    assert.equal(misses(), 3);
    now += 10_000;
    await redis.get("k");
    assert.equal(misses(), 4);
    for (const cache of [{ ttl: -1 }, { ttl: Infinity }]) {
      assert.throws(() => redis.with({ cache }), RangeError);
    }
    assert.throws(() => redis.with({ cache: { tll: 1 } as never }), /`cache.tll`/);
  });

  it("keeps nothing where it may not ask when keys expire, and says why", {
    skip: olderThan("7.0.0", "rules for commands in users"),
  }, async () => {
    await server.cli("ACL", "SETUSER", "ann", "on", ">secret", "~*", "+@all", "-pttl");
    await using redis = new Redis(server.url, { cache: true, username: "ann", password: "secret" });
    for (const _ of [1, 2]) {
      assert.equal(await redis.get("k"), null);
      // The refusal comes right behind the reply.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { entries, hits, error } = redis.cache!.stats();
    assert.deepEqual([entries, hits, (error as { code?: string }).code], [0, 0, "NOPERM"]);
    const brief = redis.with({ cache: { ttl: 100 } });
    for (const _ of [1, 2]) assert.equal(await brief.get("k"), null);
    assert.equal(redis.cache!.stats().entries, 1);
  });
});
