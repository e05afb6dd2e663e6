import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RedisCluster, ReplyError } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { type Cluster, type ClusterNode, startCluster } from "../harness/cluster.ts";
import { field, waitFor } from "../harness/wait.ts";

describe("the order of commands in a slot of a real cluster", () => {
  let cluster: Cluster;
  let redis: RedisCluster;
  before(async () => {
    cluster = await startCluster({ masters: 3, replicas: 0 });
    redis = new RedisCluster(cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port })));
    await redis.connect();
  });
  after(async () => {
    await redis?.close();
    await cluster?.stop();
  });

  const ownerOf = (key: string): ClusterNode =>
    cluster.nodes.find(({ port }) => port === redis.topology.masterOf(slotOf(key))!.port)!;

  it("survives that the cluster is down for a while: pipeline, calls in a row, transactions", async () => {
    const key = "{order}";
    const victim = redis.topology.masterOf(0) === redis.topology.masterOf(slotOf(key)) ? 16_383 : 0;
    for (const node of cluster.nodes) await node.cli("CLUSTER", "DELSLOTS", victim);
    const owner = ownerOf(key);
    const state = (wanted: string) =>
      waitFor(`the state ${wanted}`, async () => {
        const info = await owner.cli("CLUSTER", "INFO");
        return field(info, "cluster_state") === wanted ? undefined : "it is another";
      });
    await state("fail");
    await owner.cli("CONFIG", "RESETSTAT");
    const pipeline = redis.pipeline();
    for (let n = 1; n <= 8; n++) pipeline.rpush(`${key}pipeline`, String(n));
    const running = [
      ...Array.from({ length: 8 }, (_, n) => redis.rpush(`${key}calls`, String(n + 1))),
      pipeline.exec(),
      ...Array.from({ length: 4 }, (_, n) => redis.multi().rpush(`${key}multi`, 2 * n + 1, 2 * n + 2).exec()),
    ];
    await waitFor("a refusal", async () => {
      const stats = String(await owner.cli("INFO", "errorstats"));
      return /errorstat_CLUSTERDOWN/.test(stats) ? undefined : "there was none";
    });
    // Made while the others are being retried: they come behind them.
    running.push(redis.rpush(`${key}calls`, "9"), redis.pipeline().rpush(`${key}pipeline`, "9").exec());
    for (const node of cluster.nodes) await node.cli("CLUSTER", "ADDSLOTS", victim).catch(() => {});
    await Promise.all(running);
    for (const list of ["calls", "pipeline"]) {
      assert.deepEqual(await redis.lrange(key + list, 0, -1), [..."123456789"], list);
    }
    assert.deepEqual(await redis.lrange(`${key}multi`, 0, -1), [..."12345678"]);
    await cluster.settled();
  });

  it("a command on keys that are at two nodes is rejected when a later one has changed a key, and runs when none has", async () => {
    for (const other of ["{try}a", "{try}c"]) {
      await redis.mset({ "{try}a": "0", "{try}b": "0" });
      const slot = slotOf("{try}a");
      const from = ownerOf("{try}a");
      const to = cluster.nodes.find((node) => node !== from)!;
      await to.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", from.id);
      await from.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id);
      await from.cli("MIGRATE", to.host, to.port, "", 0, 5_000, "KEYS", "{try}b");
      await from.cli("CONFIG", "RESETSTAT");
      const running = redis.pipeline().mset({ "{try}a": "first", "{try}b": "first" }).set(other, "second")
        .exec({ settle: true });
      await waitFor("TRYAGAIN", async () => {
        const stats = String(await from.cli("INFO", "errorstats"));
        return /errorstat_TRYAGAIN/.test(stats) ? undefined : "not yet";
      });
      await from.cli("MIGRATE", to.host, to.port, "", 0, 5_000, "KEYS", "{try}a", "{try}c");
      for (const node of [to, from]) await node.cli("CLUSTER", "SETSLOT", slot, "NODE", to.id);
      const [first, second] = await running;
      assert.equal(second, "OK");
      if (other === "{try}a") {
        assert.ok(first instanceof ReplyError);
        assert.equal(first.executed, "no");
        assert.match(first.message, /^TRYAGAIN .*later command on the same key has run/);
        assert.deepEqual(await redis.mget("{try}a", "{try}b"), ["second", "0"]);
      } else {
        assert.equal(first, "OK");
        assert.deepEqual(await redis.mget("{try}a", "{try}b"), ["first", "first"]);
      }
    }
  });
});
