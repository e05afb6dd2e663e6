import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { type Cluster, type ClusterNode, startCluster } from "../harness/cluster.ts";
import { killClients } from "../harness/process_faults.ts";
import { waitFor } from "../harness/wait.ts";
import { moveSlots } from "./move_slots.ts";

/** In slots of three masters. */
const KEYS = ["a", "b", "c", "d"] as const;

describe("the client-side cache over a cluster", () => {
  let cluster: Cluster;
  let redis: RedisCluster;
  let other: RedisCluster;
  const seeds = () => [{ host: "127.0.0.1", port: cluster.masters[0]!.port }];
  const masterOf = (key: string): ClusterNode =>
    cluster.nodes.find(({ port }) => port === redis.topology.masterOf(slotOf(key))!.port)!;
  before(async () => {
    cluster = await startCluster({ replicas: 0 });
    redis = new RedisCluster(seeds(), { cache: true, clientName: "cached" });
    other = new RedisCluster(seeds());
  });
  after(async () => {
    await redis?.close();
    await other?.close();
    await cluster?.stop();
  });
  beforeEach(async () => {
    await redis.flushall();
    await redis.mset(Object.fromEntries(KEYS.map((key) => [key, "1"])));
  });

  /** Waits until the pushes of what the nodes have done so far are in. */
  async function settle(): Promise<void> {
    await redis.dbsize();
  }

  it("answers from memory what is on several nodes, until somebody changes it", async () => {
    assert.equal(new Set(KEYS.map((key) => masterOf(key).port)).size, 3);
    const { hits } = redis.cache!.stats();
    for (const _ of [1, 2]) {
      for (const key of KEYS) assert.equal(await redis.get(key), "1");
      assert.deepEqual(await redis.mget(KEYS), ["1", "1", "1", "1"]);
    }
    assert.equal(redis.cache!.stats().hits - hits, KEYS.length + 1);
    for (const key of KEYS) {
      await other.set(key, "2");
      await settle();
      assert.equal(await redis.get(key), "2");
    }
    assert.deepEqual(await redis.mget(KEYS), ["2", "2", "2", "2"]);
    await redis.set("a", "3");
    assert.equal(await redis.get("a"), "3");
  });

  it("drops all when the connection to a node is lost", async () => {
    for (const key of KEYS) await redis.get(key);
    assert.equal(redis.cache!.stats().entries, KEYS.length);
    assert.equal(await killClients(masterOf("a"), ({ name }) => name === "cached"), 1);
    await waitFor("the cache to be dropped", () => {
      return Promise.resolve(redis.cache!.stats().entries === 0 ? undefined : "it is not");
    });
    await other.set("a", "2");
    assert.equal(await redis.get("a"), "2");
    assert.equal(await redis.get("a"), "2");
    assert.ok(redis.cache!.stats().active);
  });

  it("drops the keys of a slot that moves, also what was not there, and keeps the others", async () => {
    const slot = slotOf("none");
    const many = Array.from({ length: 50 }, (_, n) => `key${n}`);
    assert.equal(await redis.get("none"), null);
    assert.deepEqual(await redis.mget(["none", "{none}2"]), [null, null]);
    for (const key of many) await redis.get(key);
    // A read of several slots at once depends on all of them.
    assert.deepEqual(await redis.mget(["none", "key0"]), [null, null]);
    const kept = async (): Promise<number> => {
      const { hits } = redis.cache!.stats();
      for (const key of many) await redis.get(key);
      return redis.cache!.stats().hits - hits;
    };
    assert.equal(await kept(), many.length);
    const [from, to] = [masterOf("none"), cluster.nodes.find((node) => node !== masterOf("none"))!];
    await moveSlots(from, to, [slot], cluster.nodes);
    // The node that had the slot sends no invalidation for this any more.
    await other.set("none", "something");
    assert.equal(await redis.set("{none}other", "1"), "OK");
    assert.equal(redis.topology.masterOf(slot)!.port, to.port);
    assert.equal(await redis.get("none"), "something");
    assert.deepEqual(await redis.mget(["none", "key0"]), ["something", null]);
    await other.set("none", "else");
    await settle();
    assert.equal(await redis.get("none"), "else");
    assert.equal(await kept(), many.length, "after a redirection");
    await moveSlots(to, from, [slot], cluster.nodes);
    await redis.get("none");
    await redis.pool.refresh();
    await other.set("none", "third");
    await settle();
    assert.equal(await redis.get("none"), "third");
    assert.equal(await kept(), many.length, "after a refresh");
  });

  it("drops what was not there while its slot moves, once a read is redirected", async () => {
    assert.equal(await redis.get("moving"), null);
    const [from, to] = [masterOf("moving"), cluster.nodes.find((node) => node !== masterOf("moving"))!];
    await moveSlots(from, to, [slotOf("moving")], cluster.nodes, async () => {
      // With ASK, by the node that gets the slot: the other one has nothing to invalidate.
      await other.set("moving", "something");
      assert.equal(await redis.get("{moving}other"), null);
      assert.equal(await redis.get("moving"), "something");
    });
  });

  it("finds the slots of keys that are no text, too", async () => {
    const keys = [new Uint8Array([0xff, 0x00, 0x80]), "schl\u00fcssel", "\u{1f511}", "{\u00e4}b"];
    for (const key of keys) {
      const [from, to] = [
        cluster.nodes.find(({ port }) => port === redis.topology.masterOf(slotOf(key))!.port)!,
        cluster.nodes.find(({ port }) => port !== redis.topology.masterOf(slotOf(key))!.port)!,
      ];
      assert.equal(await redis.get(key), null);
      const { entries } = redis.cache!.stats();
      await moveSlots(from, to, [slotOf(key)], cluster.nodes);
      await redis.pool.refresh();
      assert.equal(redis.cache!.stats().entries, entries - 1);
    }
  });

  it("is kept by a refresh, although the seed has another name than the nodes announce", async () => {
    const named = new RedisCluster([{ host: "localhost", port: cluster.masters[0]!.port }], { cache: true });
    try {
      for (const key of KEYS) await named.get(key);
      for (let n = 0; n < 3; n++) await named.pool.refresh();
      assert.equal(named.cache!.stats().entries, KEYS.length);
      assert.equal(named.topology.nodes().length, 3);
    } finally {
      await named.close();
    }
  });

  it("is one for all clients of a pool, and refuses what cannot be", async () => {
    await using same = new RedisCluster({ pool: redis.pool, cache: true });
    assert.equal(same.cache, redis.cache);
    assert.throws(() => new RedisCluster({ pool: redis.pool, cache: { ttl: 1 } }), { code: "CACHE" });
    assert.equal(other.cache, undefined);
    for (const wrong of [{ multiplex: false }, { protocol: 2 as const }]) {
      assert.throws(() => new RedisCluster(seeds(), { cache: true, ...wrong }), TypeError);
    }
    assert.throws(() => new RedisCluster(seeds(), { cache: { optIn: true } }), TypeError);
    await using chosen = new RedisCluster(seeds(), { cache: { optIn: true, mode: "broadcast" } });
    assert.equal(await chosen.with({ cache: true }).get("a"), "1");
    await other.set("a", "2");
    await chosen.dbsize();
    assert.equal(await chosen.with({ cache: true }).get("a"), "2");
  });
});
