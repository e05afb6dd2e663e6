/**
 * Bytes of up to 16 KiB are sent as they were at the time of the call, whatever the command had to wait for.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockingConnectionPool, Redis, type RedisOptions, script } from "../../mod.ts";
import { startServer } from "../harness/server.ts";

const encoder = new TextEncoder();
const SET = "return redis.call('SET', KEYS[1], ARGV[1])";

/** Calls `send` with bytes that change right after it; returns what the server has then. */
async function changed(redis: Redis, send: (value: Uint8Array) => Promise<unknown>, size = 5): Promise<void> {
  const value = new Uint8Array(size).fill(65);
  const sent = send(value);
  value.set(encoder.encode("XXXXX"));
  await sent;
  assert.equal(await redis.get("k"), "A".repeat(size));
  await redis.del("k");
}

describe("a Uint8Array that is changed after the call", () => {
  const ways: Record<string, (redis: Redis, value: Uint8Array) => Promise<unknown>> = {
    "a command": (redis, value) => redis.set("k", value),
    "a raw command": (redis, value) => redis.command("SET", "k", value),
    "a pipeline": (redis, value) => redis.pipeline().set("k", value).exec(),
    "a transaction": (redis, value) => redis.multi().set("k", value).exec(),
    "a script": (redis, value) => redis.execute(script(SET, { keys: ["k"], args: [value] })),
  };
  for (const [name, send] of Object.entries(ways)) {
    it(`${name}: before there is a connection, and on one`, async () => {
      await using server = await startServer();
      for (const options of [{}, { multiplex: false }] satisfies RedisOptions[]) {
        await using redis = new Redis(server.url, options);
        await using other = new Redis(server.url);
        await changed(other, (value) => send(redis, value));
        await changed(other, (value) => send(redis, value));
        await changed(other, (value) => send(redis, value), 16_384);
      }
    });
  }

  it("a command that waits for a connection of its own", async () => {
    await using server = await startServer();
    const pool = new BlockingConnectionPool(server.url, { maxConnections: 1, timeout: 0 });
    await using redis = new Redis({ pool, multiplex: false });
    await using other = new Redis(server.url);
    const held = await redis.pool.acquire();
    await changed(other, async (value) => {
      const sent = redis.set("k", value);
      queueMicrotask(() => held[Symbol.dispose]());
      await sent;
    });
    await pool.close();
  });

  it("words of a command given as such: the list, too", async () => {
    await using server = await startServer();
    await using redis = new Redis(server.url);
    using connection = await redis.pool.acquire();
    const words = ["SET", "k", "A"];
    const sent = connection.send(words);
    words[2] = "X";
    await sent;
    assert.equal(await redis.get("k"), "A");
  });
});
