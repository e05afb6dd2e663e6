import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Cluster, type ClusterNode, startCluster } from "../harness/cluster.ts";
import { field, waitFor } from "../harness/wait.ts";
import { healed } from "./healed.ts";
import { Load } from "./load.ts";
import { forget, moveSlots } from "./move_slots.ts";

/** Returns the keys of the written lists, spread evenly over the slots. */
function keysOf(count: number): string[] {
  const keys: string[] = [];
  for (let n = 0; keys.length < count; n++) {
    if (Math.floor(slotOf(`log:${n}`) * count / 16_384) === keys.length) keys.push(`log:${n}`);
  }
  return keys;
}

/** Does something to a master; resolves when one of its replicas has been elected, with the time by `performance.now()`. */
async function election(candidates: readonly ClusterNode[], act: () => Promise<unknown>): Promise<number> {
  await act();
  await waitFor("a replica to be elected", async () => {
    for (const node of candidates) {
      if (field(await node.cli("INFO", "replication"), "role") === "master") return undefined;
    }
    return "none is a master";
  });
  return performance.now();
}

const skip = olderThan("7.0.0", "cluster-allow-replica-migration");

describe("under steady numbered writes and reads", { skip }, () => {
  const keys = keysOf(12);
  let cluster: Cluster;
  let redis: RedisCluster;
  let load: Load;
  before(async () => {
    cluster = await startCluster({ nodeTimeout: 1_000, config: ["cluster-allow-replica-migration no"] });
    redis = new RedisCluster([{ host: "127.0.0.1", port: cluster.masters[0]!.port }]);
    await redis.connect();
    load = new Load(redis, keys);
    await load.served(keys, 0);
  });
  after(async () => {
    await load?.stop();
    await redis?.close();
    await cluster?.stop();
  });

  /** The node that has most of the keys of a shard now, and its replicas. */
  async function shardOf(slot: number): Promise<{ master: ClusterNode; replicas: ClusterNode[] }> {
    await redis.pool.refresh();
    const { master, replicas } = redis.topology.slots[slot]!;
    const node = (port: number): ClusterNode => cluster.nodes.find((one) => one.port === port)!;
    return { master: node(master.port), replicas: replicas.map(({ port }) => node(port)) };
  }

  function keysAt(master: ClusterNode): string[] {
    return keys.filter((key) => redis.topology.masterOf(slotOf(key))!.port === master.port);
  }

  it("CLUSTER FAILOVER fails no command", async () => {
    const { master, replicas } = await shardOf(0);
    const errors = load.errors();
    try {
      const elected = await election(replicas, () => replicas[0]!.cli("CLUSTER", "FAILOVER"));
      await load.served(keys, elected);
      // The queried node may learn of the election later than the nodes that took part in it.
      await waitFor("the new master's name", async () => {
        return (await shardOf(0)).master === master ? "it is still the old one" : undefined;
      });
      assert.deepEqual(load.errors(), errors);
    } finally {
      await healed(cluster, redis);
    }
  });

  it("1,000 slots that move fail no command, and ASK is followed", async () => {
    const { master: from } = await shardOf(0);
    const { master: to } = await shardOf(16_383);
    const errors = load.errors();
    const slots = Array.from({ length: 1_000 }, (_, n) => n);
    assert.ok(keys.some((key) => slotOf(key) < 1_000));
    try {
      await moveSlots(from, to, slots, cluster.nodes, async () => {
        // Between the move of the keys and the move of the slot, the old node replies ASK.
        await load.served(keys.filter((key) => slotOf(key) < 1_000), performance.now());
      });
      await load.served(keys, performance.now());
      assert.deepEqual(load.errors(), errors);
      assert.match(String(field(await from.cli("INFO", "errorstats"), "errorstat_ASK")), /count=[1-9]/);
      assert.equal(redis.topology.masterOf(slotOf(keys[0]!))!.port, to.port);
    } finally {
      await healed(cluster, redis);
    }
  });

  it("a master that freezes is left when another has been elected", async () => {
    const { master, replicas } = await shardOf(8_000);
    const reads = load.errors().reads;
    assert.ok(keysAt(master).length > 0);
    try {
      // The frozen master is still frozen when all keys are served again.
      await load.served(keys, await election(replicas, () => master.kill("SIGSTOP")));
      assert.deepEqual(load.errors().reads, reads, "reads are repeated");
    } finally {
      await master.kill("SIGCONT");
      await healed(cluster, redis);
    }
  });

  it("a master that is killed is left when another has been elected", async () => {
    const { master, replicas } = await shardOf(16_000);
    const reads = load.errors().reads;
    assert.ok(keysAt(master).length > 0);
    try {
      await load.served(keys, await election(replicas, () => master.kill("SIGKILL")));
      assert.deepEqual(load.errors().reads, reads, "reads are repeated");
    } finally {
      await master.restart();
      await healed(cluster, redis);
    }
  });

  it("a node that is added gets its part, and one that is forgotten is left", async () => {
    const { master: from } = await shardOf(16_383);
    const errors = load.errors();
    const added = await cluster.addNode();
    const slots = Array.from({ length: 400 }, (_, n) => n);
    try {
      await moveSlots(from, added, slots, cluster.nodes);
      await load.served(keys, performance.now());
      await redis.pool.refresh();
      assert.ok(redis.topology.nodes().some(({ port }) => port === added.port));
    } finally {
      await moveSlots(added, from, slots, cluster.nodes);
      await forget(cluster.nodes, added);
    }
    await load.served(keys, performance.now());
    await waitFor("the client to leave the forgotten node", async () => {
      await redis.pool.refresh();
      return redis.topology.nodes().some(({ port }) => port === added.port) ? "it is still there" : undefined;
    });
    await load.served(keys, performance.now());
    assert.deepEqual(load.errors(), errors);
  });

  it("no value is doubled, and none is there that was said not to be", async () => {
    await load.stop();
    const { written, doubled, denied, lost, disordered } = await load.verdict();
    assert.ok(written > 1_000, `${written} numbers`);
    assert.deepEqual(doubled, []);
    assert.deepEqual(denied, []);
    assert.equal(disordered, 0);
    // Replication is asynchronous: what a master acknowledged in the very moment of its death may be gone.
    assert.ok(lost.length <= 3, `lost: ${lost.map(({ what }) => what).join(", ")}`);
    for (const error of load.errors().writes) assert.match(error, /^(REPLACED|LOST) unknown /);
    const { created, max } = redis.pool.stats();
    assert.ok(created <= 12 && created <= max, `${created} connections at the end`);
  });
});
