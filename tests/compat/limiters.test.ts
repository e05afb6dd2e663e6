import assert from "node:assert/strict";
import { describe, it } from "node:test";
import Redis from "../../ioredis.ts";
import { type Any, skip, useLibraries } from "./libraries.ts";

describe("ioredis: libraries that limit rates", () => {
  const libraries = useLibraries("ioredis-limiters", {
    "@fastify/rate-limit": "11.2.0",
    "bottleneck": "2.19.5",
    "express": "5.3.0",
    "express-rate-limit": "8.7.4",
    "fastify": "5.12.8",
    "rate-limit-redis": "6.0.1",
    "rate-limiter-flexible": "11.4.0",
  });
  const { connect, load } = libraries;

  it("rate-limiter-flexible counts", { skip }, async () => {
    const { RateLimiterRedis } = await load("rate-limiter-flexible");
    const limiter = new RateLimiterRedis({ storeClient: connect(), points: 2, duration: 60 });
    assert.equal((await limiter.consume("user")).remainingPoints, 1);
    await limiter.consume("user");
    await assert.rejects(limiter.consume("user"), (refused: Any) => refused.remainingPoints === 0);
    assert.equal((await limiter.get("user")).consumedPoints, 3);
    assert.equal(await limiter.delete("user"), true);
  });

  it("@fastify/rate-limit refuses the third request of two", { skip }, async () => {
    const app = (await load("fastify")).default();
    const plugin = (await load("@fastify/rate-limit")).default;
    await app.register(plugin, { max: 2, timeWindow: 60_000, redis: connect() });
    app.get("/", () => "ok");
    const answers: unknown[] = [];
    for (let call = 0; call < 3; call++) {
      const { statusCode, headers } = await app.inject("/");
      answers.push([statusCode, headers["x-ratelimit-remaining"]]);
    }
    await app.close();
    assert.deepEqual(answers, [[200, "1"], [200, "0"], [429, "0"]]);
  });

  it("rate-limit-redis counts for express-rate-limit", { skip }, async () => {
    const { RedisStore } = await load("rate-limit-redis");
    const client = connect();
    const store = new RedisStore({
      sendCommand: (name: string, ...args: string[]) => client.call(name, ...args),
    });
    await store.init({ windowMs: 60_000 });
    assert.equal((await store.increment("user")).totalHits, 1);
    assert.equal((await store.increment("user")).totalHits, 2);
    await store.decrement("user");
    assert.equal((await store.get("user")).totalHits, 1);
    await store.resetKey("user");
    assert.equal((await store.increment("user")).totalHits, 1);
  });

  it("bottleneck shares its limits", { skip }, async () => {
    const { default: Bottleneck } = await load("bottleneck");
    const { host, port } = libraries.server;
    const limiter = new Bottleneck({
      id: "limiter",
      datastore: "ioredis",
      clearDatastore: true,
      Redis,
      clientOptions: { host, port },
      maxConcurrent: 2,
      reservoir: 5,
    });
    await limiter.ready();
    const run = (n: number): Promise<number> => limiter.schedule(() => Promise.resolve(n * 2));
    assert.deepEqual(await Promise.all([1, 2, 3, 4].map(run)), [2, 4, 6, 8]);
    assert.equal(await limiter.currentReservoir(), 1);
    await limiter.disconnect();
  });
});
