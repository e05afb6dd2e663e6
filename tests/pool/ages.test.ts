/** minIdle, maxIdleTime and maxLifetime, in simulated time. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockingConnectionPool, ConnectionPool } from "../../mod.ts";
import { ErrorReply } from "../harness/resp.ts";
import { Simulated } from "../connections/simulated.ts";

const counts = (pool: ConnectionPool) => {
  const { created, idle, inUse, connecting } = pool.stats();
  return { created, idle, inUse, connecting };
};

describe("minIdle", () => {
  it("is opened in the background, and kept up whatever is taken or dies", async () => {
    const simulated = new Simulated();
    await using pool = new ConnectionPool(simulated.options({ minIdle: 2, maxConnections: 4 }));
    assert.deepEqual(counts(pool), { created: 0, idle: 0, inUse: 0, connecting: 0 });
    await simulated.clock.settle();
    assert.deepEqual(counts(pool), { created: 2, idle: 2, inUse: 0, connecting: 0 });
    const lease = pool.tryAcquire()!;
    await simulated.clock.settle();
    assert.deepEqual(counts(pool), { created: 3, idle: 2, inUse: 1, connecting: 0 });
    const more = [pool.tryAcquire()!, pool.tryAcquire()!];
    await simulated.clock.settle();
    assert.deepEqual(counts(pool), { created: 4, idle: 1, inUse: 3, connecting: 0 }, "never above the limit");
    for (const one of [lease, ...more]) one.disconnect();
    await simulated.clock.settle();
    assert.deepEqual(counts(pool), { created: 2, idle: 2, inUse: 0, connecting: 0 });
  });

  it("waits out a server that is down by the backoff of reconnect, and throws nothing", async () => {
    const simulated = new Simulated();
    simulated.peer.onConnection = () => {
      throw new Error("down");
    };
    await using pool = new ConnectionPool(
      simulated.options({ minIdle: 1, reconnect: { backoff: "constant:100" } }),
    );
    await simulated.clock.advance(1_050);
    assert.equal(simulated.peer.connections.length, 11);
    simulated.peer.onConnection = undefined;
    await simulated.clock.advance(100);
    assert.equal(pool.stats().idle, 1);
  });

  it("does not storm a server that closes the door behind each connection", async () => {
    const simulated: Simulated = new Simulated({
      onConnection: (connection) => void simulated.clock.setTimeout(() => connection.close(), 10),
    });
    await using pool = new ConnectionPool(
      simulated.options({ minIdle: 1, reconnect: { backoff: "constant:100" } }),
    );
    await simulated.clock.advance(1_050);
    assert.equal(simulated.peer.connections.length, 10);
    simulated.peer.onConnection = undefined;
    await simulated.clock.advance(2_000);
    assert.deepEqual(counts(pool), { created: 1, idle: 1, inUse: 0, connecting: 0 });
    // One that has served is replaced at once.
    simulated.peer.connections.at(-1)!.close();
    await simulated.clock.settle();
    assert.deepEqual(counts(pool), { created: 1, idle: 1, inUse: 0, connecting: 0 });
    assert.equal(pool.stats().closed, 11);
  });

  it("rests when the server says that it serves nobody", async () => {
    const simulated = new Simulated({
      onConnection: (connection) => {
        connection.send(new ErrorReply("DENIED not you"));
        connection.close();
      },
    });
    await using pool = new ConnectionPool(simulated.options({ protocol: 2, minIdle: 1 }));
    await simulated.clock.advance(60_000);
    assert.equal(simulated.peer.connections.length, 1);
    simulated.peer.onConnection = undefined;
    using _lease = await pool.acquire();
    await simulated.clock.settle();
    assert.deepEqual(counts(pool), { created: 2, idle: 1, inUse: 1, connecting: 0 });
  });

  it("rests after a wrong password until somebody gets through", async () => {
    const simulated = new Simulated({ password: "right" });
    let password = "wrong";
    await using pool = new ConnectionPool(
      simulated.options({ minIdle: 1, credentials: () => ({ password }) }),
    );
    await simulated.clock.advance(60_000);
    assert.equal(simulated.peer.connections.length, 1);
    password = "right";
    using _lease = await pool.acquire();
    await simulated.clock.settle();
    assert.deepEqual(counts(pool), { created: 2, idle: 1, inUse: 1, connecting: 0 });
  });

  it("gives its place to whoever asks meanwhile", async () => {
    const simulated = new Simulated({ onConnection: () => new Promise(() => {}) });
    await using pool = new ConnectionPool(
      simulated.options({ minIdle: 2, maxConnections: 2, closeGrace: 0 }),
    );
    await simulated.clock.settle();
    assert.equal(pool.stats().connecting, 2);
    simulated.peer.onConnection = undefined;
    using lease = await pool.acquire();
    assert.equal(lease.state, "ready");
    assert.deepEqual(counts(pool), { created: 1, idle: 0, inUse: 1, connecting: 1 });
  });

  it("serves those who wait first", async () => {
    const simulated = new Simulated();
    await using pool = new BlockingConnectionPool(simulated.options({ minIdle: 1, maxConnections: 1 }));
    const held = await pool.acquire();
    const waiting = pool.acquire();
    held.disconnect();
    using next = await waiting;
    assert.equal(next.state, "ready");
    assert.equal(simulated.peer.open.length, 1);
  });
});

describe("maxIdleTime", () => {
  it("closes what nobody used for so long, but for minIdle", async () => {
    const simulated = new Simulated();
    await using pool = new ConnectionPool(
      simulated.options({ maxIdleTime: 1_000, minIdle: 1, healthCheckInterval: 0 }),
    );
    const leases = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
    leases[0]![Symbol.dispose]();
    await simulated.clock.advance(500);
    for (const lease of leases.slice(1)) lease[Symbol.dispose]();
    const before = pool.stats().idle;
    await simulated.clock.advance(999);
    assert.ok(pool.stats().idle < before);
    await simulated.clock.advance(1);
    assert.equal(pool.stats().idle, 1);
    await simulated.clock.advance(100_000);
    assert.equal(pool.stats().idle, 1);
  });
});

describe("maxLifetime", () => {
  it("replaces idle connections at their age, jittered by up to a tenth", async () => {
    const simulated = new Simulated();
    await using pool = new ConnectionPool(
      simulated.options({ maxLifetime: 10_000, healthCheckInterval: 0, maxConnections: 20 }),
    );
    const ends: number[] = [];
    const start = simulated.clock.now();
    pool.addEventListener("closed", ({ detail }) => {
      assert.equal(detail.cause, undefined);
      ends.push(simulated.clock.now() - start);
    });
    const leases = await Promise.all(Array.from({ length: 20 }, () => pool.acquire()));
    const [kept, ...others] = leases;
    for (const lease of others) lease[Symbol.dispose]();
    await simulated.clock.advance(8_999);
    assert.equal(ends.length, 0);
    await simulated.clock.advance(1_001);
    assert.equal(ends.length, 19);
    assert.ok(ends.every((end) => end >= 9_000 && end <= 10_000));
    assert.ok(new Set(ends).size > 10, "they do not all go at once");
    assert.equal(kept!.state, "ready", "who holds one keeps it");
    kept![Symbol.dispose]();
    assert.equal(kept!.state, "closed");
  });
});
