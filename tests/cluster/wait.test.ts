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
});
