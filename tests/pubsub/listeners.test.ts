import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";
import { collector } from "./collector.ts";

for (const protocol of [2, 3] as const) {
  describe(`listeners over RESP${protocol}`, () => {
    let server: Server;
    before(async () => void (server = await startServer()));
    after(() => server.stop());

    it("hears what is published, beside plain commands", async () => {
      await using redis = new Redis(server.url, { protocol });
      const heard = collector<[string, string]>();
      await redis.subscribe("news", (message, channel) => heard.add([channel, message]));
      await redis.psubscribe("sp*", (message, channel) => heard.add([channel, message]));
      assert.equal(await redis.publish("news", "one"), 1);
      assert.equal(await redis.publish("sport", "zwei äöü"), 1);
      assert.equal(await redis.set("k", "v"), "OK");
      assert.deepEqual(await heard.wait(2), [["news", "one"], ["sport", "zwei äöü"]]);
      await redis.unsubscribe("news");
      assert.equal(await redis.publish("news", "two"), 0);
      await redis.punsubscribe();
      assert.equal(await redis.publish("sport", "two"), 0);
    });

    it("subscribes again after a cut, and tells of the gap", async () => {
      await using proxy = await startProxy({ port: server.port });
      await using redis = new Redis(proxy.url, { protocol, reconnect: { backoff: "constant:5" } });
      const heard = collector<string>();
      const gap = Promise.withResolvers<{ since: number; reason: string }>();
      redis.addEventListener("gap", ({ detail }) => gap.resolve(detail));
      await redis.subscribe("news", {
        message: (message) => heard.add(message),
        gap: ({ reason }) => heard.add(`gap: ${reason}`),
      });
      const before = Date.now();
      await server.cli("PUBLISH", "news", "1");
      await heard.wait(1);
      proxy.killAll("reset");
      assert.equal((await gap.promise).reason, "lost");
      assert.ok((await gap.promise).since >= before - 10);
      await server.cli("PUBLISH", "news", "2");
      assert.deepEqual(await heard.wait(3), ["1", "gap: lost", "2"]);
    });
  });
}
