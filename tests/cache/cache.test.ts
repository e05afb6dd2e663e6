import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { type CacheEntry, type CacheStore, Redis } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";

describe("the client-side cache", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());
  beforeEach(async () => void await server.cli("FLUSHALL"));

  /** Waits until the pushes of what the server has done so far are in. */
  async function settle(redis: Redis): Promise<void> {
    await redis.ping();
  }

  it("answers from memory until somebody changes the key", async () => {
    await using redis = new Redis(server.url, { cache: true });
    await server.cli("SET", "k", "1");
    assert.equal(await redis.get("k"), "1");
    assert.equal(await redis.get("k"), "1");
    assert.deepEqual({ ...redis.cache!.stats(), bytes: 0 }, {
      active: true,
      hits: 1,
      misses: 1,
      evictions: 0,
      invalidations: 0,
      entries: 1,
      bytes: 0,
      error: undefined,
    });
    await server.cli("SET", "k", "2");
    await settle(redis);
    assert.equal(redis.cache!.stats().entries, 0);
    assert.equal(await redis.get("k"), "2");
  });

  it("sees its own writes at once, alone and in one flight", async () => {
    await using redis = new Redis(server.url, { cache: true });
    for (let number = 0; number < 50; number++) {
      await redis.set("k", number);
      assert.equal(await redis.get("k"), String(number));
      const [, value] = await Promise.all([redis.append("k", "!"), redis.get("k")]);
      assert.equal(value, `${number}!`);
    }
    await redis.flushall();
    assert.equal(await redis.get("k"), null);
  });

  it("sends one command for concurrent misses", async () => {
    await using redis = new Redis(server.url, { cache: true });
    await server.cli("CONFIG", "RESETSTAT");
    await server.cli("HSET", "h", "f", "v");
    const all = await Promise.all(Array.from({ length: 100 }, () => redis.hgetall("h")));
    assert.deepEqual({ ...all[99] }, { f: "v" });
    assert.match(String(await server.cli("INFO", "commandstats")), /cmdstat_hgetall:calls=1,/);
    assert.equal(redis.cache!.stats().hits, 99);
  });

  it("hands out what the caller may change", async () => {
    await using redis = new Redis(server.url, { cache: true });
    await server.cli("RPUSH", "list", "a", "b");
    const first = await redis.lrange("list", 0, -1);
    first.push("mine");
    const second = await redis.lrange("list", 0, -1);
    assert.deepEqual(second, ["a", "b"]);
    second.pop();
    const bytes = redis.bytes();
    (await bytes.lrange("list", 0, -1))[0]!.fill(0);
    assert.deepEqual(await bytes.lrange("list", 0, -1), [new Uint8Array([97]), new Uint8Array([98])]);
    assert.deepEqual(await redis.lrange("list", 0, -1), ["a", "b"]);
  });

  it("keeps apart what is not the same command", async () => {
    await using redis = new Redis(server.url, { cache: true });
    await server.cli("HSET", "h", "f", "1", "f\0g", "2");
    assert.deepEqual(await redis.hmget("h", "f\0g"), ["2"]);
    assert.deepEqual(await redis.hmget("h", "f", "g"), ["1", null]);
    assert.deepEqual(await redis.command("HGETALL", "h"), { f: "1", "f\0g": "2" });
    assert.deepEqual(await redis.bytes().hget("h", "f"), new Uint8Array([49]));
    assert.equal(await redis.hget("h", "f"), "1");
  });

  it("does not keep what an invalidation overtook", async () => {
    await using proxy = await startProxy({ port: server.port });
    await using redis = new Redis(proxy.url, { cache: true });
    await redis.get("other");
    const [connection] = proxy.open;
    connection!.collect("toClient");
    const reading = redis.get("k");
    const held = (what: string) => () => {
      const text = new TextDecoder().decode(connection!.held.toClient);
      return Promise.resolve(text.includes(what) ? undefined : "not yet");
    };
    await waitFor("the reply", held("_\r\n"));
    await server.cli("SET", "k", "new");
    await waitFor("the invalidation", held("$1\r\nk\r\n"));
    // Both arrive in one chunk: the client reads the invalidation before any caller receives the reply.
    connection!.thaw();
    assert.equal(await reading, null);
    assert.equal(await redis.get("k"), "new");
  });

  it("forgets all when the connection is lost, and when the server is flushed", async () => {
    await using proxy = await startProxy({ port: server.port });
    await using redis = new Redis(proxy.url, { cache: true, reconnect: { backoff: "constant:5" } });
    await redis.mget("a", "b");
    const lost = new Promise((resolve) => redis.addEventListener("reconnecting", resolve, { once: true }));
    proxy.killAll();
    await lost;
    assert.equal(redis.cache!.stats().entries, 0);
    assert.equal(redis.cache!.stats().active, false);
    await redis.mget("a", "b");
    assert.equal(redis.cache!.stats().entries, 1);
    await server.cli("SET", "b", "1");
    await settle(redis);
    assert.deepEqual(await redis.mget("a", "b"), [null, "1"]);
    await server.cli("FLUSHALL");
    await settle(redis);
    assert.equal(redis.cache!.stats().entries, 0);
  });

  it("stays within its entries and bytes, and lets go what was used least recently", async () => {
    await using redis = new Redis(server.url, { cache: { maxEntries: 3 } });
    for (const key of ["a", "b", "c"]) await redis.get(key);
    await redis.get("a");
    await redis.get("d");
    const { misses } = redis.cache!.stats();
    await redis.get("a");
    await redis.get("c");
    assert.equal(redis.cache!.stats().misses, misses);
    await redis.get("b");
    assert.equal(redis.cache!.stats().misses, misses + 1);
    assert.equal(redis.cache!.stats().evictions, 2);

    await using small = new Redis(server.url, { cache: { maxBytes: 1_000 } });
    for (let index = 0; index < 20; index++) await small.get(`key:${index}`);
    assert.ok(small.cache!.stats().bytes <= 1_000);
    await server.cli("SET", "large", "x".repeat(2_000));
    await small.get("large");
    await small.get("large");
    assert.equal(small.cache!.stats().hits, 0);
  });

  it("asks anew what is older than its ttl", async () => {
    await using redis = new Redis(server.url, { cache: { ttl: 20 } });
    await redis.get("k");
    const { misses } = redis.cache!.stats();
    await waitFor("the ttl", async () => {
      await redis.get("k");
      return redis.cache!.stats().misses > misses ? undefined : "still kept";
    });
  });

  it("lets pass what depends on chance, on time or on a cursor, and what was not opted in", async () => {
    await using redis = new Redis(server.url, { cache: { optIn: true } });
    const cached = redis.with({ cache: true });
    await redis.get("k");
    await cached.ttl("k");
    await cached.srandmember("k");
    await cached.hscan("k", 0);
    await cached.randomkey();
    assert.equal(redis.cache!.stats().entries, 0);
    await cached.get("k");
    await cached.get("k");
    assert.equal(redis.cache!.stats().hits, 1);
    await using all = new Redis(server.url, { cache: true });
    await all.with({ cache: false }).get("k");
    assert.equal(all.cache!.stats().misses, 0);
  });

  it("keeps only keys under its prefixes", async () => {
    for (const mode of ["tracking", "broadcast"] as const) {
      await using redis = new Redis(server.url, { cache: { mode, prefixes: ["user:"] } });
      await redis.get("user:1");
      await redis.get("other");
      assert.equal(redis.cache!.stats().entries, 1);
      await server.cli("SET", "user:1", mode);
      await waitFor("the push", async () => {
        await settle(redis);
        return redis.cache!.stats().entries === 0 ? undefined : "still kept";
      });
      assert.equal(await redis.get("user:1"), mode);
    }
  });

  it("is not there where the server does not tell of changes", {
    skip: olderThan("7.0.0", "rules for subcommands in users"),
  }, async () => {
    assert.throws(() => new Redis(server.url, { cache: true, protocol: 2 }), /RESP3/);
    assert.throws(() => new Redis(server.url, { cache: true, multiplex: false }), /`multiplex`/);
    assert.throws(() => new Redis(server.url, { cache: { maxEntrys: 1 } as never }), /`cache.maxEntries`/);
    await using first = new Redis(server.url, { cache: true });
    assert.throws(() => new Redis({ pool: first.pool, cache: { ttl: 5 } }), /other options/);
    await using same = new Redis({ pool: first.pool, cache: true });
    assert.equal(same.cache, first.cache);
    await server.cli("ACL", "SETUSER", "bob", "on", ">secret", "~*", "+@all", "-client|tracking");
    await using bob = new Redis(server.url, { cache: true, username: "bob", password: "secret" });
    await bob.get("k");
    await bob.get("k");
    assert.equal(bob.cache!.stats().active, false);
    assert.equal((bob.cache!.stats().error as { code?: string }).code, "NOPERM");
    assert.equal(bob.cache!.stats().hits, 0);
  });

  it("keeps replies in a store of the user's", async () => {
    const entries = new Map<string, CacheEntry>();
    const store = (): CacheStore => ({
      get size() {
        return entries.size;
      },
      bytes: 0,
      get: (id) => entries.get(id),
      set: (entry) => void entries.set(entry.id, entry),
      delete: (id) => void entries.delete(id),
      clear: () => entries.clear(),
    });
    await using redis = new Redis(server.url, { cache: { store } });
    await redis.get("k");
    assert.deepEqual([...entries.values()].map(({ keys, reply }) => ({ keys, reply })), [
      { keys: ["k"], reply: null },
    ]);
    await redis.set("k", "1");
    assert.equal(entries.size, 0);
  });
});
