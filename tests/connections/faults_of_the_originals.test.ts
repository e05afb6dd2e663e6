/**
 * Known faults of redis-py, redis-py-cluster and coredis, which this client must not have. The tests of the
 * cluster client cover the faults of cluster mode: options dropped silently, remap rules that ignore MOVED,
 * CONFIG sent to every node, and a read-only mode that reads masters.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionPool, Redis, type RedisOptions, type SocketOptions, type Transport } from "../../mod.ts";
import { Raw } from "../harness/resp.ts";
import { Outcome, Simulated } from "./simulated.ts";

describe("faults of the originals", () => {
  /** Returns how often a GET is sent that the server always answers with BUSY. */
  async function sent(url: string, options: RedisOptions<never>): Promise<number> {
    const simulated = new Simulated({
      script: (command, connection) =>
        command[0] === "GET" ? new Raw("-BUSY a script\r\n") : connection.serve(),
    });
    await using redis = new Redis(url, simulated.options(options));
    const got = new Outcome(redis.get("k"));
    await simulated.clock.advance(1_000);
    assert.equal(got.verdict, "ReplyError BUSY no");
    return simulated.peer.count("GET");
  }

  it("a URL gets no retries where an object does: here both do, by every spelling", async () => {
    assert.equal(await sent("redis://h", {}), 4);
    assert.equal(await sent("redis://h?retry.attempts=2&retry.backoff=constant:5", {}), 3);
    assert.equal(await sent("redis://h", { retry: { attempts: 2, backoff: "constant:5" } }), 3);
    assert.equal(await sent("redis://h?retryOnError=BUSY", {}), 2);
    assert.equal(await sent("redis://h", { retryOnError: ["BUSY"] }), 2);
  });

  it("retry_on_error in a URL is read as letters: here as names of errors", async () => {
    const { options } = new ConnectionPool("redis://h?retryOnError=ConnectionError,TimeoutError");
    assert.deepEqual(options.connection.retry.on, ["ConnectionError", "TimeoutError"]);
    assert.equal(await sent("redis://h?retryOnError=ConnectionError,BUSY", {}), 2);
    assert.equal(await sent("redis://h?retryOnError=ConnectionError", {}), 1);
    assert.throws(() => new ConnectionPool("redis://h?retryOnError="), /`retryOnError`/);
  });

  it("socket_keepalive=off is read as true: here keepAlive=off is off, down to the socket", async () => {
    const simulated = new Simulated();
    const seen: SocketOptions["keepAlive"][] = [];
    const transport: Transport = {
      name: "watched",
      connect: (endpoint, options, handlers) => {
        seen.push(options.keepAlive);
        return simulated.transport.connect(endpoint, options, handlers);
      },
    };
    for (const spelling of ["off", "false", "no", "0", "on"]) {
      await using redis = new Redis(`redis://h?keepAlive=${spelling}`, simulated.options({ transport }));
      await redis.connect();
    }
    assert.deepEqual(seen, [false, false, false, false, true]);
    assert.throws(() => new Redis("redis://h?socket_keepalive=off"), /keepAlive/);
    assert.throws(() => new Redis("redis://h?keepAlive=maybe"), /`keepAlive`/);
  });

  it("the counter of created connections never falls: here it does, however a connection goes", async () => {
    const simulated = new Simulated();
    await using pool = new ConnectionPool(simulated.options({ maxConnections: 2 }));
    for (let round = 0; round < 5; round++) {
      const [cut, closed] = [await pool.acquire(), await pool.acquire()];
      assert.equal(pool.stats().created, 2);
      simulated.peer.connections.find(({ id }) => id === cut.id)!.reset();
      closed.disconnect();
      await simulated.clock.settle();
      assert.equal(pool.stats().created, 0);
      pool.release(cut);
      pool.release(closed);
    }
    assert.deepEqual([pool.stats().opened, pool.stats().closed], [10, 10]);
    simulated.peer.onConnection = () => {
      throw new Error("down");
    };
    const failed = new Outcome(pool.acquire());
    await simulated.clock.advance(10_000);
    assert.equal(failed.state, "rejected");
    assert.deepEqual([pool.stats().created, pool.stats().connecting], [0, 0]);
  });
});
