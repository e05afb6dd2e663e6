import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockingConnectionPool, Redis } from "../../mod.ts";
import {
  resolveBlockingPoolOptions,
  resolveOptions,
  resolvePoolOptions,
  resolveRedisOptions,
} from "../../src/options.ts";

class Stub {
  connect(): void {}
}

describe("pool options", () => {
  it("have the documented defaults", () => {
    const { connection: _, ...plain } = resolvePoolOptions();
    assert.deepEqual(plain, {
      maxConnections: 100,
      timeout: undefined,
      queue: "lifo",
      maxIdleTime: 0,
      maxLifetime: 0,
      minIdle: 0,
      trackLeases: false,
      closeGrace: 5_000,
      maxMultiplexed: 2,
    });
    const blocking = resolveBlockingPoolOptions();
    assert.equal(blocking.maxConnections, 50);
    assert.equal(blocking.timeout, 20_000);
  });

  it("are the same from a URL and from an object", () => {
    const url =
      "redis://h:1/2?maxConnections=7&queue=fifo&maxIdleTime=1&maxLifetime=off&minIdle=2&trackLeases=on" +
      "&closeGrace=none&timeout=9&connectTimeout=3&maxMultiplexed=1";
    const object = {
      host: "h",
      port: 1,
      db: 2,
      maxConnections: 7,
      queue: "fifo",
      maxIdleTime: 1,
      maxLifetime: 0,
      minIdle: 2,
      trackLeases: true,
      closeGrace: 0,
      maxMultiplexed: 1,
      timeout: 9,
      connectTimeout: 3,
    } as const;
    assert.deepEqual(resolveBlockingPoolOptions(url).toJSON(), resolveBlockingPoolOptions(object).toJSON());
    assert.equal(resolveBlockingPoolOptions(url, { maxConnections: 8 }).maxConnections, 8);
  });

  it("refuse 0 and no whole number as maxConnections", () => {
    for (const maxConnections of [0, -1, 1.5, NaN, Infinity]) {
      const expected = { name: "RangeError", message: /`maxConnections`/ };
      assert.throws(() => resolvePoolOptions({ maxConnections }), expected);
      assert.throws(() => resolveBlockingPoolOptions({ maxConnections }), expected);
      assert.throws(() => resolveRedisOptions({ maxConnections }), expected);
    }
    assert.throws(() => resolvePoolOptions("redis://h?maxConnections=0"), RangeError);
    assert.throws(() => resolvePoolOptions({ maxConnections: "5" as never }), TypeError);
    assert.throws(() => resolvePoolOptions({ maxConnections: 2, minIdle: 3 }), /`minIdle`.*`maxConnections`/);
  });

  it("take a class of connections, and a ground that was resolved before", () => {
    const ground = resolvePoolOptions("redis://h?maxConnections=3", { connectionClass: Stub });
    assert.equal(ground.connectionClass, Stub);
    assert.equal(ground.toJSON().connectionClass, "Stub");
    const other = resolvePoolOptions(ground, { db: 4 });
    assert.equal(other.connectionClass, Stub);
    assert.equal(other.maxConnections, 3);
    assert.equal(other.connection.db, 4);
    assert.equal(resolvePoolOptions(resolveOptions({ db: 5 })).connection.db, 5);
    assert.equal(resolveOptions(ground as never).host, "h");
  });
});

describe("client options", () => {
  it("are resolved once: the client's own pool uses them as they are", async () => {
    const redis = new Redis({ host: "h", commandTimeout: 7 });
    assert.equal(redis.options, redis.pool.options.connection);
    assert.equal(new BlockingConnectionPool(redis.pool.options).options, redis.pool.options);
    assert.equal(redis.duplicate({ db: 2 }).options.commandTimeout, 7);
    await redis.close();
  });

  const pool = { acquire() {}, release() {}, options: resolvePoolOptions("redis://h/3?commandTimeout=7") };

  it("take no class of connections that is none", () => {
    for (const connectionClass of [class {}, () => {}, {}]) {
      assert.throws(
        () => resolveRedisOptions({ connectionClass } as never),
        /`connectionClass`: it must be a class that extends Connection/,
      );
    }
  });

  it("multiplex by default and carry their pool's", () => {
    const options = resolveRedisOptions("redis://h?maxConnections=4&multiplex=off");
    assert.equal(options.multiplex, false);
    assert.equal(resolveRedisOptions().multiplex, true);
    assert.equal(options.poolOptions?.maxConnections, 4);
    assert.equal(options.connection, options.poolOptions?.connection);
    assert.equal(options.pool, undefined);
  });

  it("with a pool made elsewhere, follow the pool's, and take only what concerns their own calls", () => {
    const options = resolveRedisOptions({ pool, blockingGrace: 5 });
    assert.equal(options.pool, pool);
    assert.equal(options.poolOptions, undefined);
    assert.equal(options.connection.commandTimeout, 7);
    assert.equal(options.connection.blockingGrace, 5);
    assert.equal(options.connection.db, 3);
    assert.throws(() => resolveRedisOptions({ pool, db: 1 }), /`pool` and `db`/);
    assert.throws(() => resolveRedisOptions("redis://h", { pool }), /`pool` and `host`/);
    assert.throws(() => resolveRedisOptions({ pool: {} }), /`pool`.*acquire/);
  });
});
