/**
 * The memory of idle connections: they share their buffers, so that thousands cost little.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ConnectionPool, Redis } from "../../mod.ts";
import { type Server, startServer } from "../harness/server.ts";
import { ReadBuffers } from "../../transports/shared/read_buffers.ts";

/** Connections that are opened one after the other. */
const CONNECTIONS = 150;
/** The bytes of new buffers for each connection. */
const MOST = 1_024;
/** The bytes of new buffers that all connections share. */
const SHARED = 131_072;

/** Runs a function, and returns the bytes of all typed arrays that were created meanwhile by their length. */
async function allocatedBy(run: () => Promise<void>): Promise<number> {
  const { Uint8Array: original } = globalThis;
  let allocated = 0;
  globalThis.Uint8Array = new Proxy(original, {
    construct(target, given: unknown[], newTarget) {
      if (typeof given[0] === "number") allocated += given[0];
      return Reflect.construct(target, given, newTarget);
    },
  });
  try {
    await run();
  } finally {
    globalThis.Uint8Array = original;
  }
  return allocated;
}

describe("idle connections", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());

  it("of a pool create no buffers of their own, after they were used", async () => {
    await using pool = new ConnectionPool(server.url, { maxConnections: CONNECTIONS + 1 });
    // The first one loads the transport.
    (await pool.acquire())[Symbol.dispose]();
    const leased: Disposable[] = [];
    const allocated = await allocatedBy(async () => {
      for (let index = 0; index < CONNECTIONS; index++) {
        const connection = await pool.acquire();
        leased.push(connection);
        assert.equal(await connection.send(["ECHO", "hello"]), "hello");
      }
    });
    for (const connection of leased) connection[Symbol.dispose]();
    assert.ok(allocated < CONNECTIONS * MOST + SHARED, `${allocated} bytes`);
  });

  it("of clients neither, also after values of 20 kB in both directions", async () => {
    const value = "x".repeat(20_000);
    await using first = new Redis(server.url);
    await first.set("value", value);
    const clients: Redis[] = [];
    const allocated = await allocatedBy(async () => {
      for (let index = 0; index < CONNECTIONS / 5; index++) {
        const client = new Redis(server.url);
        clients.push(client);
        await client.set(`value:${index}`, value);
        assert.equal(await client.get("value"), value);
        // Short replies, after which a runtime that reads into a buffer of the connection gives it back.
        for (let time = 0; time < 4; time++) await client.strlen("value");
      }
    });
    await Promise.all(clients.map((client) => client.close()));
    assert.ok(allocated < CONNECTIONS / 5 * MOST + SHARED, `${allocated} bytes`);
  });
});

describe("the buffers of a socket that waits for bytes", () => {
  it("are short until a chunk fills one, and again after three short chunks", () => {
    const buffers = new ReadBuffers();
    const short = buffers.buffer.length;
    assert.equal(short, 512);
    buffers.used(short - 1);
    assert.equal(buffers.buffer.length, short);
    buffers.used(short);
    assert.equal(buffers.buffer.length, 65_536);
    for (const length of [1, 1, 20_000, 1, 1]) buffers.used(length);
    assert.equal(buffers.buffer.length, 65_536);
    const { buffer } = buffers;
    buffers.used(1);
    assert.equal(buffers.buffer.length, short);
    // Another socket gets the same memory.
    const other = new ReadBuffers();
    other.used(short);
    assert.equal(other.buffer, buffer);
    other.end();
    assert.equal(other.buffer.length, short);
  });

  it("have the size of the option readBufferSize at most", () => {
    for (const size of [64, 512, 1_000]) {
      const buffers = new ReadBuffers(size);
      buffers.used(buffers.buffer.length);
      assert.equal(buffers.buffer.length, size);
    }
  });
});
