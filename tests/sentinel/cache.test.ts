import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Sentinel } from "../../mod.ts";
import { startReplicated } from "../harness/replicated.ts";
import { waitFor } from "../harness/wait.ts";
import { masterOf } from "./writes.ts";

describe("the client-side cache of a service", () => {
  it("is dropped when the master is replaced, and kept up to date by the next one", async () => {
    await using topology = await startReplicated({ replicas: 1, sentinels: 3, downAfter: 500 });
    const sentinel = new Sentinel(topology.sentinels.map(({ host, port }) => ({ host, port })), {
      cache: true,
    });
    await using redis = sentinel.masterFor(topology.service);
    const old = await masterOf(topology);
    await old.cli("SET", "k", "1");
    assert.equal(await redis.get("k"), "1");
    assert.equal(await redis.get("k"), "1");
    assert.equal(redis.cache!.stats().hits, 1);
    await topology.failOver();
    await waitFor("the cache to be dropped", async () => {
      await redis.ping();
      const { port } = await masterOf(topology);
      return port !== old.port && redis.cache!.stats().entries === 0 ? undefined : "it is not";
    });
    const next = await masterOf(topology);
    await waitFor("the new master", () => next.cli("SET", "k", "2").then(() => undefined));
    await waitFor("its value", async () => await redis.get("k") === "2" ? undefined : "another");
    await redis.get("k");
    await next.cli("SET", "k", "3");
    await redis.ping();
    assert.equal(await redis.get("k"), "3");
  });

  it("is refused where replicas are read", () => {
    const sentinel = new Sentinel(["localhost:1"], { cache: true });
    assert.throws(() => sentinel.replicaFor("mymaster"), /`cache` .*`readFrom`/);
    assert.throws(() => sentinel.masterFor("mymaster", { readFrom: "any" }), TypeError);
  });
});
