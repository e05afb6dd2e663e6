/**
 * `channelPrefix`: a program sees the same with it as without it, and what it publishes has the prefix. `keyspace()` sees
 * the keys of `keyPrefix`.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TestCluster } from "../../testing.ts";
import { Redis, RedisCluster } from "../../mod.ts";
import { startServer } from "../harness/server.ts";

const PREFIX = "a[1]*:";

/** Subscribes in all ways, publishes, and returns the received messages in the order of arrival. */
async function program(redis: Redis | RedisCluster, sharded: boolean): Promise<unknown[]> {
  const heard: unknown[] = [];
  const bytes = redis.bytes();
  const hear = (message: unknown, channel: unknown) => heard.push([String(channel), String(message)]);
  const iterator = redis.subscription("news", { patterns: ["ne[vw]s*"] });
  await iterator.ready;
  await redis.subscribe("news", hear);
  await bytes.subscribe(
    new TextEncoder().encode("other"),
    (message, channel) => heard.push([channel, new TextDecoder().decode(message)]),
  );
  await redis.psubscribe("pat*", hear);
  if (sharded) await redis.ssubscribe("shard", hear);
  // A node of a cluster knows its own subscribers only.
  if (!sharded) {
    heard.push(await redis.pubsubNumsub("news", "none"), await redis.command("PUBSUB", "NUMSUB", "news"));
    heard.push((await redis.pubsubChannels()).sort(), (await redis.pubsubChannels("n*")).sort());
  }
  for (const [channel, message] of [["news", "1"], ["other", "2"], ["pattern", "3"]]) {
    const until = heard.length + 1;
    await redis.publish(channel!, message!);
    while (heard.length < until) await redis.ping();
  }
  if (sharded) {
    const until = heard.length + 1;
    await redis.spublish("shard", "4");
    while (heard.length < until) await redis.ping();
  }
  heard.push([(await iterator.next()).value, (await iterator.next()).value]);
  await iterator.close();
  await redis.unsubscribe("news", hear);
  await redis.unsubscribe("other");
  await redis.punsubscribe();
  if (sharded) await redis.sunsubscribe("shard", hear);
  heard.push(redis.subscriptionCounts());
  return heard;
}

describe("channelPrefix", () => {
  it("changes nothing that a program sees", async () => {
    await using server = await startServer();
    await using plain = new Redis(server.url);
    await using prefixed = new Redis(server.url, { channelPrefix: PREFIX, keyPrefix: "unused:" });
    const expected = await program(plain, false);
    assert.ok(expected.length >= 9);
    assert.deepEqual(await program(prefixed, false), expected);
    await prefixed.subscribe("news", () => {});
    await prefixed.psubscribe("p*", () => {});
    assert.deepEqual(await plain.pubsubChannels(), [`${PREFIX}news`]);
    assert.equal(await plain.publish("news", "not for it"), 0);
    assert.equal(await plain.publish(`${PREFIX}pq`, "by its pattern"), 1);
    assert.equal(await plain.publish("a1x:pq", "the prefix is no pattern"), 0);
  });

  it("holds in a cluster, for sharded channels, too", async () => {
    await using cluster = new TestCluster({ masters: 3, replicas: 0 });
    const { transport, startupNodes } = cluster;
    await using plain = new RedisCluster({ transport, startupNodes });
    await using prefixed = new RedisCluster({ transport, startupNodes, channelPrefix: PREFIX });
    const expected = await program(plain, true);
    assert.deepEqual(await program(prefixed, true), expected);
  });

  it("is no part of keyspace(), which shows the keys of keyPrefix without it", async () => {
    await using server = await startServer({ config: ["notify-keyspace-events KEA"] });
    await using redis = new Redis(server.url, { keyPrefix: "k*:", channelPrefix: PREFIX });
    await using other = new Redis(server.url);
    const byKey = redis.keyspace({ keys: "user:*" });
    const byEvent = redis.keyspace({ event: "set" });
    const first = [byKey.next(), byEvent.next()];
    // The patterns are confirmed when the server counts both.
    while (await other.pubsubNumpat() < 2) await other.ping();
    await other.set("user:1", "without the prefix");
    await redis.set("user:2", "v");
    const event = { kind: "event", event: "set", key: "user:2", db: 0 };
    for (const result of await Promise.all(first)) assert.deepEqual(result.value, event);
    await Promise.all([byKey.return(undefined), byEvent.return(undefined)]);
  });
});
