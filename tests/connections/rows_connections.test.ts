/**
 * The features of redis-py and coredis, row by row: the names of the groups are the rows of the table in
 * `docs/coming-from-python.md`.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  BlockingConnectionPool,
  Connection,
  type ConnectionOptions,
  ConnectionPool,
  MaxConnectionsError,
  Redis,
  type RedisError,
  TimeoutError,
} from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { type Server, startServer } from "../harness/server.ts";

let server: Server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const at = () => ({ host: server.host, port: server.port });

/** A server in memory, and simulated time: where a limit must run out, and no other. */
function simulate(): { clock: SimulatedClock; peer: ScriptedPeer; simulated: ConnectionOptions } {
  const clock = new SimulatedClock();
  const peer = new ScriptedPeer({ clock });
  return { clock, peer, simulated: { clock, transport: peer.transport({ clock }) } };
}

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
    const { clock, simulated } = simulate();
    await using pool = new BlockingConnectionPool({ ...simulated, maxConnections: 1, timeout: 40 });
    const acquiring = pool.acquire();
    await clock.advance(0);
    const held = await acquiring;
    const refused = assert.rejects(pool.acquire(), (error: RedisError) => {
      assert.ok(error instanceof MaxConnectionsError);
      assert.match(error.message, /all 1 stayed in use for 40 ms/);
      return error.code === "POOL_TIMEOUT" && error.executed === "no";
    });
    await clock.advance(40);
    await refused;
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
  it(
    "makes pools and clients, with options over it",
    { skip: olderThan("6.2.0", "CLIENT INFO") },
    async () => {
      await using pool = ConnectionPool.fromUrl(`${server.url}/3?maxConnections=7&clientName=from%2Durl`);
      assert.equal(pool.options.maxConnections, 7);
      using connection = await pool.acquire();
      assert.match(String(await connection.send(["CLIENT", "INFO"])), /name=from-url .* db=3 /);
      await using blocking = BlockingConnectionPool.fromUrl(`${server.url}?timeout=5`, { timeout: 6 });
      assert.ok(blocking instanceof BlockingConnectionPool);
      assert.equal(blocking.options.timeout, 6);
      await using redis = new Redis(`valkey://${server.host}:${server.port}/3`, { clientName: "over" });
      assert.equal(await redis.command("CLIENT", "GETNAME"), "over");
    },
  );

  it("refuses an unknown name with the nearest, and a redis-py name with ours and its unit", () => {
    assert.throws(() => ConnectionPool.fromUrl("redis://h?maxConections=1"), /maxConnections/);
    assert.throws(() => ConnectionPool.fromUrl("redis://h?socket_timeout=5"), /socketTimeout.*milliseconds/s);
  });
});

describe("Connection(host, port, db, username, password, socket_timeout, ...)", () => {
  it(
    "takes them all, and the server sees what it should",
    { skip: olderThan("6.2.0", "CLIENT INFO") },
    async () => {
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
    },
  );

  it("socketTimeout bounds the silence of one try, commandTimeout the whole", async () => {
    const { clock, peer, simulated } = simulate();
    peer.script = ([name], own) => name === "BLPOP" ? undefined : own.serve();
    await using pool = new ConnectionPool({ ...simulated, socketTimeout: 30, retry: false });
    const acquiring = pool.acquire();
    await clock.advance(0);
    using connection = await acquiring;
    const silent = assert.rejects(connection.send(["BLPOP", "nothing", 0]), (error: RedisError) => {
      assert.ok(error instanceof TimeoutError);
      return error.code === "SOCKET_TIMEOUT" && error.executed === "unknown";
    });
    await clock.advance(30);
    await silent;
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
  /** Returns how often a GET is sent to a server that does not answer it. */
  async function tries(options: string | object, multiplex: boolean): Promise<number> {
    const { clock, peer, simulated } = simulate();
    peer.script = (command, connection) => command[0] === "GET" ? undefined : connection.serve();
    const own = { ...simulated, socketTimeout: 40, multiplex };
    await using redis = typeof options === "string"
      ? new Redis(`redis://localhost?${options}`, own)
      : new Redis({ ...own, ...options });
    const failed = assert.rejects(redis.get("k"), (error: RedisError) => {
      assert.ok(error instanceof TimeoutError);
      return error.code === "SOCKET_TIMEOUT" && error.executed === "unknown";
    });
    await clock.advance(4_000);
    await failed;
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
