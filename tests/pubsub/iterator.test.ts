import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis, RedisError } from "../../mod.ts";
import { Outcome, Simulated } from "../connections/simulated.ts";
import { Push, Raw } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";

/** Publishes 1 to `count` and waits until the server has given them out. */
async function publish(redis: Redis, count: number): Promise<void> {
  for (let from = 1; from <= count; from += 500) {
    const numbers = Array.from({ length: Math.min(500, count - from + 1) }, (_, index) => from + index);
    await Promise.all(numbers.map((number) => redis.publish("news", String(number))));
  }
}

for (const protocol of [2, 3] as const) {
  describe(`iterators over RESP${protocol}`, () => {
    let server: Server;
    before(async () => void (server = await startServer()));
    after(() => server.stop());

    it("yields messages and ends with the loop", async () => {
      await using redis = new Redis(server.url, { protocol });
      const subscription = redis.subscription("news", "sport", { patterns: ["w*"] });
      await subscription.ready;
      await publish(redis, 2);
      await redis.publish("weather", "rain");
      const seen: string[] = [];
      for await (const item of subscription) {
        assert.equal(item.kind, "message");
        seen.push((item as { message: string }).message);
        if (seen.length === 3) break;
      }
      assert.deepEqual(seen, ["1", "2", "rain"]);
      assert.equal(await redis.publish("news", "nobody hears"), 0);
      assert.deepEqual(await subscription.next(), { value: undefined, done: true });
    });

    it("hands out bytes on a view of bytes", async () => {
      await using redis = new Redis(server.url, { protocol });
      const subscription = redis.bytes().subscription(new Uint8Array([255, 0, 10]));
      await subscription.ready;
      await redis.publish(new Uint8Array([255, 0, 10]), new Uint8Array([128, 13]));
      const { value } = await subscription.next();
      assert.deepEqual(value, {
        kind: "message",
        channel: new Uint8Array([255, 0, 10]),
        message: new Uint8Array([128, 13]),
      });
    });

    it("ends by its signal with the reason, and by the client's close", async () => {
      await using redis = new Redis(server.url, { protocol });
      const stop = new AbortController();
      const aborted = redis.subscription("news", { signal: stop.signal });
      await aborted.ready;
      const next = aborted.next();
      stop.abort(new Error("enough"));
      await assert.rejects(next, /enough/);
      assert.equal((await aborted.next()).done, true);
      const open = redis.subscription("news");
      await open.ready;
      const last = open.next();
      await redis.close();
      assert.equal((await last).done, true);
      assert.throws(() => redis.subscription("news"), /closed/);
    });

    it("does not begin on a client that was closed before it was ever subscribed", async () => {
      const redis = new Redis(server.url, { protocol });
      await redis.ping();
      await redis.close();
      const closed = { code: "CLOSED", executed: "no" };
      await assert.rejects(redis.subscribe("news", () => {}), closed);
      assert.throws(() => redis.subscription("news"), closed);
      assert.throws(() => redis.monitor(), closed);
    });

    it("drops the oldest and tells so in front", async () => {
      await using redis = new Redis(server.url, { protocol });
      const subscription = redis.subscription("news", { buffer: 3 });
      await subscription.ready;
      await publish(redis, 10);
      while (subscription.stats().received < 10) await redis.ping();
      const { value: gap } = await subscription.next();
      assert.equal(gap?.kind === "gap" && gap.reason, "overflow");
      const rest = [await subscription.next(), await subscription.next(), await subscription.next()];
      assert.deepEqual(rest.map(({ value }) => (value as { message: string }).message), ["8", "9", "10"]);
      assert.equal(subscription.stats().dropped, 7);
    });

    it("drops the newest and tells so behind", async () => {
      await using redis = new Redis(server.url, { protocol });
      const subscription = redis.subscription("news", { buffer: 3, policy: "dropNewest" });
      await subscription.ready;
      await publish(redis, 10);
      while (subscription.stats().received < 10) await redis.ping();
      const kinds: string[] = [];
      for (let index = 0; index < 4; index++) {
        const { value } = await subscription.next();
        kinds.push(value!.kind === "gap" ? "gap" : (value as { message: string }).message);
      }
      assert.deepEqual(kinds, ["1", "2", "3", "gap"]);
      assert.equal(subscription.stats().dropped, 7);
    });

    it("fails when told to, behind what fitted", async () => {
      await using redis = new Redis(server.url, { protocol });
      const subscription = redis.subscription("news", { buffer: 2, policy: "error" });
      await subscription.ready;
      await publish(redis, 5);
      while (subscription.stats().received < 3) await redis.ping();
      assert.equal((await subscription.next()).done, false);
      assert.equal((await subscription.next()).done, false);
      await assert.rejects(
        subscription.next(),
        (error) => error instanceof RedisError && error.code === "BUFFER_FULL",
      );
      await subscription.close();
      assert.equal(await redis.publish("news", "nobody hears"), 0);
    });

    it("pauses its own connection, and loses nothing", async () => {
      await using redis = new Redis(server.url, { protocol });
      const subscription = redis.subscription("news", { buffer: 50, policy: "pause" });
      await subscription.ready;
      await publish(redis, 30_000);
      assert.equal(await redis.ping(), "PONG");
      assert.equal(subscription.stats().pauses, 1);
      assert.ok(subscription.stats().buffered < 10_000, `${subscription.stats().buffered} in memory`);
      let expected = 1;
      for await (const item of subscription) {
        assert.equal((item as { message: string }).message, String(expected));
        if (expected++ === 30_000) break;
      }
      assert.equal(subscription.stats().dropped, 0);
    });

    it("refuses options by name", async () => {
      await using redis = new Redis(server.url, { protocol });
      assert.throws(() => redis.subscription("a", { bufer: 1 } as never), /`bufer`/);
      assert.throws(() => redis.subscription("a", { buffer: 0 }), RangeError);
      assert.throws(() => redis.subscription("a", { policy: "wait" as never }), /dropOldest/);
      assert.throws(() => redis.subscription(), /neither a channel nor a pattern/);
    });
  });
}

describe("an iterator that pauses its connection", () => {
  for (const when of ["at first", "after a loss"]) {
    it(`reads the confirmations behind messages that fill its buffer, ${when}`, async () => {
      const first = when === "at first";
      const simulated = new Simulated();
      const { clock, peer } = simulated;
      let filled = 0;
      peer.script = async (command, connection) => {
        if (command[0] !== "PSUBSCRIBE" || (connection.id === 1) !== first) return connection.serve();
        // The server has confirmed the channel, and now has messages for it.
        for (const number of ["1", "2", "3"]) connection.send(new Push(["message", "news", number]));
        filled++;
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, 10));
        return connection.serve(command);
      };
      const redis = new Redis(simulated.options({ reconnect: { backoff: "constant:10" } }));
      const subscription = redis.subscription("news", { patterns: ["w*"], buffer: 2, policy: "pause" });
      const read: string[] = [];
      const next = async (): Promise<void> => {
        const { value } = await subscription.next();
        read.push(value!.kind === "gap" ? "gap" : String(value!.message));
      };
      if (!first) {
        await clock.advance(10);
        await subscription.ready;
        peer.last.close();
      }
      await clock.advance(100);
      assert.equal(filled, 1);
      const ready = new Outcome(subscription.ready);
      await clock.settle();
      assert.equal(ready.state, "resolved");
      for (let count = first ? 3 : 4; count > 0; count--) {
        void next();
        await clock.advance(10);
      }
      assert.deepEqual(read, [...first ? [] : ["gap"], "1", "2", "3"]);
      assert.equal(subscription.stats().pauses, 1);
      await subscription.close();
      await redis.close();
    });
  }

  it("reads on when the server ends a subscription behind messages that fill its buffer", async () => {
    const simulated = new Simulated();
    const { clock, peer } = simulated;
    const redis = new Redis(simulated.options());
    const subscription = redis.subscription("news", { sharded: true, buffer: 1, policy: "pause" });
    await clock.advance(10);
    await subscription.ready;
    // In one chunk.
    peer.last.send(
      new Raw(
        ">3\r\n$8\r\nsmessage\r\n$4\r\nnews\r\n$1\r\n1\r\n>3\r\n$12\r\nsunsubscribe\r\n$4\r\nnews\r\n:0\r\n",
      ),
    );
    await clock.advance(10);
    assert.equal(peer.count("SSUBSCRIBE"), 2);
    const [message, gap] = [new Outcome(subscription.next()), new Outcome(subscription.next())];
    await clock.advance(10);
    assert.equal(message.value?.value?.kind, "message");
    assert.equal(gap.value?.value?.kind, "gap");
    await subscription.close();
    await redis.close();
  });
});
