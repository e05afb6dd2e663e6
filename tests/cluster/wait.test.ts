import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";

describe("wait() in a cluster", () => {
  let cluster: Cluster;
  let redis: RedisCluster;
  before(async () => {
    cluster = await startCluster({ masters: 3, replicas: 3, nodeTimeout: 30_000 });
    redis = new RedisCluster(cluster.masters.map(({ port }) => ({ host: "127.0.0.1", port })));
    await redis.connect();
  });
  after(async () => {
    await redis?.close();
    await cluster?.stop();
  });

  it("speaks of writes over the shared connections, also when idle connections remember older ones", async () => {
    await Promise.all(["a", "b", "c", "d"].map((key) => redis.set(key, "1")));
    assert.equal(await redis.wait(1, 5_000), 1);
    const port = redis.topology.replicasOf(slotOf("a"))[0]!.port;
    const frozen = cluster.nodes.find((node) => node.port === port)!;
    await frozen.kill("SIGSTOP");
    try {
      const writes: readonly (() => Promise<unknown>)[] = [
        () => redis.set("a", "2"),
        () => redis.pipeline().set("a", "3").exec(),
        () => redis.multi().set("a", "4").exec(),
        () => redis.eval("return redis.call('SET', KEYS[1], '5')", ["a"], []),
      ];
      for (const write of writes) {
        const written = write();
        assert.equal(await redis.wait(1, 300), 0, String(write));
        await written;
      }
    } finally {
      await frozen.kill("SIGCONT");
    }
    assert.equal(await redis.wait(1, 30_000), 1);
  });

  for (const multiplex of [true, false]) {
    it(`with({ replicas }) asks the nodes that ran the writes, and no others (multiplex: ${multiplex})`, async () => {
      await using client = new RedisCluster({ pool: redis.pool, multiplex });
      const safe = client.with({ replicas: 1, timeout: 20_000 });
      const quick = client.with({ replicas: 1, timeout: 300 });
      const [here, there] = ["a", "b"] as const;
      assert.notEqual(redis.topology.masterOf(slotOf(here)), redis.topology.masterOf(slotOf(there)));
      const port = redis.topology.replicasOf(slotOf(there))[0]!.port;
      const frozen = cluster.nodes.find((node) => node.port === port)!;
      await frozen.kill("SIGSTOP");
      try {
        assert.equal(await safe.set(here, "1"), "OK");
        assert.deepEqual(await safe.pipeline().set(here, "2").get(there).exec(), [
          "OK",
          await redis.get(there),
        ]);
        assert.deepEqual(await safe.multi().set(here, "3").exec(), ["OK"]);
        assert.equal(await safe.eval("return redis.call('INCR', KEYS[1])", [here], []), 4);
        const notThere: readonly (() => Promise<unknown>)[] = [
          () => quick.set(there, "1"),
          () => quick.mset({ [here]: "1", [there]: "1" }),
          () => quick.pipeline().set(here, "2").set(there, "2").exec(),
          () => quick.multi().set(there, "3").exec(),
          () => quick.flushall(),
        ];
        for (const write of notThere) {
          await assert.rejects(write(), { code: "NOT_REPLICATED", executed: "yes" }, String(write));
        }
      } finally {
        await frozen.kill("SIGCONT");
      }
      assert.equal(await safe.set(there, "4"), "OK");
    });
  }
});
