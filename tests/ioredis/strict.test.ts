import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import Redis from "../../ioredis.ts";
import { type Server, startServer } from "../harness/server.ts";
import { type Client, event, outcome } from "./differential.ts";

describe("ioredis: strict", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());

  it("sends again what is read-only, and says of all else that it may have run", async () => {
    const options = { port: server.port, host: server.host, retryStrategy: () => 20 };
    const redis: Client = new Redis({ ...options, strict: true });
    const other: Client = new Redis(options);
    try {
      const id = await redis.client("ID");
      await redis.set("key", "value");
      const replies = [redis.blpop("nothing", 0), redis.incr("counter"), redis.get("key")].map(outcome);
      let blocked = "";
      while (!blocked.includes("blocked_clients:1")) blocked = await other.info("clients");
      const ready = event(redis, "ready");
      await other.client("KILL", "ID", id);
      await ready;
      const [popped, counted, value] = await Promise.all(replies) as [Client, Client, unknown];
      assert.deepEqual([popped.name, popped.executed, popped.command.name], [
        "AbortError",
        "unknown",
        "blpop",
      ]);
      assert.equal(counted.executed, "unknown");
      assert.equal(value, "value");
      assert.equal(await redis.get("counter"), null);
    } finally {
      redis.disconnect();
      other.disconnect();
    }
  });

  it("names what is not there", () => {
    const redis: Client = new Redis({ lazyConnect: true });
    assert.throws(() => redis.stream, /redis\.stream/);
    assert.throws(() => new Redis({ Connector: class {} } as object), /Connector/);
    redis.disconnect();
  });
});
