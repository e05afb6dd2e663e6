import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { PipelineError, RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { type Cluster, type ClusterNode, startCluster } from "../harness/cluster.ts";
import { waitFor } from "../harness/wait.ts";
import { moveSlots } from "./move_slots.ts";

describe("what has a connection of its own, while slots and masters change", () => {
  let cluster: Cluster;
  let redis: RedisCluster;
  before(async () => {
    // Replicas stay where they are. (Since 7.0 there is a name for it: cluster-allow-replica-migration.)
    cluster = await startCluster({ nodeTimeout: 1_000, config: ["cluster-migration-barrier 99"] });
  });
  after(() => cluster?.stop());
  beforeEach(async () => {
    await cluster.settled();
    redis = new RedisCluster(cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port })), {
      refreshInterval: 0,
    });
    await redis.connect();
    await redis.flushall();
  });

  afterEach(() => redis.close());

  const at = (port: number): ClusterNode => cluster.nodes.find((node) => node.port === port)!;
  /** The master of a key as the client knows it, and another master. */
  function places(key: string): { from: ClusterNode; to: ClusterNode } {
    const master = redis.topology.masterOf(slotOf(key))!;
    return {
      from: at(master.port),
      to: at(redis.topology.byRole("master").find(({ port }) => port !== master.port)!.port),
    };
  }

  /** Waits until a client blocks at a node. */
  async function blocked(node: ClusterNode): Promise<void> {
    await waitFor("a client that blocks", async () => {
      return /blocked_clients:1/.test(String(await node.cli("INFO", "clients"))) ? undefined : "none does";
    });
  }

  it("watch() follows a key that had moved before", async () => {
    const { from, to } = places("n");
    await redis.set("n", 1);
    await moveSlots(from, to, [slotOf("n")], cluster.nodes);
    const result = await redis.watch("n", async (tx) => {
      const n = Number(await tx.get("n"));
      return tx.multi().set("n", n + 1).get("n");
    });
    assert.deepEqual(result, ["OK", "2"]);
    assert.equal(redis.topology.masterOf(slotOf("n"))!.port, to.port);
  });

  it("watch() begins anew when the key moves between its reads and the transaction", async () => {
    const { from, to } = places("m");
    await redis.set("m", 1);
    let runs = 0;
    const result = await redis.watch("m", async (tx) => {
      const m = Number(await tx.get("m"));
      if (runs++ === 0) await moveSlots(from, to, [slotOf("m")], cluster.nodes);
      return tx.multi().set("m", m + 1).get("m");
    });
    assert.deepEqual(result, ["OK", "2"]);
    assert.equal(runs, 2);
  });

  it("what fails otherwise in watch() is not tried again", async () => {
    let runs = 0;
    await assert.rejects(
      redis.watch("w", (tx) => {
        runs++;
        return tx.multi().set("w", "text").incr("w");
      }),
      PipelineError,
    );
    assert.equal(runs, 1);
  });

  it("a transaction waits while its slot is between two nodes", async () => {
    const { from, to } = places("{t}");
    await redis.set("{t}", 1);
    await from.cli("CONFIG", "RESETSTAT");
    let transaction: Promise<unknown> | undefined;
    await moveSlots(from, to, [slotOf("{t}")], cluster.nodes, async () => {
      transaction = redis.multi().incr("{t}").incr("{t}").exec();
      await waitFor("the transaction to be refused", async () => {
        const stats = String(await from.cli("INFO", "commandstats"));
        return /cmdstat_exec:/.test(stats) ? undefined : "it has not come";
      });
    });
    assert.deepEqual(await transaction, [2, 3]);
  });

  it("a command that blocks goes with its key: after a slot that moves, and after a failover", async () => {
    const { from, to } = places("jobs");
    const first = redis.blpop("jobs", 0);
    await blocked(from);
    await moveSlots(from, to, [slotOf("jobs")], cluster.nodes);
    await blocked(to);
    await redis.rpush("jobs", "one");
    assert.deepEqual(await first, ["jobs", "one"]);

    await redis.pool.refresh();
    const replica = at(redis.topology.replicasOf(slotOf("jobs"))[0]!.port);
    const second = redis.blpop("jobs", 0);
    await blocked(to);
    await replica.cli("CLUSTER", "FAILOVER");
    await blocked(replica);
    await redis.rpush("jobs", "two");
    assert.deepEqual(await second, ["jobs", "two"]);
  });

  it("a command that blocks on a master that dies says that it may have run; the next finds the new one", async () => {
    const { from } = places("work");
    const lost = assert.rejects(redis.blpop("work", 0), { code: "LOST", executed: "unknown" });
    await blocked(from);
    await from.kill("SIGKILL");
    try {
      await lost;
      await waitFor("an election", async () => {
        await redis.pool.refresh();
        return redis.topology.masterOf(slotOf("work"))!.port === from.port ? "there was none" : undefined;
      });
      const next = redis.blpop("work", 0);
      await redis.rpush("work", "two");
      assert.deepEqual(await next, ["work", "two"]);
    } finally {
      await from.restart();
    }
  });
});
