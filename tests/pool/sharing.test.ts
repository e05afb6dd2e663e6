/** Clients that come and go over one pool leave nothing behind in it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockingConnectionPool, ClusterConnectionPool, ConnectionPool, Redis } from "../../mod.ts";
import { TestCluster } from "../../testing.ts";
import { Simulated } from "../connections/simulated.ts";

/** A pool that counts the listeners for its end. */
class Counting extends ConnectionPool {
  closers = 0;

  override beforeClose(closer: () => Promise<void>): () => void {
    const forget = super.beforeClose(closer);
    this.closers++;
    return () => {
      this.closers--;
      forget();
    };
  }
}

describe("clients of one pool", () => {
  it("share a connection, which goes back with the last of them that multiplexes", async () => {
    const simulated = new Simulated();
    await using pool = new BlockingConnectionPool(simulated.options({ maxConnections: 1, timeout: 0 }));
    await using alone = new Redis({ pool, multiplex: false });
    const [first, second] = [new Redis({ pool }), new Redis({ pool })];
    await Promise.all([first.set("k", "v"), second.ping()]);
    const waiting = alone.get("k");
    await first.close();
    await simulated.clock.settle();
    assert.equal(pool.stats().waiting, 1);
    await second.close();
    assert.equal(await waiting, "v");
    assert.equal(pool.stats().opened, 1);
  });

  it("are forgotten by it when they are closed", async () => {
    const simulated = new Simulated();
    await using pool = new Counting(simulated.options());
    for (let round = 0; round < 3; round++) {
      for (const multiplex of [true, false]) {
        await using redis = new Redis({ pool, multiplex });
        await redis.ping();
        assert.equal(pool.closers, 1);
      }
      assert.equal(pool.closers, 0);
    }
    assert.equal(pool.stats().opened, 1);
  });

  it("say whose end it was when the pool is closed under them", async () => {
    const pool = new ConnectionPool(new Simulated().options());
    const redis = new Redis({ pool });
    await redis.ping();
    await pool.close();
    for (const client of [redis, new Redis({ pool })]) {
      await assert.rejects(client.get("k"), {
        code: "CLOSED",
        executed: "no",
        message: "Cannot run GET: the client or its pool is closed",
      });
      await client.close();
    }
  });

  it("leave no connection on which the server tells of changes, or owes replies", async () => {
    const simulated = new Simulated();
    await using pool = new ConnectionPool(simulated.options());
    const cached = new Redis({ pool, cache: true });
    await cached.get("k");
    await cached.close();
    assert.equal(pool.stats().created, 0);
    const hasty = new Redis({ pool });
    await hasty.ping();
    const [late] = await Promise.all([hasty.incr("n"), hasty.close()]);
    assert.equal(late, 1);
    assert.equal(pool.stats().created, 0);
  });

  const failing = [
    () => Promise.reject(new Error("rejected")),
    () => {
      throw new Error("thrown");
    },
  ];
  it("close with it, also where a listener for its end fails", async () => {
    for (const closer of failing) {
      const pool = new ConnectionPool(new Simulated().options({ closeGrace: 1 }));
      const redis = new Redis({ pool });
      await redis.ping();
      const held = await pool.acquire();
      pool.beforeClose(closer);
      const closed = pool.close();
      pool.release(held);
      await closed;
      assert.equal(pool.stats().created, 0);
      assert.equal(held.state, "closed");
    }
  });

  it("so does the pool of a cluster", async () => {
    await using cluster = new TestCluster({ masters: 1, replicas: 0 });
    const { transport, startupNodes } = cluster;
    for (const closer of failing) {
      const pool = new ClusterConnectionPool(startupNodes, { transport });
      const idle = await pool.acquireRandom();
      pool.release(idle);
      pool.beforeClose(closer);
      await pool.close();
      assert.equal(idle.state, "closed");
    }
  });
});
