import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";
import { publishNumbers, readNumbers } from "./numbering.ts";

describe("a storm of cuts", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());

  for (const protocol of [2, 3] as const) {
    it(`loses nothing without a gap, and repeats nothing, over RESP${protocol}`, async () => {
      await using proxy = await startProxy({ port: server.port });
      await using publisher = new Redis(server.url);
      await using redis = new Redis(proxy.url, { protocol, reconnect: { backoff: "constant:10" } });
      const subscription = redis.subscription("numbers");
      await subscription.ready;
      const stop = new AbortController();
      let last = Infinity;
      const reading = readNumbers(subscription, () => last);
      const publishing = publishNumbers(publisher, "numbers", stop.signal);
      for (let cut = 0; cut < 10; cut++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        proxy.killAll(cut % 2 === 0 ? "reset" : "fin");
      }
      // After the storm all is received: wait until the subscription stands, then publish on for a while.
      while (Number((await publisher.pubsubNumsub("numbers")).numbers) === 0) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      stop.abort();
      last = await publishing;
      await publisher.publish("numbers", String(last += 1));
      const verdict = await reading;
      assert.equal(verdict.last, last);
      assert.equal(verdict.repeated, 0);
      assert.equal(verdict.uncovered, 0);
      assert.ok(verdict.gaps >= 5, `${verdict.gaps} gaps`);
      assert.equal(verdict.received + verdict.missing, last);
    });
  }
});
