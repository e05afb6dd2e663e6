/**
 * The features of redis-py and coredis, row by row: the names of the groups are the rows of the table in
 * `docs/coming-from-python.md`.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  BlockingConnectionPool,
  Connection,
  ConnectionError,
  ConnectionPool,
  MaxConnectionsError,
  Redis,
  type RedisError,
} from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";

let server: Server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const at = () => ({ host: server.host, port: server.port });
/** Returns the number of clients of this name at the server. */
async function clientsNamed(name: string): Promise<number> {
  return String(await server.cli("CLIENT", "LIST")).split("\n").filter((line) =>
    line.includes(` name=${name} `)
  )
    .length;
}

describe("ConnectionPool(connection_class, max_connections, **kwargs)", () => {
  it("refuses at its limit at once: of ten calls on two connections eight fail", async () => {
    await using pool = new ConnectionPool({ ...at(), maxConnections: 2 });
    await using redis = new Redis({ pool, multiplex: false });
    await redis.set("fubar", 1);
    const calls = Array.from({ length: 10 }, () => redis.get("fubar"));
    const results = await Promise.allSettled(calls);
    const failed = results.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    assert.equal(failed.length, 8);
    for (const { reason } of failed) {
      assert.ok(reason instanceof MaxConnectionsError && reason instanceof ConnectionError);
      assert.equal(reason.code, "MAX_CONNECTIONS");
      assert.equal(reason.executed, "no");
      assert.match(reason.message, /all 2 are in use/);
    }
  });

  it("lets all ten succeed where ten connections may be", async () => {
    await using redis = new Redis({ ...at(), maxConnections: 10, multiplex: false });
    await redis.set("fubar", 1);
    const results = await Promise.all(Array.from({ length: 10 }, () => redis.get("fubar")));
    assert.deepEqual(results, Array(10).fill("1"));
    assert.equal(redis.pool.stats().created, 10);
  });

  it("needs one connection for all of them by default, as they share it", async () => {
    await using redis = new Redis({ ...at(), maxConnections: 2 });
    await redis.set("fubar", 1);
    const results = await Promise.all(Array.from({ length: 10 }, () => redis.get("fubar")));
    assert.deepEqual(results, Array(10).fill("1"));
    assert.equal(redis.pool.stats().created, 1);
  });

  it("sends nothing more for a client that is closed: calls that wait for a connection are told", async () => {
    const never = { code: "CLOSED", executed: "no" };
    await using pool = new BlockingConnectionPool({ ...at(), maxConnections: 1 });
    const sharing = new Redis({ pool, multiplex: false });
    const held = await pool.acquire();
    const waiting = [
      assert.rejects(sharing.set("late", 1), { ...never, message: /SET: the client is closed/ }),
      assert.rejects(sharing.blpop("late", 1), never),
      assert.rejects(sharing.pipeline().set("late", 1).exec(), never),
    ];
    await sharing.close();
    await Promise.all(waiting);
    pool.release(held);
    const owning = new Redis({ ...at(), multiplex: false });
    // Its connection is not open yet.
    const opening = assert.rejects(owning.set("late", 1), { ...never, message: /SET: the client is closed/ });
    await owning.close();
    await opening;
    assert.equal(await server.cli("EXISTS", "late"), 0);
  });

  it("takes the connection that was used last", async () => {
    await using pool = new ConnectionPool(at());
    const [a, b, c] = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
    for (const connection of [b, c, a]) pool.release(connection);
    assert.equal(await pool.acquire(), a);
    assert.equal(await pool.acquire(), c);
    assert.equal(await pool.acquire(), b);
    for (const connection of [a, b, c]) pool.release(connection);
  });

  it("has room for 100 by default, and takes no limit below 1", () => {
    assert.equal(new ConnectionPool(at()).options.maxConnections, 100);
    for (const maxConnections of [0, -1, 1.5]) {
      assert.throws(() => new ConnectionPool({ ...at(), maxConnections }), RangeError);
    }
  });

  it("is one pool a database", async () => {
    await using zero = new ConnectionPool({ ...at(), db: 0 });
    await using one = new ConnectionPool({ ...at(), db: 1 });
    const [a, b] = [new Redis({ pool: zero }), new Redis({ pool: one })];
    await Promise.all([a.set("where", "zero"), b.set("where", "one")]);
    assert.deepEqual(await Promise.all([a.get("where"), b.get("where")]), ["zero", "one"]);
  });

  it("is shared by clients, and closed by the one who made it", async () => {
    const pool = new ConnectionPool(at());
    const [a, b] = [new Redis({ pool }), new Redis({ pool })];
    await a.set("shared", "yes");
    await a.close();
    assert.equal(await b.get("shared"), "yes");
    await b.close();
    assert.equal(pool.closed, false);
    const connection = await pool.acquire();
    assert.equal(await connection.send(["PING"]), "PONG");
    pool.release(connection);
    await pool.close();
    await assert.rejects(pool.acquire(), (error: RedisError) => error.code === "CLOSED");
  });
});

describe("get_connection, make_connection, release", () => {
  it("acquire lends, release and the end of a block take back", async () => {
    await using pool = new ConnectionPool(at());
    const first = await pool.acquire();
    assert.equal(pool.stats().inUse, 1);
    pool.release(first);
    {
      using second = await pool.acquire();
      assert.equal(second, first);
      assert.equal(pool.stats().inUse, 1);
    }
    assert.deepEqual([pool.stats().inUse, pool.stats().idle], [0, 1]);
  });

  it("releasing twice, or a foreign one, is an error", async () => {
    await using pool = new ConnectionPool(at());
    await using other = new ConnectionPool(at());
    const connection = await pool.acquire();
    const notLeased = (error: RedisError) => error.code === "NOT_LEASED";
    assert.throws(() => other.release(connection), notLeased);
    pool.release(connection);
    assert.throws(() => pool.release(connection), notLeased);
    assert.throws(() => pool.release(new Connection(at())), notLeased);
    assert.equal(pool.stats().idle, 1);
  });

  it("makeConnection makes one that is not connected and not the pool's", async () => {
    await using pool = new ConnectionPool({ ...at(), clientName: "made" });
    const connection = pool.makeConnection();
    assert.equal(connection.state, "idle");
    await connection.connect();
    assert.equal(await connection.send(["CLIENT", "GETNAME"]), "made");
    assert.equal(pool.stats().created, 0);
    connection.disconnect();
  });

  it("acquire ends by its signal, before, while it waits and while it connects", async () => {
    await using pool = new BlockingConnectionPool({ ...at(), maxConnections: 1 });
    const reason = new Error("given up");
    await assert.rejects(pool.acquire({ signal: AbortSignal.abort(reason) }), reason);
    using held = await pool.acquire();
    const waiting = new AbortController();
    const acquired = pool.acquire({ signal: waiting.signal });
    assert.equal(pool.stats().waiting, 1);
    waiting.abort(reason);
    await assert.rejects(acquired, reason);
    assert.equal(pool.stats().waiting, 0);
    pool.disconnect();
    assert.equal(held.state, "closed");
    const connecting = new AbortController();
    const opened = pool.acquire({ signal: connecting.signal });
    assert.equal(pool.stats().connecting, 1);
    connecting.abort(reason);
    await assert.rejects(opened, reason);
    assert.deepEqual([pool.stats().connecting, pool.stats().created], [0, 0]);
    using again = await pool.acquire();
    assert.equal(await again.send(["PING"]), "PONG");
  });

  it("what comes back otherwise than it was lent is put right, or replaced", {
    skip: olderThan("6.2.0", "CLIENT INFO"),
  }, async () => {
    await using pool = new ConnectionPool({ ...at(), db: 2 });
    const dirty = async (...commands: string[][]): Promise<boolean> => {
      const connection = await pool.acquire();
      for (const words of commands) await connection.send(words);
      const repaired = new Promise((resolve) => connection.listen({ closed: resolve }));
      pool.release(connection);
      if (pool.stats().inUse > 0) {
        // The session is being reset: the next command on the connection runs after that.
        await Promise.race([repaired, connection.send(["PING"])]);
      }
      using next = await pool.acquire();
      assert.match(String(await next.send(["CLIENT", "INFO"])), / flags=N .*db=2 .* multi=(-1|0) /);
      assert.equal(await next.send(["GET", "none"]), null);
      return next === connection;
    };
    assert.equal(await dirty(["SELECT", "5"]), true);
    assert.equal(await dirty(["WATCH", "k"]), true);
    assert.equal(await dirty(["MULTI"], ["SET", "never", "1"]), true);
    assert.equal(await dirty(["CLIENT", "SETNAME", "x"]), false);
    assert.equal(await dirty(["CLIENT", "NO-EVICT", "on"]), false);
    assert.equal(await server.cli("EXISTS", "never"), 0);
  });

  it("closes one that was used behind its release, while its session was being reset", async () => {
    await using pool = new ConnectionPool({ ...at(), maxConnections: 1 });
    const connection = await pool.acquire();
    await connection.send(["SELECT", "5"]);
    pool.release(connection);
    const late = connection.send(["BLPOP", "released", "0"]);
    await assert.rejects(late, { code: "CLOSED", executed: "unknown" });
    await connection.closed;
    using next = await pool.acquire();
    assert.notEqual(next, connection);
    assert.equal(pool.stats().opened, 2);
  });
});

describe("disconnect(inuse_connections=True), reset()", () => {
  it("disconnect cuts those in use too, whose holders see a ConnectionError; the pool goes on", async () => {
    await using pool = new ConnectionPool(at());
    const held = await pool.acquire();
    pool.release(await pool.acquire());
    const waiting = held.send(["BLPOP", "nothing", 0], { timeout: 0 });
    pool.disconnect({ inUse: true });
    await assert.rejects(waiting, (error: RedisError) => {
      assert.ok(error instanceof ConnectionError);
      assert.equal(error.code, "CLOSED");
      return /the pool was disconnected/.test(error.message);
    });
    assert.deepEqual([pool.stats().created, pool.stats().idle, pool.stats().inUse], [0, 0, 0]);
    pool.release(held);
    using next = await pool.acquire();
    assert.equal(await next.send(["PING"]), "PONG");
  });

  it("disconnect({ inUse: false }) leaves them alone", async () => {
    await using pool = new ConnectionPool(at());
    using held = await pool.acquire();
    pool.release(await pool.acquire());
    pool.disconnect({ inUse: false });
    assert.deepEqual([pool.stats().idle, pool.stats().inUse], [0, 1]);
    assert.equal(await held.send(["PING"]), "PONG");
  });

  it("reset does so and counts from zero", async () => {
    await using pool = new ConnectionPool(at());
    const held = await pool.acquire();
    assert.equal(pool.stats().opened, 1);
    pool.reset();
    assert.equal(held.state, "closed");
    const { opened, closed, created } = pool.stats();
    assert.deepEqual({ opened, closed, created }, { opened: 0, closed: 0, created: 0 });
  });

  it("close waits for those in use up to closeGrace, then cuts them", async () => {
    const pool = new ConnectionPool({ ...at(), closeGrace: 50 });
    const [back, kept] = [await pool.acquire(), await pool.acquire()];
    const late = assert.rejects(kept.send(["BLPOP", "nothing", 0], { timeout: 0 }), (error: RedisError) => {
      assert.deepEqual([error.code, error.executed], ["CLOSED", "unknown"]);
      return /the pool was closed/.test(error.message);
    });
    const closed = pool.close();
    pool.release(back);
    await closed;
    await late;
    assert.equal(kept.state, "closed");
    const patient = new ConnectionPool({ ...at(), closeGrace: 60_000 });
    const lease = await patient.acquire();
    const closing = patient.close();
    assert.equal(await lease.send(["PING"]), "PONG");
    lease[Symbol.dispose]();
    await closing;
    assert.equal(patient.stats().created, 0);
  });
});

describe("created_connections, available, in use", () => {
  it("stats tells them, and counters fall when a connection dies", async () => {
    await using pool = new ConnectionPool({ ...at(), clientName: "counted", maxConnections: 5 });
    const [a, b] = [await pool.acquire(), await pool.acquire()];
    pool.release(b);
    const { leases: _, longestLease, ...counts } = pool.stats();
    assert.deepEqual(counts, {
      created: 2,
      idle: 1,
      inUse: 1,
      connecting: 0,
      waiting: 0,
      max: 5,
      opened: 2,
      closed: 0,
    });
    assert.ok(longestLease >= 0);
    assert.equal(await clientsNamed("counted"), 2);
    await server.cli("CLIENT", "KILL", "ID", a.id!);
    await server.cli("CLIENT", "KILL", "ID", b.id!);
    await Promise.all([a.closed, b.closed]);
    const { created, idle, inUse, closed } = pool.stats();
    assert.deepEqual({ created, idle, inUse, closed }, { created: 0, idle: 0, inUse: 0, closed: 2 });
    pool.release(a); // lost while it was held: no error
  });

  it("tells who holds what and for how long, with trackLeases where it was taken", async () => {
    await using pool = new ConnectionPool({ ...at(), trackLeases: true });
    async function forgetful(): Promise<Connection> {
      return await pool.acquire();
    }
    using _first = await forgetful();
    using _second = await pool.acquire();
    const { leases } = pool.stats();
    assert.equal(leases!.length, 2);
    assert.match(leases![0]!.takenAt.split("\n")[0]!, /forgetful/);
    assert.ok(leases![0]!.heldFor >= leases![1]!.heldFor);
    assert.match(pool.explain(), /2 of 100 connections in use, 0 idle/);
    assert.match(pool.explain(), /held for \d+ ms, taken\n +at .*forgetful/);
  });

  it("names the one who waited, not the one who released", async () => {
    await using pool = new BlockingConnectionPool({ ...at(), maxConnections: 1, trackLeases: true });
    const held = await pool.acquire();
    async function patient(): Promise<Connection> {
      return await pool.acquire();
    }
    const waiting = patient();
    pool.release(held);
    using _lease = await waiting;
    assert.match(pool.stats().leases![0]!.takenAt, /patient/);
  });

  it("without trackLeases explain says how to find out", async () => {
    await using pool = new ConnectionPool(at());
    using _lease = await pool.acquire();
    assert.equal(pool.stats().leases, undefined);
    assert.match(pool.explain(), /trackLeases: true/);
  });

  it("tells of connecting, ready, exhausted and closed, and nothing breaks by a listener that throws", async () => {
    await using pool = new BlockingConnectionPool({ ...at(), maxConnections: 1 });
    const told: string[] = [];
    for (const name of ["connecting", "ready", "exhausted", "closed"] as const) {
      pool.addEventListener(name, ({ detail }) => told.push(`${name} ${JSON.stringify(detail)}`));
    }
    pool.addEventListener("listenererror", ({ detail }) => told.push(`failed in ${detail.event}`));
    pool.addEventListener("ready", () => {
      throw new Error("a mistake in a listener");
    }, { once: true });
    const held = await pool.acquire();
    await held.send(["PING"]);
    const waiting = pool.acquire();
    held.disconnect();
    using next = await waiting;
    await next.send(["PING"]);
    assert.deepEqual(told, [
      'connecting {"attempt":1}',
      'ready {"protocol":3}',
      "failed in ready",
      'exhausted {"waiting":1,"max":1}',
      'connecting {"attempt":1}',
      "closed {}",
      'ready {"protocol":3}',
    ]);
  });
});
