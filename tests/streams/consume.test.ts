import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ConsumeOptions, Redis, type StreamMessage } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";

const options = (stream: string, more: Partial<ConsumeOptions> = {}): ConsumeOptions => ({
  stream,
  group: "g",
  consumer: "one",
  block: 200,
  ...more,
});

/** Takes the given number of messages, and acknowledges them on request. */
async function take(
  messages: AsyncIterable<StreamMessage>,
  count: number,
  ack = true,
): Promise<StreamMessage[]> {
  const taken: StreamMessage[] = [];
  for await (const message of messages) {
    if (ack) assert.equal(await message.ack(), true);
    taken.push(message);
    if (taken.length === count) break;
  }
  return taken;
}

const said = (messages: readonly StreamMessage[]): string[] =>
  messages.map(({ origin, fields }) => `${origin} ${fields.n}`);

for (const protocol of [2, 3] as const) {
  describe(`consumers of streams, RESP${protocol}`, () => {
    let server: Server;
    let redis: Redis;
    before(async () => {
      server = await startServer();
      redis = new Redis(server.url, { protocol, reconnect: { backoff: "constant:10" } });
    });
    after(async () => {
      await redis.close();
      await server.stop();
    });
    const add = async (stream: string, ...numbers: number[]): Promise<void> => {
      for (const n of numbers) await redis.xadd(stream, "*", { n });
    };
    const pending = async (stream: string): Promise<number> => (await redis.xpending(stream, "g")).count;

    it("makes group and stream, and gives what is there and what comes", async () => {
      const taking = take(redis.consume(options("new")), 3);
      await waitFor("the group", async () => (await redis.exists("new")) === 1 ? undefined : "no stream");
      await add("new", 1, 2, 3);
      const messages = await taking;
      assert.deepEqual(said(messages), ["new 1", "new 2", "new 3"]);
      assert.equal(messages[0]!.stream, "new");
      assert.equal(await messages[0]!.ack(), false);
      assert.equal(await pending("new"), 0);
    });

    it("begins where it is told to", async () => {
      await add("from", 1);
      await redis.xgroupCreate("from", "g", "0");
      await add("from", 2);
      assert.deepEqual(said(await take(redis.consume(options("from", { create: "$" })), 2)), [
        "new 1",
        "new 2",
      ]);
      await assert.rejects(take(redis.consume(options("none", { create: false })), 1), { code: "NOGROUP" });
    });

    it("gives what was not acknowledged first, after a restart of the consumer", async () => {
      await add("again", 1, 2, 3);
      assert.deepEqual(said(await take(redis.consume(options("again", { count: 2 })), 2, false)), [
        "new 1",
        "new 2",
      ]);
      assert.equal(await pending("again"), 2);
      const messages = await take(redis.consume(options("again", { count: 1 })), 3);
      assert.deepEqual(said(messages), ["pending 1", "pending 2", "new 3"]);
      assert.equal(await pending("again"), 0);
    });

    it("strikes off what was deleted while it was pending", async () => {
      await add("deleted", 1, 2);
      const [first] = await take(redis.consume(options("deleted")), 2, false);
      await redis.xdel("deleted", first!.id);
      assert.deepEqual(said(await take(redis.consume(options("deleted")), 1)), ["pending 2"]);
      assert.equal(await pending("deleted"), 0);
    });

    it("claims what others left behind", { skip: olderThan("6.2.0", "XAUTOCLAIM") }, async () => {
      await add("stale", 1, 2);
      await take(redis.consume(options("stale", { consumer: "gone" })), 2, false);
      await add("stale", 3);
      const claim = { minIdle: 1, every: 5 };
      const messages = await take(redis.consume(options("stale", { claim })), 3);
      assert.deepEqual(said(messages).sort(), ["claimed 1", "claimed 2", "new 3"]);
    });

    it("goes over several streams", async () => {
      await add("s1", 1);
      await add("s2", 2);
      const messages = await take(redis.consume({ ...options(""), stream: ["s1", "s2"] }), 2);
      assert.deepEqual(said(messages).sort(), ["new 1", "new 2"]);
    });

    it("gives bytes to a client of bytes", async () => {
      await add("raw", 1);
      for await (const message of redis.bytes().consume(options("raw"))) {
        assert.deepEqual([...message.fields.values()], [new Uint8Array([49])]);
        assert.equal(message.stream, "raw");
        break;
      }
    });

    it("stops when its signal says so, waiting or not, and keeps what was not acknowledged pending", async () => {
      const controller = new AbortController();
      const waiting = take(redis.consume(options("stop", { signal: controller.signal, block: 60_000 })), 1);
      await waitFor("the blocked call", async () => {
        return /cmd=xreadgroup/.test(String(await redis.clientList())) ? undefined : "nobody waits";
      });
      controller.abort();
      assert.deepEqual(await waiting, []);

      await add("stop", 1, 2);
      const second = new AbortController();
      const seen: StreamMessage[] = [];
      for await (const message of redis.consume(options("stop", { signal: second.signal }))) {
        seen.push(message);
        second.abort();
        assert.equal(await message.ack(), true);
      }
      assert.equal(seen.length, 1);
      assert.equal(await pending("stop"), 1);
    });

    it("goes on over a cut, with what the server gave out and nobody saw", async () => {
      await using proxy = await startProxy(server);
      await using client = new Redis(proxy.url, { protocol, reconnect: { backoff: "constant:10" } });
      await add("cut", 1);
      const seen: string[] = [];
      for await (const message of client.consume(options("cut", { block: 60_000 }))) {
        seen.push(`${message.origin} ${message.fields.n}`);
        if (seen.length === 1) {
          // Not acknowledged: the consumer holds it, and must not receive it again.
          client.addEventListener("reconnecting", () => {});
          const cut = proxy.connections.length;
          queueMicrotask(async () => {
            await waitFor("the blocked call", async () => {
              return /cmd=xreadgroup/.test(String(await redis.clientList())) ? undefined : "nobody waits";
            });
            for (const connection of proxy.open) connection.freeze("toClient");
            await add("cut", 2);
            await waitFor("the delivery", async () => (await pending("cut")) === 2 ? undefined : "not yet");
            proxy.killAll("reset");
            assert.ok(proxy.connections.length >= cut);
          });
        } else if (seen.length === 2) {
          await add("cut", 3);
        } else break;
      }
      assert.deepEqual(seen, ["new 1", "pending 2", "new 3"]);
    });

    it("goes on over a restart of the server that lost all", async () => {
      const own = await startServer();
      try {
        await using client = new Redis(own.url, { protocol, reconnect: { backoff: "constant:10" } });
        await client.xadd("lost", "*", { n: 1 });
        const seen: string[] = [];
        for await (const message of client.consume(options("lost"))) {
          seen.push(`${message.origin} ${message.fields.n}`);
          if (seen.length === 2) break;
          await own.restart();
          await own.cli("XADD", "lost", "*", "n", 2);
        }
        assert.deepEqual(seen, ["new 1", "new 2"]);
      } finally {
        await own.stop();
      }
    });

    it("ends when the client is closed", async () => {
      const client = new Redis(server.url, { protocol });
      const iterator = client.consume(options("closing", { block: 50 }));
      const next = iterator.next();
      await waitFor(
        "the stream",
        async () => (await redis.exists("closing")) === 1 ? undefined : "no stream",
      );
      const ended = assert.rejects(next, { code: "CLOSED" });
      await client.close();
      await ended;
    });

    it("refuses what it cannot use", async () => {
      await assert.rejects(redis.consume({ ...options("x"), stream: [] }).next(), TypeError);
      await assert.rejects(redis.consume({ ...options("x"), group: "" }).next(), RangeError);
      await assert.rejects(redis.consume({ ...options("x"), consumer: undefined! }).next(), TypeError);
      await assert.rejects(
        redis.consume({ ...options("x"), cuont: 5 } as never).next(),
        /did you mean `consume.count`/,
      );
      await assert.rejects(
        redis.consume({ ...options("x"), concurrency: 5 } as never).next(),
        /without a handler/,
      );
      // The caller would not iterate over it.
      assert.throws(() => redis.consume({ ...options("x"), handler() {} } as never), /the second argument/);
      await assert.rejects(redis.consume({ ...options("x"), count: 0 }).next(), RangeError);
      await assert.rejects(
        redis.consume({ ...options("x"), claim: { minIdle: 9 }, heartbeat: 9 }).next(),
        RangeError,
      );
      await assert.rejects(redis.consume(options("x"), "handler" as never), TypeError);
    });
  });
}
