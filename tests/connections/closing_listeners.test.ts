/** A shared connection that a listener closes stays closed, and each lease is returned once. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockingConnectionPool, type Connection, ConnectionError, type RedisError } from "../../mod.ts";
import { MultiplexedConnection } from "../../src/client/connections/multiplexed_connection.ts";
import type { Executor } from "../../src/client/executor.ts";
import { watch } from "../../src/client/pipeline/watch.ts";
import { Raw } from "../harness/resp.ts";
import { Outcome, Simulated } from "./simulated.ts";

const moments = ["ready", "lost", "connecting", "reconnecting"] as const;
/** The causes that end the first connection. */
const ends = {
  "the server": (simulated: Simulated) => simulated.peer.connections[0]!.reset(),
  "its lifetime": () => {},
};

describe("a shared connection that is closed by a listener", () => {
  for (const moment of moments) {
    for (const [reason, end] of Object.entries(ends)) {
      for (const maxConnections of [1, 2]) {
        it(`on ${moment}, after the end by ${reason}, of ${maxConnections}`, async () => {
          const simulated = new Simulated();
          const { clock } = simulated;
          const pool = new BlockingConnectionPool({
            ...simulated.options({ commandTimeout: 0 }),
            maxConnections,
            maxLifetime: reason === "its lifetime" ? 1_000 : 0,
          });
          const shared = new MultiplexedConnection(pool);
          let armed = false;
          let closed: Outcome<void> | undefined;
          const close = (): void => {
            if (armed) closed ??= new Outcome(shared.close());
          };
          shared.listen({
            push() {},
            ready: () => moment === "ready" && close(),
            lost: () => moment === "lost" && close(),
          });
          for (const name of ["connecting", "reconnecting"] as const) {
            shared.events.addEventListener(name, () => moment === name && close());
          }
          const connected = new Outcome(shared.connect());
          await clock.advance(100);
          assert.equal(connected.state, "resolved");
          armed = true;
          end(simulated);
          await clock.advance(2_000);
          if (closed === undefined) closed = new Outcome(shared.close());
          await clock.advance(60_000);
          assert.equal(closed.state, "resolved");
          const opened = simulated.peer.connections.length;
          await clock.advance(60_000);
          assert.equal(simulated.peer.connections.length, opened, "it connected again");
          const { inUse, connecting, waiting } = pool.stats();
          assert.deepEqual({ inUse, connecting, waiting }, { inUse: 0, connecting: 0, waiting: 0 });
          const ended = pool.close();
          await clock.advance(10_000);
          await ended;
        });
      }
    }
  }
});

describe("a lease", () => {
  it("of watch() is returned once when the next node gives none", async () => {
    const simulated = new Simulated();
    const pool = new BlockingConnectionPool({
      ...simulated.options({ commandTimeout: 0 }),
      maxConnections: 1,
    });
    simulated.peer.script = ([name], connection) =>
      name === "WATCH" ? new Raw("-MOVED 1 127.0.0.1:1\r\n") : connection.serve();
    let leases = 0;
    let second: Outcome<Connection> | undefined;
    const refused = new ConnectionError("no node", { code: "CONNECT", executed: "no" });
    const executor = {
      lease: () => {
        if (leases++ === 0) return pool.acquire();
        // Another caller has the connection by now.
        second = new Outcome(pool.acquire());
        return Promise.resolve().then(() => Promise.reject(refused));
      },
      redirected: () => Promise.resolve(true),
    } as unknown as Executor;
    const { clock } = simulated;
    const call = { mode: 0, timeout: 0, retry: pool.options.connection.retry } as never;
    const watched = new Outcome(
      watch({ executor, call, clock }, ["k"], () => assert.fail("it has no watch")),
    );
    await clock.advance(1_000);
    assert.equal(watched.error, refused);
    assert.equal(second?.state, "resolved");
    assert.equal(pool.stats().inUse, 1, "the lease of the other caller goes on");
    pool.release(second.value!);
    assert.throws(() => pool.release(second!.value!), (error: RedisError) => error.code === "NOT_LEASED");
    const ended = pool.close();
    await clock.advance(10_000);
    await ended;
  });

  it("of a lost connection can be returned by all who know of it", async () => {
    const simulated = new Simulated();
    const pool = new BlockingConnectionPool(simulated.options({ commandTimeout: 0 }));
    const acquired = new Outcome(pool.acquire());
    await simulated.clock.advance(100);
    const connection = acquired.value!;
    simulated.peer.connections[0]!.reset();
    await simulated.clock.advance(100);
    assert.equal(connection.state, "closed");
    pool.release(connection);
    pool.release(connection);
    connection[Symbol.dispose]();
    assert.equal(pool.stats().inUse, 0);
    await pool.close();
  });
});
