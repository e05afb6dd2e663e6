import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";
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
      let [published, seen, last] = [0, 0, Infinity];
      const reading = readNumbers(subscription, () => last, (number) => seen = number);
      const publishing = publishNumbers(publisher, "numbers", stop.signal, (number) => published = number);
      for (let cut = 0; cut < 10; cut++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        proxy.killAll(cut % 2 === 0 ? "reset" : "fin");
      }
      // What is published from now on comes over the connection after the last cut. (The server does not know: it may
      // still count the one before.)
      const cuts = published;
      await waitFor("something to come after the storm", () => {
        return Promise.resolve(seen > cuts ? undefined : `nothing after ${cuts}`);
      });
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
