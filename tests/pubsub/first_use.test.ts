/**
 * The first calls of a program that subscribe: the modules for subscriptions are loaded by them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Redis } from "../../mod.ts";
import { loadedPubSub } from "../../src/client/pubsub/load_pubsub.ts";
import { type Server, startServer } from "../harness/server.ts";

let server: Server;

before(async () => {
  server = await startServer();
});

after(() => server.stop());

// One test, because a process loads the modules once.
it("calls before the modules are loaded keep their order, and end with their client", async () => {
  await using redis = new Redis(server.url);
  const closed = new Redis(server.url);
  assert.equal(loadedPubSub(), undefined);
  assert.deepEqual(redis.subscriptionCounts(), { channels: 0, patterns: 0, shards: 0 });
  assert.throws(() => redis.subscription("c", { buffer: 0 }), RangeError);
  assert.throws(() => redis.monitor({ buffer: 0 }), RangeError);

  const message = Promise.withResolvers<[message: string, channel: string]>();
  const taken = redis.subscribe("a", () => message.reject(new Error("a was unsubscribed")));
  // A list belongs to the caller again as soon as the call has returned.
  const names = ["a"];
  const left = redis.unsubscribe(names);
  names[0] = "b";
  const kept = redis.subscribe(names, (...heard) => message.resolve(heard));
  names[0] = "d*";
  await using iterator = redis.subscription("c", { patterns: names });
  names.length = 0;
  const unread = redis.subscription("e");
  const ended = unread.close();
  await using monitor = redis.monitor();
  assert.equal(iterator.stats().received, 0);

  const refused = assert.rejects(closed.subscribe("f", () => {}), { code: "CLOSED" });
  const orphan = closed.subscription("f");
  const silent = closed.monitor();
  const closing = closed.close();
  assert.throws(() => closed.subscription("f"), { code: "CLOSED" });
  assert.throws(() => closed.monitor(), { code: "CLOSED" });
  await Promise.all([closing, refused, silent.ready, assert.rejects(orphan.ready, { code: "CLOSED" })]);
  assert.deepEqual([await orphan.next(), await silent.next()].map(({ done }) => done), [true, true]);

  await Promise.all([taken, left, kept, iterator.ready, monitor.ready, ended]);
  assert.deepEqual(redis.subscriptionCounts(), { channels: 2, patterns: 1, shards: 0 });
  assert.equal((await unread.next()).done, true);
  await redis.publish("a", "nobody");
  await redis.publish("b", "hello");
  await redis.publish("d1", "matched");
  assert.deepEqual(await message.promise, ["hello", "b"]);
  const item = (await iterator.next()).value!;
  assert.equal(item.kind === "message" && item.message, "matched");
  assert.equal(iterator.stats().received, 1);
  const line = (await monitor.next()).value!;
  assert.equal(line.kind, "command");
});
