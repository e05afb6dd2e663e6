import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { field } from "../harness/wait.ts";
import { type Server, startServer } from "../harness/server.ts";

const COUNT = 10_000;

describe("10,000 channels on one client", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());

  /** Returns the number of SUBSCRIBE commands that the server has run. */
  async function subscribes(): Promise<number> {
    return Number(
      /calls=(\d+)/.exec(field(await server.cli("INFO", "commandstats"), "cmdstat_subscribe") ?? "")?.[1] ??
        0,
    );
  }

  it("subscribes, receives, comes back in one flight, unsubscribes", async () => {
    await using proxy = await startProxy({ port: server.port });
    await using redis = new Redis(proxy.url, { reconnect: { backoff: "constant:5" } });
    await using publisher = new Redis(server.url);
    const channels = Array.from({ length: COUNT }, (_, index) => `channel:${index}`);
    const heard = new Set<string>();
    const all = Promise.withResolvers<void>();
    await redis.subscribe(channels, (message, channel) => {
      assert.equal(message, `to ${channel}`);
      if (heard.add(channel).size === COUNT) all.resolve();
    });
    assert.deepEqual(redis.subscriptionCounts(), { channels: COUNT, patterns: 0, shards: 0 });
    await Promise.all(channels.map((channel) => publisher.publish(channel, `to ${channel}`)));
    await all.promise;

    const before = await subscribes();
    const gap = Promise.withResolvers<void>();
    redis.addEventListener("gap", () => gap.resolve());
    proxy.killAll();
    await gap.promise;
    assert.equal(await publisher.publish("channel:9999", "to channel:9999"), 1);
    // One flight of few commands, as many channels go in one.
    assert.ok(await subscribes() - before <= 10, "as few commands as there can be");

    await redis.unsubscribe(channels.slice(1));
    assert.equal((await publisher.pubsubChannels("channel:*")).length, 1);
    await redis.unsubscribe();
    assert.equal((await publisher.pubsubChannels("channel:*")).length, 0);
    assert.deepEqual(redis.subscriptionCounts(), { channels: 0, patterns: 0, shards: 0 });
  });
});
