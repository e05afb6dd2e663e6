import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { EncodingError, Redis, type StreamMessage } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";
import { add, options, pending, show, take } from "./group.ts";

describe("messages of streams: settling", { skip: olderThan("6.2.0", "XPENDING with IDLE") }, () => {
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

  it("counts deliveries: new, pending after a restart, claimed, given back", async () => {
    await add(redis, "counts", 1, 2);
    assert.deepEqual((await take(redis.consume(options("counts")), 2, false)).map(show), [
      "new 1 x1",
      "new 2 x1",
    ]);
    const again = redis.consume(options("counts", { claim: { minIdle: 60_000 } }));
    const [first, second] = await take(again, 2, false);
    assert.deepEqual([first!, second!].map(show), ["pending 1 x2", "pending 2 x2"]);
    assert.equal(await first!.nack(), true);
    const other = redis.consume(options("counts", { consumer: "two", claim: { minIdle: 60_000 } }));
    assert.deepEqual((await take(other, 1)).map(show), ["claimed 1 x3"]);
    assert.equal(await first!.nack(), false, "another consumer has it");
    assert.equal(await first!.ack(), false);
    assert.equal(await second!.ack(), true);
  });

  it("gives a message back to the same loop, with and without `claim`", async () => {
    for (const claim of [undefined, { minIdle: 60_000 }]) {
      const stream = `back-${claim === undefined}`;
      await add(redis, stream, 1);
      const seen: string[] = [];
      for await (const message of redis.consume(options(stream, { claim }))) {
        seen.push(show(message));
        if (message.deliveries < 3) assert.equal(await message.nack(), true);
        else {
          await message.ack();
          break;
        }
      }
      const origin = claim === undefined ? "pending" : "claimed";
      assert.deepEqual(seen, ["new 1 x1", `${origin} 1 x2`, `${origin} 1 x3`]);
    }
  });

  it("acknowledges many messages of several streams with one command each", async () => {
    await add(redis, "many-a", 1, 2, 3);
    await add(redis, "many-b", 4);
    const messages = redis.consume({ ...options(""), stream: ["many-a", "many-b"] });
    const taken: StreamMessage[] = [];
    for await (const message of messages) if (taken.push(message) === 4) break;
    await redis.configResetstat();
    assert.equal(await messages.ack(taken), 4);
    assert.match(String(await redis.info("commandstats")), /cmdstat_xack:calls=2,/);
    assert.equal(await messages.ack(taken), 0);
    assert.equal(await messages.ack([]), 0);
    assert.ok(taken.every(({ settled }) => settled));
  });

  it("moves a message that was delivered too often to the dead-letter stream, whatever its data", async () => {
    await redis.command("XADD", "poison", "1-1", new Uint8Array([0xff]), "v", "n", "1", "n", "2");
    await add(redis, "poison", 2);
    const more = { maxDeliveries: 3 }; // the reply that could not be decoded was one delivery
    for (let life = 0; life < 2; life++) {
      const [message] = await take(redis.consume(options("poison", { ...more, count: 1 })), 1, false);
      assert.equal(message!.id, "1-1");
      assert.throws(() => message!.fields, EncodingError);
    }
    const [next] = await take(redis.consume(options("poison", more)), 1);
    assert.equal(show(next!), "new 2 x1");
    assert.equal(await pending(redis, "poison"), 0);
    const [dead] = await redis.bytes().command<[[Uint8Array, Uint8Array[]]]>(
      "XRANGE",
      "poison:dead",
      "-",
      "+",
    );
    const texts = dead[1].map((part) => new TextDecoder().decode(part));
    assert.deepEqual(dead[1][0], new Uint8Array([0xff]));
    assert.deepEqual(texts.slice(1, 6), ["v", "n", "1", "n", "2"]);
    assert.deepEqual(texts.slice(6), [
      ...["dead:stream", "poison", "dead:id", "1-1", "dead:group", "g"],
      ...["dead:consumer", "one", "dead:deliveries", "3"],
    ]);
  });

  it("delivers what can be decoded beside what cannot", async () => {
    await add(redis, "mixed", 1);
    await redis.command("XADD", "mixed", "*", "n", new Uint8Array([0xff]));
    await add(redis, "mixed", 3);
    const taken = await take(redis.consume(options("mixed")), 3);
    const said = taken.map((message) => {
      try {
        return message.fields.n;
      } catch (error) {
        return (error as Error).name;
      }
    });
    assert.deepEqual(said, ["1", "EncodingError", "3"]);
    assert.equal(await pending(redis, "mixed"), 0);
  });

  it("strikes off a deleted message that others have claimed in vain", async () => {
    const [id] = await add(redis, "deleted", 1);
    await take(redis.consume(options("deleted")), 1, false);
    await redis.xclaim("deleted", "g", "one", 0, id!, { idle: 100_000, justId: true });
    await redis.xdel("deleted", id!);
    await add(redis, "deleted", 2);
    const claim = { minIdle: 60_000 };
    const [message] = await take(redis.consume(options("deleted", { consumer: "two", claim })), 1);
    assert.equal(show(message!), "new 2 x1");
    assert.equal(await pending(redis, "deleted"), 0);
  });
});
