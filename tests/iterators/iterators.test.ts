import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { scanKeys } from "../../src/client/commands/iterate.ts";
import type { Executor } from "../../src/client/executor.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { type Server, startServer } from "../harness/server.ts";

async function all<T>(iterator: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of iterator) found.push(one);
  return found;
}

for (const protocol of [2, 3] as const) {
  describe(`iterators, RESP${protocol}`, () => {
    let server: Server;
    let redis: Redis;
    const names = Array.from({ length: 500 }, (_, index) => `m${index}`).sort();
    before(async () => {
      server = await startServer();
      redis = new Redis(server.url, { protocol });
      await redis.mset(names.map((name) => [name, 1] as const));
      await redis.sadd("a:set", names);
      await redis.hset("a:hash", names.map((name, index) => [name, index] as const));
      await redis.zadd("a:zset", names.map((name, index) => [index / 2, name] as const));
    });
    after(async () => {
      await redis.close();
      await server.stop();
    });

    it("goes over all keys", async () => {
      const keys = await all(redis.scanIterator({ match: "m*", count: 50, unique: true }));
      assert.deepEqual(keys.sort(), names);
      assert.deepEqual(await all(redis.scanIterator({ type: "hash" })), ["a:hash"]);
    });

    it("goes over sets, hashes and sorted sets", async () => {
      assert.deepEqual((await all(redis.sscanIterator("a:set", { unique: true }))).sort(), names);
      const fields = new Map(await all(redis.hscanIterator("a:hash")));
      assert.equal(fields.size, 500);
      assert.equal(fields.get(names[7]!), "7");
      const scores = new Map(await all(redis.zscanIterator("a:zset", { count: 20 })));
      assert.equal(scores.size, 500);
      assert.equal(scores.get(names[7]!), 3.5);
      assert.deepEqual(await all(redis.sscanIterator("none")), []);
    });

    it("gives bytes to a client of bytes", async () => {
      const [first] = await all(redis.bytes().scanIterator({ type: "hash" }));
      assert.deepEqual(first, new TextEncoder().encode("a:hash"));
      const scores = await all(redis.bytes().zscanIterator("a:zset", { unique: true }));
      assert.equal(scores.length, 500);
      assert.ok(scores[0]![0] instanceof Uint8Array && typeof scores[0]![1] === "number");
    });

    it("leaves nothing behind when left early", async () => {
      let seen = 0;
      for await (const _ of redis.scanIterator({ count: 10 })) if (++seen === 3) break;
      assert.equal(seen, 3);
      assert.equal(redis.pool.stats().inUse, 1);
      assert.equal(await redis.ping(), "PONG");
    });

    it("passes errors on", async () => {
      await assert.rejects(all(redis.sscanIterator("a:hash")), { code: "WRONGTYPE" });
    });
  });
}

describe("iterators: what comes twice", () => {
  const peer = new ScriptedPeer({
    script: (command, connection) => {
      if (command[0] !== "SCAN") return connection.serve();
      return command[1] === "0" ? ["7", ["a", "b"]] : ["0", ["b", "c"]];
    },
  });

  it("comes twice, as it does from the server, unless it must be unique", async () => {
    await using redis = new Redis({ transport: peer.transport() });
    assert.deepEqual(await all(redis.scanIterator()), ["a", "b", "b", "c"]);
    assert.deepEqual(await all(redis.scanIterator({ unique: true })), ["a", "b", "c"]);
  });

  it("goes over several servers as over one", async () => {
    const shard = (...keys: string[]): Pick<Executor, "execute"> => ({
      execute: () => Promise.resolve({ cursor: "0", keys }),
    });
    const executor = {
      shards: () => Promise.resolve([shard("a", "b"), shard("b", "c")]),
    } as unknown as Executor;
    assert.deepEqual(await all(scanKeys(executor, {} as never)), ["a", "b", "b", "c"]);
    assert.deepEqual(await all(scanKeys(executor, {} as never, { unique: true })), ["a", "b", "c"]);
  });
});
