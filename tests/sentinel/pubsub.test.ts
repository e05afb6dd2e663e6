import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Sentinel } from "../../mod.ts";
import { startReplicated } from "../harness/replicated.ts";
import { waitFor } from "../harness/wait.ts";
import { masterOf } from "./writes.ts";

describe("subscriptions of a service", () => {
  it("go on at the next master, and tell the gap", async () => {
    await using topology = await startReplicated({ replicas: 1, sentinels: 3, downAfter: 500 });
    const sentinel = new Sentinel(topology.sentinels.map(({ host, port }) => ({ host, port })));
    await using redis = sentinel.masterFor(topology.service);
    const messages: string[] = [];
    let gaps = 0;
    await redis.subscribe("news", {
      message: (message: string) => void messages.push(message),
      gap: () => void gaps++,
    });
    const old = await masterOf(topology);
    await old.cli("PUBLISH", "news", "before");
    await waitFor(
      "the first message",
      () => Promise.resolve(messages.includes("before") ? undefined : "not yet"),
    );
    await topology.failOver();
    await waitFor(
      "another master",
      async () => (await masterOf(topology)).port !== old.port ? undefined : "not yet",
    );
    const next = await masterOf(topology);
    await waitFor("a subscriber there", async () => {
      return Number(await next.cli("PUBLISH", "news", "after")) > 0 && messages.includes("after")
        ? undefined
        : "none";
    });
    assert.ok(gaps >= 1, "the gap is told");
    assert.equal(messages.filter((message) => message === "before").length, 1);
  });
});
