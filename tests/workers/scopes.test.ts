/** Clients over a transport whose sockets belong to scopes, as they do in Workers. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionPool, Redis, RedisCluster, type Transport } from "../../mod.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";

/** A transport to a peer, whose scope the test chooses; `undefined` is the global scope. */
class ScopedTransport implements Transport {
  readonly name = "scoped";
  readonly peer: ScriptedPeer = new ScriptedPeer();
  now: object | undefined = undefined;
  readonly #inner: Transport = this.peer.transport();
  connect: Transport["connect"] = (...args) => this.#inner.connect(...args);
  scope(): object {
    if (this.now === undefined) throw new Error("Disallowed operation called within global scope");
    return this.now;
  }
}

describe("a client over a transport with scopes", () => {
  it("has a connection, a pool and statistics for each scope", async () => {
    const transport = new ScopedTransport();
    const redis = new Redis({ transport });
    const [one, other] = [{}, {}];
    transport.now = one;
    await redis.set("k", 1);
    const { pool } = redis;
    transport.now = other;
    assert.equal(await redis.with({ timeout: 1_000 }).get("k"), "1");
    assert.notEqual(redis.pool, pool);
    assert.equal(redis.stats().inUse, 1);
    transport.now = one;
    assert.equal(redis.pool, pool);
    assert.equal(await redis.incr("k"), 2);
    assert.equal(transport.peer.connections.length, 2);
    await redis.close();
    await assert.rejects(redis.get("k"), { code: "CLOSED" });
    transport.now = other;
    assert.equal(await redis.get("k"), "2");
    await redis.close();
    assert.equal(transport.peer.open.length, 0);
  });

  it("refuses commands of all kinds in global scope, and can be closed there", async () => {
    const transport = new ScopedTransport();
    const redis = new Redis({ transport });
    const refused = { name: "ConnectionError", code: "NO_SCOPE", executed: "no" };
    await assert.rejects(redis.get("k"), refused);
    await assert.rejects(redis.bytes().get("k"), refused);
    await assert.rejects(redis.connect(), refused);
    await assert.rejects(redis.pipeline().get("k").exec(), refused);
    await assert.rejects(redis.watch("k", () => {}), refused);
    await redis.close();
    transport.now = {};
    assert.equal(await redis.ping(), "PONG");
    await redis.close();
  });

  it("emits the events of all scopes to listeners that were added in global scope", async () => {
    const transport = new ScopedTransport();
    const redis = new Redis({ transport });
    const events: string[] = [];
    for (const type of ["connecting", "ready"] as const) {
      redis.addEventListener(type, () => events.push(type));
    }
    for (const scope of [{}, {}]) {
      transport.now = scope;
      await redis.connect();
      await redis.close();
    }
    assert.deepEqual(events, ["connecting", "ready", "connecting", "ready"]);
  });

  it("shares a pool that it is given with the clients of the same scope only", async () => {
    const transport = new ScopedTransport();
    const pool = new ConnectionPool({ transport });
    for (const scope of [{}, {}, {}]) {
      transport.now = scope;
      const [redis, another] = [new Redis({ pool }), new Redis({ pool })];
      await Promise.all([redis.ping(), another.ping()]);
      assert.equal(redis.pool, another.pool);
      await redis.pool.close();
    }
    assert.equal(transport.peer.connections.length, 3);
  });

  it("a cluster's client is made for each scope", async () => {
    const transport = new ScopedTransport();
    const redis = new RedisCluster([{ host: "a", port: 1 }], { transport });
    await assert.rejects(redis.get("k"), { code: "NO_SCOPE" });
    transport.now = {};
    const { pool } = redis;
    transport.now = {};
    assert.notEqual(redis.pool, pool);
    await redis.close();
  });
});
