/** close(): what has been answered is ended in order, and not cut. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Connection, ConnectionPool, Redis, type Transport } from "../../mod.ts";
import { socketOf } from "../harness/socket.ts";

const OK = new TextEncoder().encode("+PONG\r\n");

/** Answers PING, and notes how its sockets end. */
function noting(ends: string[]): Transport {
  return {
    name: "noting",
    connect: (_endpoint, _options, handlers) =>
      Promise.resolve(socketOf({
        write() {
          setTimeout(() => handlers.data(OK), 0);
        },
        close() {
          ends.push("closed");
          return Promise.resolve();
        },
        destroy: () => void ends.push("destroyed"),
      })),
  };
}

const options = (ends: string[]) => ({
  transport: noting(ends),
  protocol: 2,
  libName: false,
  healthCheckInterval: 0,
} as const);

describe("close()", () => {
  it("of a client closes its connection", async () => {
    const ends: string[] = [];
    const redis = new Redis(options(ends));
    await redis.ping();
    await redis.close();
    assert.deepEqual(ends, ["closed"]);
  });

  it("of a client without multiplexing closes those of its pool", async () => {
    const ends: string[] = [];
    const redis = new Redis({ ...options(ends), multiplex: false });
    await Promise.all([redis.ping(), redis.ping()]);
    await redis.close();
    assert.deepEqual(ends, ["closed", "closed"]);
  });

  it("of a client leaves a pool that others gave it with an idle connection", async () => {
    const ends: string[] = [];
    const pool = new ConnectionPool(options(ends));
    const redis = new Redis({ pool });
    await redis.ping();
    await redis.close();
    assert.deepEqual([ends, pool.stats().idle], [[], 1]);
    await pool.close();
    assert.deepEqual(ends, ["closed"]);
  });

  it("of a connection closes its socket", async () => {
    const ends: string[] = [];
    const connection = new Connection(options(ends));
    await connection.connect();
    await connection.send(["PING"]);
    await connection.close();
    assert.deepEqual(ends, ["closed"]);
  });
});
