/** The first calls of new users, and the mistakes in them: promises without `await`, wrong words, printing. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { inspect as inspectOfNode } from "node:util";
import {
  Connection,
  ConnectionError,
  ConnectionPool,
  Redis,
  type SocketOptions,
  TimeoutError,
  type Transport,
} from "../../mod.ts";
import { type Server, startServer } from "../harness/server.ts";

/** Returns the text that `console.log` prints; that of Deno differs from Node's. */
const inspect: (value: unknown) => string =
  (globalThis as { Deno?: { inspect(value: unknown): string } }).Deno?.inspect ??
    inspectOfNode;

let server: Server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const at = () => ({ host: server.host, port: server.port });

describe("closing a client before it has connected", () => {
  it("still runs what was called on it", async () => {
    const redis = new Redis(at());
    const calls = Array.from({ length: 100 }, (_, index) => redis.set(`early:${index}`, index));
    const closed = redis.close();
    await assert.rejects(redis.get("late"), { code: "CLOSED", executed: "no" });
    assert.deepEqual(await Promise.all(calls), Array(100).fill("OK"));
    await closed;
    assert.equal(await server.cli("GET", "early:99"), "99");
  });

  it("does so over a shared pool, and leaves that open", async () => {
    await using pool = new ConnectionPool(at());
    const redis = new Redis({ pool });
    const call = redis.set("shared", 1);
    await redis.close();
    assert.equal(await call, "OK");
    assert.equal(pool.closed, false);
  });

  it("does not wait for the connection when nobody does any more", async () => {
    // A connect that never comes to anything, and no limit that would end it.
    const connect = (_at: unknown, { signal }: SocketOptions) =>
      new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    const transport: Transport = { name: "never", connect };
    const redis = new Redis({ transport, connectTimeout: 0, commandTimeout: 0, closeGrace: 0x7fffffff });
    const caller = new AbortController();
    const call = redis.with({ signal: caller.signal }).get("k");
    caller.abort(new Error("given up"));
    await assert.rejects(call, /given up/);
    await redis.close();
    // Nor when the deadlines are over of those who do.
    const late = new Redis({ transport, connectTimeout: 0, commandTimeout: 20, closeGrace: 0x7fffffff });
    const expired = assert.rejects(late.get("k"), { code: "COMMAND_TIMEOUT", executed: "no" });
    await late.close();
    await expired;
  });

  it("rejects it when the first try to connect fails", async () => {
    const redis = new Redis({ path: "/nowhere/to/be/found.sock" });
    const call = redis.get("k");
    const closed = redis.close();
    await assert.rejects(call, { code: "CLOSED", executed: "no" });
    await closed;
  });
});

describe("a pool of one", () => {
  it("lends again at once what came back in another state", async () => {
    await using pool = new ConnectionPool({ ...at(), maxConnections: 1 });
    const first = await pool.acquire();
    await first.send(["SELECT", 5]);
    pool.release(first);
    using second = await pool.acquire();
    await second.send(["SET", "lent:again", "in 0"]);
    assert.equal(await server.cli("GET", "lent:again"), "in 0");
    assert.equal(pool.stats().created, 1);
    // The connection whose session was being reset is closed, and does not return to the pool.
    await first.closed;
    await assert.rejects(pool.acquire(), { code: "MAX_CONNECTIONS" });
  });
});

describe("a database that does not exist", () => {
  it("is told at once, by the command and by connect()", async () => {
    await using redis = new Redis({ ...at(), db: 9_999, commandTimeout: 0 });
    const refused = { name: "ConnectionError", code: "REFUSED", executed: "no", message: /out of range/ };
    await assert.rejects(redis.ping(), refused);
    await assert.rejects(redis.connect(), refused);
    await assert.rejects(redis.pool.acquire(), refused);
  });
});

describe("wrong words", () => {
  it("are refused where a text stands for a list", async () => {
    const connection = new Connection(at());
    await connection.connect();
    const wrong = "PING" as unknown as string[];
    const refused = { name: "TypeError", message: /it must be a list of words/ };
    await assert.rejects(connection.send(wrong), refused);
    assert.throws(() => connection.packCommand(wrong), refused);
    assert.throws(() => connection.packCommands(["PING", "PING"] as unknown as string[][]), refused);
    assert.equal(await connection.send(["PING"]), "PONG");
    await using redis = new Redis(at());
    for (const name of [undefined, null, 7, ["GET", "k"]]) {
      assert.throws(() => redis.command(name as unknown as string), {
        name: "TypeError",
        message: /must be text/,
      });
    }
    assert.equal(await redis.command("PING"), "PONG");
    connection.disconnect();
  });

  it("are refused where packed bytes are none, instead of waiting for a reply", async () => {
    const connection = new Connection({ ...at(), commandTimeout: 0 });
    await connection.connect();
    const refused = { name: "TypeError", message: /must be a Uint8Array that is not empty/ };
    await assert.rejects(connection.sendPacked("PING\r\n" as unknown as Uint8Array, 1), refused);
    await assert.rejects(connection.sendPacked(new Uint8Array(0), 1), refused);
    assert.deepEqual(await connection.sendPacked(connection.packCommand(["PING"]), 1), ["PONG"]);
    connection.disconnect();
  });

  it("does nothing when it is called again on a connection that is ready", async () => {
    const connection = new Connection(at());
    await connection.connect();
    const { id } = connection;
    await Promise.all([connection.connect(), connection.connect()]);
    assert.deepEqual([connection.state, connection.id], ["ready", id]);
    assert.equal(await connection.send(["PING"]), "PONG");
    connection.disconnect();
    await assert.rejects(connection.connect(), { code: "CLOSED" });
  });

  it("are refused where packed bytes bring another number of replies, which would be read as those of others", async () => {
    const connection = new Connection(at());
    await connection.connect();
    const two = connection.packCommands([["INCR", "packed"], ["INCR", "packed"]]);
    for (const [bytes, replies] of [[two, 1], [two, 3], [two.subarray(0, two.length - 3), 2]] as const) {
      await assert.rejects(connection.sendPacked(bytes, replies), replies === 2 ? TypeError : RangeError);
    }
    await assert.rejects(connection.sendPacked(new TextEncoder().encode("PING\r\n")), TypeError);
    const large = connection.packCommands([["SET", "large", "x".repeat(20_000)], ["ECHO", "b"]]);
    await assert.rejects(connection.sendPacked(large), RangeError);
    assert.deepEqual(await connection.send(["EXISTS", "packed", "large"]), 0);
    assert.deepEqual(await connection.sendPacked(two, 2), [1, 2]);
    assert.equal(connection.settled, true);
    connection.disconnect();
  });
});

describe("printing", () => {
  it("shows what a client, a pool or a connection is, in one line without secrets", async () => {
    const redis = new Redis({ ...at(), username: "default", password: "hunter2" });
    await redis.ping();
    const where = `redis://default:[redacted]@${server.host}:${server.port}/0`;
    assert.equal(inspect(redis), `Redis { ${where} }`);
    assert.equal(
      inspect(redis.pool),
      `BlockingConnectionPool { ${where}: 1 of 100 connections in use, 0 idle, 0 connecting, 0 waiting for one }`,
    );
    const connection = await redis.pool.acquire();
    assert.equal(inspect(connection), `Connection { ${where}, ready }`);
    redis.pool.release(connection);
    await redis.close();
    const error: Error = await redis.ping().then(() => assert.fail(), (reason) => reason);
    assert.ok(error instanceof ConnectionError && !(error instanceof TimeoutError));
    assert.ok(!inspect(error).includes("hunter2"));
  });
});
