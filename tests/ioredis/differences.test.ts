/** The differences that the guide for switching lists, each shown with ioredis and with this library. @module */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import Genuine from "ioredis";
import Face from "../../ioredis.ts";
import { type Server, startServer } from "../harness/server.ts";
import { type Client, event, outcome } from "./differential.ts";

describe("ioredis: what is different", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());

  /** Runs a program with a client of each library; returns what ioredis gave, and what this library gave. */
  async function both<T>(
    options: object,
    program: (redis: Client) => Promise<T>,
  ): Promise<[ioredis: T, keywire: T]> {
    const results: T[] = [];
    for (const Redis of [Genuine, Face] as Client[]) {
      const redis = new Redis({ port: server.port, host: server.host, ...options });
      try {
        await redis.flushall();
        results.push(await program(redis));
      } finally {
        redis.disconnect();
      }
    }
    return results as [T, T];
  }

  it("a command without its keys gets none from keyPrefix", async () => {
    const [theirs, ours] = await both({ keyPrefix: "p:" }, async (redis) => {
      const error = await outcome(redis.incr());
      return error instanceof Error ? error.message : error;
    });
    assert.equal(theirs, 1);
    assert.match(String(ours), /wrong number of arguments/);
  });

  it("callBuffer keeps its command with enableAutoPipelining", async () => {
    const [theirs, ours] = await both({ enableAutoPipelining: true }, async (redis) => {
      const reply = await outcome(redis.callBuffer("echo", "text"));
      return reply instanceof Error ? "an error" : String(reply);
    });
    assert.equal(theirs, "an error");
    assert.equal(ours, "text");
  });

  it("a client with sharded channels stays in subscriber mode under RESP2", async () => {
    const [theirs, ours] = await both({ protocol: 2 }, async (redis) => {
      await redis.ssubscribe("sharded");
      await redis.unsubscribe("other");
      return redis.mode;
    });
    assert.equal(theirs, "normal");
    assert.equal(ours, "subscriber");
  });

  it("an argument whose toString() throws rejects the command", async () => {
    const redis: Client = new Face({ port: server.port, host: server.host });
    const argument = {
      toString: (): string => {
        throw new Error("no text");
      },
    };
    assert.match(String(await outcome(redis.set("key", argument))), /no text/);
    assert.equal(await redis.exists("key"), 0);
    redis.disconnect();
  });

  it("a command on its way is rejected with autoResendUnfulfilledCommands: false", async () => {
    const options = { port: server.port, host: server.host, retryStrategy: () => 1 };
    const redis: Client = new Face({ ...options, autoResendUnfulfilledCommands: false });
    const other: Client = new Face(options);
    const id = await redis.client("ID");
    const reply = outcome(redis.blpop("nothing", 0));
    let blocked = "";
    while (!blocked.includes("blocked_clients:1")) blocked = await other.info("clients");
    await other.client("KILL", "ID", id);
    assert.equal((await reply as Error).name, "AbortError");
    assert.equal(await redis.ping(), "PONG");
    redis.disconnect();
    other.disconnect();
  });

  it("unsubscribe() without channels resolves although patterns are left", async () => {
    const redis: Client = new Face({ port: server.port, host: server.host });
    await redis.subscribe("a", "b");
    await redis.psubscribe("p*");
    assert.equal(await redis.unsubscribe(), 1);
    redis.disconnect();
  });

  it("disconnect() ends a cluster's client that waits to reconnect", async () => {
    const cluster: Client = new Face.Cluster([{ host: "127.0.0.1", port: 1 }], {
      clusterRetryStrategy: () => 60_000,
    });
    cluster.on("error", () => {});
    await event(cluster, "reconnecting");
    const ended = event(cluster, "end");
    cluster.disconnect();
    await ended;
    assert.equal(cluster.status, "end");
  });
});
