import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { readMonitorLine } from "../../src/client/commands/monitor_line.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";

describe("MONITOR, keyspace notifications and push frames", () => {
  let server: Server;
  before(async () => void (server = await startServer({ config: ["notify-keyspace-events KEA"] })));
  after(() => server.stop());

  for (const protocol of [2, 3] as const) {
    it(`watches commands over RESP${protocol}, also after a cut, and pings meanwhile`, async () => {
      await using proxy = await startProxy({ port: server.port });
      await using redis = new Redis(proxy.url, {
        protocol,
        healthCheckInterval: 20,
        reconnect: { backoff: "constant:5" },
      });
      await using other = new Redis(server.url);
      const monitor = redis.monitor();
      await monitor.ready;
      // Valkey 8.1 does not escape quotes, so the end of such a word is unknown.
      const word = server.name === "valkey" && server.version.startsWith("8.1.")
        ? "a quoted\n\x01 word"
        : 'a "quoted"\n\x01 word';
      await other.set("k", word);
      const find = async (name: string) => {
        for await (const item of { [Symbol.asyncIterator]: () => ({ next: () => monitor.next() }) }) {
          if (item.kind === "gap" ? name === "gap" : item.words[0]?.toUpperCase() === name) return item;
        }
        throw new Error("The monitor has ended");
      };
      const set = await find("SET");
      assert.deepEqual(set.kind === "command" && set.words.slice(1), ["k", word]);
      await find("PING");
      proxy.killAll();
      await find("gap");
      await other.get("k");
      await find("GET");
      monitor.close();
      assert.equal((await monitor.next()).done, true);
      assert.equal(await redis.ping(), "PONG");
    });

    it(`hears what happens to keys over RESP${protocol}`, async () => {
      await using redis = new Redis(server.url, { protocol, db: 1 });
      const events = redis.keyspace({ keys: "user:*" });
      const first = events.next();
      while ((await redis.pubsubNumpat()) === 0) await redis.ping();
      await redis.set("user:1", "x");
      assert.deepEqual((await first).value, { kind: "event", event: "set", key: "user:1", db: 1 });
      await events.return(undefined);
      const deleted = redis.keyspace({ event: "del", db: 1 });
      const next = deleted.next();
      while ((await redis.pubsubNumpat()) === 0) await redis.ping();
      await redis.del("user:1");
      assert.deepEqual((await next).value, { kind: "event", event: "del", key: "user:1", db: 1 });
      await deleted.return(undefined);
      await assert.rejects(redis.keyspace({ event: "del", keys: "a" }).next(), TypeError);
    });
  }

  it("hands pushes to those who asked for the kind, and passes over others", async () => {
    await using redis = new Redis(server.url, { cache: true });
    const invalidated = Promise.withResolvers<readonly string[] | null>();
    const stop = redis.onPush("invalidate", (keys) => invalidated.resolve(keys));
    redis.onPush("unheard-of", () => assert.fail("nobody sends it"));
    await redis.get("k");
    await server.cli("SET", "k", "other");
    assert.deepEqual(await invalidated.promise, ["k"]);
    stop();
  });

  it("reads lines", () => {
    assert.deepEqual(readMonitorLine('1339518083.107412 [3 lua] "get" "\\x00\\\\x"'), {
      kind: "command",
      time: 1339518083107.412,
      db: 3,
      client: "lua",
      words: ["get", "\0\\x"],
    });
    const [text, bytes] =
      readMonitorLine('1.5 [0 lua] "\\xd0\\xb9 \\xf0\\x9f\\x98\\x80" "\\xff\\xe9"')!.words;
    assert.equal(text, "й 😀");
    assert.equal(bytes, "\xff\xe9");
    assert.equal(readMonitorLine("OK"), undefined);
  });
});
