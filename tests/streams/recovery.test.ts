import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { consume } from "../../src/client/streams/consume.ts";
import { GroupReader } from "../../src/client/streams/group_reader.ts";
import { resolveConsume } from "../../src/client/streams/options.ts";
import type { Executor } from "../../src/client/executor.ts";
import type { Command } from "../../src/commands/command.ts";
import { xadd } from "../../src/commands/mod.ts";
import { Redis, type StreamMessage } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";
import { add, options, pending, show, take, untilBlocked, untilPending } from "./group.ts";
import { lossy, once } from "./lossy.ts";

const reconnect = { backoff: "constant:10" } as const;

describe("consumers of streams: lost replies", () => {
  let server: Server;
  let redis: Redis;
  before(async () => {
    server = await startServer();
    redis = new Redis(server.url);
  });
  after(async () => {
    await redis.close();
    await server.stop();
  });

  for (const unsafe of [false, true]) {
    it(`delivers the messages of a lost XREADGROUP reply, with retry.unsafe ${unsafe}`, async () => {
      const stream = `read-${unsafe}`;
      await using proxy = await startProxy(server);
      await using client = new Redis(proxy.url, { retry: { unsafe }, reconnect });
      const lose = async (): Promise<void> => {
        await untilBlocked(redis);
        for (const connection of proxy.open) connection.freeze("toClient");
        await add(redis, stream, 1);
        await untilPending(redis, stream, 1);
        proxy.killAll("reset");
      };
      const lost = lose();
      const seen: string[] = [];
      const signal = AbortSignal.timeout(20_000);
      for await (const message of client.consume(options(stream, { block: 60_000, signal }))) {
        seen.push(show(message));
        await message.ack();
        if (seen.length === 2) break;
        await lost;
        await add(redis, stream, 2);
      }
      assert.deepEqual(seen, ["pending 1 x2", "new 2 x1"]);
      assert.equal(await pending(redis, stream), 0);
    });

    it(`delivers the messages of any lost reply, with retry.unsafe ${unsafe}`, {
      skip: olderThan("6.2.0", "XPENDING with IDLE"),
    }, async () => {
      const expected: Record<string, string[]> = {
        "XGROUP CREATE": ["claimed 1 x2", "new 2 x1"],
        XPENDING: ["claimed 1 x2", "new 2 x1"],
        XCLAIM: ["pending 1 x3", "new 2 x1"],
        XREADGROUP: ["claimed 1 x2", "pending 2 x2"],
        XACK: ["claimed 1 x2", "new 2 x1"],
      };
      for (const [name, messages] of Object.entries(expected)) {
        const stream = `any-${name}-${unsafe}`;
        const [id] = await add(redis, stream, 1);
        await redis.xgroupCreate(stream, "g", "0");
        await redis.xreadgroup("g", "gone", { [stream]: ">" });
        await redis.xclaim(stream, "g", "gone", 0, id!, { idle: 100_000, justId: true });
        await add(redis, stream, 2);
        const client = redis.with({ retry: { unsafe } });
        const signal = AbortSignal.timeout(20_000);
        const iterator = consume(
          lossy(client, once(name)),
          options(stream, { claim: { minIdle: 60_000 }, signal }),
        );
        const taken = await take(iterator as AsyncIterable<StreamMessage>, 2);
        assert.deepEqual(taken.map(show), messages, name);
        assert.equal(await pending(redis, stream), 0);
      }
    });
  }

  for (const [origin, more] of [["pending", {}], ["claimed", { claim: { minIdle: 60_000 } }]] as const) {
    const skip = olderThan("6.2.0", "XPENDING with IDLE");
    it(`delivers a ${origin} message when burying one behind it failed`, { skip }, async () => {
      const stream = `buried-${origin}`;
      const owner = origin === "pending" ? "one" : "gone";
      const ids = await add(redis, stream, 1, 2);
      await redis.xgroupCreate(stream, "g", "0");
      await redis.xreadgroup("g", owner, [[stream, ">"]]);
      await redis.xclaim(stream, "g", owner, 0, ids, { idle: 100_000, justId: true });
      await redis.xclaim(stream, "g", owner, 0, ids[1]!, { idle: 100_000, retryCount: 5, justId: true });
      const signal = AbortSignal.timeout(20_000);
      const iterator = consume(
        lossy(redis, once("XADD")),
        options(stream, { ...more, maxDeliveries: 5, signal }),
      );
      const [message] = await take(iterator as AsyncIterable<StreamMessage>, 1);
      assert.equal(message?.fields.n, "1");
      assert.equal(message.deliveries, 2);
      assert.equal(await redis.exists(`${stream}:dead`), 1);
    });
  }

  it("keeps no ids of messages that were acknowledged by other means", async () => {
    const { core } = redis as unknown as { core: ConstructorParameters<typeof GroupReader>[0] };
    const reader = new GroupReader(core, resolveConsume(options("others", { count: 500 }), false));
    for (let round = 0; round < 10; round++) {
      await redis.pipeline(Array.from({ length: 500 }, (_, n) => xadd("others", "*", { n }))).exec();
      const messages: StreamMessage<unknown>[] = [];
      while (messages.length < 500) messages.push(...await reader.fetch(500));
      for (const message of messages) reader.release(message);
      await redis.xack("others", "g", messages.slice(1).map(({ id }) => id));
    }
    assert.ok(reader.size <= 1_500, `${reader.size} ids are kept, and 10 messages are pending`);
    assert.equal(await pending(redis, "others"), 10);
  });

  it("delivers what an abandoned command is given after all", async () => {
    const iterator = redis.consume(options("late"));
    await add(redis, "late", 1);
    const [first] = await take({ [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }, 1);
    assert.equal(show(first!), "new 1 x1");
    // As an XREADGROUP does that reaches the server behind the consumer's first look at what is pending.
    await add(redis, "late", 2);
    await redis.xreadgroup("g", "one", { late: ">" });
    assert.deepEqual((await take(iterator, 1)).map(show), ["pending 2 x2"]);
  });

  it("waits ever longer with `block: 0`, and until the next search with `claim`", async () => {
    let now = 0;
    const sent: number[] = [];
    const executor = {
      execute({ spec, args }: Command) {
        if (spec.name !== "XREADGROUP") return Promise.resolve([]);
        const block = Number(args[args.indexOf("BLOCK") + 1]);
        now += block;
        sent.push(block);
        return Promise.resolve(null);
      },
    } as unknown as Executor;
    const { core } = redis as unknown as { core: ConstructorParameters<typeof GroupReader>[0] };
    const clock = { ...core.options.clock, now: () => now };
    for (const claim of [undefined, { minIdle: 2_500 }]) {
      const target = { executor, call: core.call, options: { ...core.options, clock } };
      const reader = new GroupReader(target, resolveConsume(options("x", { block: 0, claim }), false));
      while (sent.length < 8) await reader.fetch(1);
      const all = sent.splice(0);
      if (claim === undefined) {
        assert.deepEqual(all, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
      } else assert.ok(all.every((block) => block <= 2_500 && block >= 500), all.join(" "));
    }
  });
});
