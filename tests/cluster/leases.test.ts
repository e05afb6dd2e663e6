import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ClusterConnectionPool, RedisCluster, ReplyError } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Cluster, type ClusterNode, startCluster } from "../harness/cluster.ts";
import { waitFor } from "../harness/wait.ts";
import { moveSlots } from "./move_slots.ts";

const skip = olderThan("7.0.0", "cluster-allow-replica-migration");

describe("connections of one's own, when their node is gone or is not the right one", { skip }, () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({ nodeTimeout: 1_000, config: ["cluster-allow-replica-migration no"] });
  });
  after(() => cluster?.stop());

  const options = { refreshInterval: 0, commandTimeout: 25_000 };
  const seeds = () => cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));

  /** The master of a key as a client knows it. */
  function masterOf(pool: ClusterConnectionPool, key: string): ClusterNode {
    const { port } = pool.topology.masterOf(slotOf(key))!;
    return cluster.nodes.find((node) => node.port === port)!;
  }

  it("are taken at the new master when the old one has just died", async () => {
    await cluster.settled();
    await using redis = new RedisCluster(seeds(), options);
    await using single = new RedisCluster(seeds(), { ...options, multiplex: false });
    await Promise.all([redis.connect(), single.connect()]);
    const dead = masterOf(redis.pool, "{dead}");
    await dead.kill("SIGKILL");
    try {
      const acquired = redis.pool.acquireBySlot(slotOf("{dead}"));
      const watched = redis.watch("{dead}n", async (tx) => {
        const before = await tx.get("{dead}n");
        return tx.multi().set("{dead}n", `${before} and more`);
      });
      const popped = redis.blpop("{dead}jobs", 0);
      const written = single.set("{dead}a", "1");
      const transaction = single.multi().set("{dead}b", 2).incr("{dead}b").exec();
      const pipeline = single.pipeline().set("{dead}c", 3).get("{dead}c").exec();
      await assert.rejects(redis.pool.acquireBySlot(slotOf("{dead}"), { retry: false }), { executed: "no" });
      using connection = await acquired;
      assert.notEqual(connection.address, `127.0.0.1:${dead.port}`);
      assert.equal(await connection.send(["RPUSH", "{dead}jobs", "one"]), 1);
      assert.deepEqual(await popped, ["{dead}jobs", "one"]);
      assert.deepEqual(await watched, ["OK"]);
      assert.equal(await written, "OK");
      assert.deepEqual(await transaction, ["OK", 3]);
      assert.deepEqual(await pipeline, ["OK", "3"]);
      assert.equal(await redis.get("{dead}n"), "null and more");
    } finally {
      await dead.restart();
    }
  });

  it("are taken at the new master when the old one has frozen, and the client hears of it by them alone", async () => {
    await cluster.settled();
    await using pool = new ClusterConnectionPool(seeds(), options);
    await pool.connect();
    const frozen = masterOf(pool, "{frozen}");
    const known = await pool.acquireBySlot(slotOf("{frozen}"));
    pool.release(known);
    pool.disconnect();
    await frozen.kill("SIGSTOP");
    try {
      using connection = await pool.acquireBySlot(slotOf("{frozen}"));
      assert.notEqual(connection.address, `127.0.0.1:${frozen.port}`);
      assert.equal(await connection.send(["SET", "{frozen}", "1"]), "OK");
    } finally {
      await frozen.kill("SIGCONT");
    }
  });

  it("are not moved behind their holder's back: MOVED and ASK say what to do, and the slots are known anew", async () => {
    await cluster.settled();
    await using pool = new ClusterConnectionPool(seeds(), options);
    await pool.connect();
    const slot = slotOf("{gone}");
    const from = masterOf(pool, "{gone}");
    // An owner of slots: a master that has just restarted has none, and is about to become a replica.
    const to = ["a", "b", "c", "d", "e"].map((key) => masterOf(pool, key)).find((node) => node !== from)!;
    const { port } = to;
    const held = await pool.acquireBySlot(slot);
    await moveSlots(from, to, [slot], cluster.nodes, async () => {
      await assert.rejects(held.send(["GET", "{gone}"]), (error) => {
        assert.ok(error instanceof ReplyError);
        assert.equal(error.code, "ASK");
        assert.match(error.message, /nothing was run; send ASKING/);
        return true;
      });
    });
    await assert.rejects(held.send(["SET", "{gone}", "1"]), (error) => {
      assert.ok(error instanceof ReplyError);
      assert.equal(error.code, "MOVED");
      assert.equal(error.executed, "no");
      assert.match(
        error.message,
        new RegExp(`^MOVED ${slot} 127.0.0.1:${port} .*acquireBySlot\\(${slot}\\)`),
      );
      return true;
    });
    assert.equal(pool.topology.masterOf(slot)!.port, port);
    await waitFor("all slots to be asked for because of it", () => {
      return Promise.resolve(pool.topology.reason === "moved" ? undefined : "they have not been");
    });
    pool.release(held);
    {
      using connection = await pool.acquireBySlot(slot);
      assert.equal(connection.address, `127.0.0.1:${port}`);
      assert.equal(await connection.send(["SET", "{gone}", "1"]), "OK");
    }
  });
});
