/**
 * What redis-py and coredis give, row by row: the names of the groups are the rows of the table in
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
  TimeoutError,
} from "../../mod.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { type Server, startServer } from "../harness/server.ts";

let server: Server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const at = () => ({ host: server.host, port: server.port });
/** How many clients of this name the server has. */
async function clientsNamed(name: string): Promise<number> {
  return String(await server.cli("CLIENT", "LIST")).split("\n").filter((line) =>
    line.includes(` name=${name} `)
  )
    .length;
}

describe("ConnectionPool(connection_class, max_connections, **kwargs)", () => {
  it("refuses at its limit at once: of ten calls on two connections eight fail", async () => {
    await using redis = new Redis({ ...at(), maxConnections: 2, multiplex: false });
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

  it("what comes back otherwise than it was lent is put right, or replaced", async () => {
    await using pool = new ConnectionPool({ ...at(), db: 2 });
    const dirty = async (...commands: string[][]): Promise<boolean> => {
      const connection = await pool.acquire();
      for (const words of commands) await connection.send(words);
      const repaired = new Promise((resolve) => connection.listen({ closed: resolve }));
      pool.release(connection);
      if (pool.stats().inUse > 0) {
        // It is being put right: the next command on it comes behind that.
        await Promise.race([repaired, connection.send(["PING"])]);
      }
      using next = await pool.acquire();
      assert.match(String(await next.send(["CLIENT", "INFO"])), / db=2 .* multi=-1 /);
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
    const closed = pool.close();
    assert.equal(await back.send(["PING"]), "PONG");
    pool.release(back);
    await closed;
    assert.equal(kept.state, "closed");
    const patient = new ConnectionPool({ ...at(), closeGrace: 60_000 });
    const lease = await patient.acquire();
    const closing = patient.close();
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

describe("BlockingConnectionPool(max_connections=50, timeout=20, queue_class)", () => {
  it("has these defaults, and a queue that is lifo or fifo", async () => {
    const { maxConnections, timeout, queue } = new BlockingConnectionPool(at()).options;
    assert.deepEqual({ maxConnections, timeout, queue }, {
      maxConnections: 50,
      timeout: 20_000,
      queue: "lifo",
    });
    await using pool = new BlockingConnectionPool({ ...at(), queue: "fifo" });
    const [a, b] = [await pool.acquire(), await pool.acquire()];
    pool.release(a);
    pool.release(b);
    using next = await pool.acquire();
    assert.equal(next, a);
  });

  it("makes ten calls on two connections wait instead of fail", async () => {
    await using pool = new BlockingConnectionPool({ ...at(), maxConnections: 2 });
    await using redis = new Redis({ pool, multiplex: false });
    await redis.set("fubar", 1);
    assert.deepEqual(
      await Promise.all(Array.from({ length: 10 }, () => redis.get("fubar"))),
      Array(10).fill("1"),
    );
    assert.equal(pool.stats().opened, 2);
  });

  it("serves waiters in order, and a wait that is too long ends with POOL_TIMEOUT", async () => {
    await using pool = new BlockingConnectionPool({ ...at(), maxConnections: 1, timeout: 40 });
    const held = await pool.acquire();
    await assert.rejects(pool.acquire(), (error: RedisError) => {
      assert.ok(error instanceof MaxConnectionsError);
      assert.match(error.message, /all 1 stayed in use for 40 ms/);
      return error.code === "POOL_TIMEOUT" && error.executed === "no";
    });
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      using _lease = await pool.acquire();
      order.push(number);
    });
    pool.release(held);
    await Promise.all(waiting);
    assert.deepEqual(order, [1, 2, 3]);
  });

  it("a death of the connection gives the place to the next", async () => {
    await using pool = new BlockingConnectionPool({ ...at(), maxConnections: 1 });
    const held = await pool.acquire();
    const waiting = pool.acquire();
    await server.cli("CLIENT", "KILL", "ID", held.id!);
    using next = await waiting;
    assert.notEqual(next, held);
    assert.equal(await next.send(["PING"]), "PONG");
    pool.release(held);
  });

  it("close ends all waiting", async () => {
    const pool = new BlockingConnectionPool({ ...at(), maxConnections: 1 });
    const held = await pool.acquire();
    const waiting = pool.acquire();
    const closed = pool.close();
    await assert.rejects(waiting, (error: RedisError) => error.code === "CLOSED" && error.executed === "no");
    pool.release(held);
    await closed;
  });
});

describe("from_url", () => {
  it("makes pools and clients, with options over it", async () => {
    await using pool = ConnectionPool.fromUrl(`${server.url}/3?maxConnections=7&clientName=from%2Durl`);
    assert.equal(pool.options.maxConnections, 7);
    using connection = await pool.acquire();
    assert.match(String(await connection.send(["CLIENT", "INFO"])), /name=from-url .* db=3 /);
    await using blocking = BlockingConnectionPool.fromUrl(`${server.url}?timeout=5`, { timeout: 6 });
    assert.ok(blocking instanceof BlockingConnectionPool);
    assert.equal(blocking.options.timeout, 6);
    await using redis = new Redis(`valkey://${server.host}:${server.port}/3`, { clientName: "over" });
    assert.equal(await redis.command("CLIENT", "GETNAME"), "over");
  });

  it("refuses an unknown name with the nearest, and a redis-py name with ours and its unit", () => {
    assert.throws(() => ConnectionPool.fromUrl("redis://h?maxConections=1"), /maxConnections/);
    assert.throws(() => ConnectionPool.fromUrl("redis://h?socket_timeout=5"), /socketTimeout.*milliseconds/s);
  });
});

describe("Connection(host, port, db, username, password, socket_timeout, ...)", () => {
  it("takes them all, and the server sees what it should", async () => {
    await using own = await startServer({ acl: ["user bob on >s3cret ~* +@all"] });
    const connection = new Connection({
      host: own.host,
      port: own.port,
      db: 4,
      username: "bob",
      password: "s3cret",
      socketTimeout: 3_000,
      commandTimeout: 2_000,
      connectTimeout: 1_000,
      keepAlive: true,
      encoding: "latin1",
      readBufferSize: 16_384,
      healthCheckInterval: 0,
      clientName: "full",
      libName: "mine",
      libVersion: "9",
      retryOnTimeout: true,
      retryOnError: ["ConnectionError"],
    });
    await connection.connect();
    const info = String(await connection.send(["CLIENT", "INFO"]));
    assert.match(info, /name=full .*db=4 .*user=bob /);
    await connection.send(["SET", "latin", new Uint8Array([0xe9])]);
    assert.equal(await connection.send(["GET", "latin"]), "é");
    connection.disconnect();
  });

  it("socketTimeout bounds the silence of one try, commandTimeout the whole", async () => {
    await using pool = new ConnectionPool({ ...at(), socketTimeout: 30, retry: false });
    using connection = await pool.acquire();
    await assert.rejects(connection.send(["BLPOP", "nothing", 0]), (error: RedisError) => {
      assert.ok(error instanceof TimeoutError);
      return error.code === "SOCKET_TIMEOUT" && error.executed === "unknown";
    });
    assert.equal(connection.state, "closed");
  });
});

describe("connect, disconnect, send_command, send_packed_command, read_response, pack_command(s)", () => {
  it("are connect, disconnect, send, sendPacked, packCommand, packCommands; replies come in order", async () => {
    const connection = new Connection(at());
    await connection.connect();
    assert.equal(connection.state, "ready");
    const replies = await Promise.all([
      connection.send(["SET", "row", 1]),
      connection.send(["INCR", "row"]),
      connection.send(["GET", "row"]),
    ]);
    assert.deepEqual(replies, ["OK", 2, "2"]);
    const packed = connection.packCommands([["INCR", "row"], ["NOSUCH"], ["GET", "row"]]);
    const [three, error, text] = await connection.sendPacked(packed, 3);
    assert.equal(three, 3);
    assert.match(String(error), /unknown command/);
    assert.equal(text, "3");
    assert.deepEqual(await connection.sendPacked(connection.packCommand(["ECHO", "x"])), ["x"]);
    connection.disconnect();
    assert.equal(connection.state, "closed");
    await assert.rejects(
      connection.send(["PING"]),
      (error: RedisError) => error.code === "CLOSED" && error.executed === "no",
    );
  });
});

describe("retry_on_timeout, retry_on_error without a policy", () => {
  /** How often a GET is sent to a server that does not answer it. */
  async function tries(options: string | object, multiplex: boolean): Promise<number> {
    await using peer = new ScriptedPeer({
      script: (command, connection) => command[0] === "GET" ? undefined : connection.serve(),
    });
    const { host, port } = await peer.listen();
    const own = { socketTimeout: 40, multiplex };
    await using redis = typeof options === "string"
      ? new Redis(`redis://${host}:${port}?${options}`, own)
      : new Redis({ host, port, ...own, ...options });
    await assert.rejects(redis.get("k"), (error: RedisError) => {
      assert.ok(error instanceof TimeoutError);
      return error.code === "SOCKET_TIMEOUT" && error.executed === "unknown";
    });
    return peer.count("GET");
  }

  for (const multiplex of [true, false]) {
    it(`repeat exactly once, the same from a URL and from an object (multiplex: ${multiplex})`, async () => {
      assert.equal(await tries({ retryOnTimeout: true }, multiplex), 2);
      assert.equal(await tries("retryOnTimeout=on", multiplex), 2);
      assert.equal(await tries({ retryOnError: ["TimeoutError"] }, multiplex), 2);
      assert.equal(await tries("retryOnError=TimeoutError", multiplex), 2);
      assert.equal(await tries({ retryOnTimeout: false }, multiplex), 1);
      assert.equal(await tries("retryOnTimeout=off", multiplex), 1);
    });
  }
});

describe("custom connection classes", () => {
  class Audited extends Connection {
    readonly made: string = "mine";
    protected override setup(): readonly (readonly string[])[] {
      return [["CLIENT", "SETNAME", "audited"]];
    }
  }

  it("connectionClass makes a pool of them, typed", async () => {
    await using pool = new ConnectionPool<Audited>({ ...at(), connectionClass: Audited });
    using connection = await pool.acquire();
    assert.ok(connection instanceof Audited);
    assert.equal(connection.made, "mine");
    assert.equal(await connection.send(["CLIENT", "GETNAME"]), "audited");
    await using redis = new Redis({ pool });
    assert.equal(await redis.command("CLIENT", "GETNAME"), "audited");
  });
});
