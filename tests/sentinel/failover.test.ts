import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis, Sentinel } from "../../mod.ts";
import { type Replicated, startReplicated } from "../harness/replicated.ts";
import { waitFor } from "../harness/wait.ts";
import { eager, healed, masterOf, NumberedWrites, PORT, portOf } from "./writes.ts";
import { FakeSentinel } from "./net.ts";

describe("Sentinel: a master, two replicas, three sentinels", { timeout: 110_000 }, () => {
  let topology: Replicated;
  before(async () => {
    topology = await startReplicated({ replicas: 2, sentinels: 3, downAfter: 500 });
    await eager(topology);
  });
  after(() => topology?.stop());

  const addresses = () => topology.sentinels.map(({ host, port }) => ({ host, port }));

  it("follows SENTINEL FAILOVER, without losing what it should not", async () => {
    await using redis = new Sentinel(addresses()).masterFor("mymaster");
    const writes = new NumberedWrites(redis, "failover");
    await writes.more(100);
    const old = await masterOf(topology);
    await topology.failOver();
    await waitFor("another master", async () => await portOf(redis) === old.port ? "the old one" : undefined);
    await writes.more(100);
    await writes.check();
    assert.equal(await portOf(redis), (await masterOf(topology)).port);
    await healed(topology);
  });

  it("follows when the master is frozen, as soon as the sentinels say so", async () => {
    await using redis = new Redis(
      `redis-sentinel://${
        addresses().map(({ host, port }) => `${host}:${port}`).join(",")
      }/mymaster?commandTimeout=60000`,
    );
    const writes = new NumberedWrites(redis, "frozen");
    await writes.more(100);
    const old = await masterOf(topology);
    await old.kill("SIGSTOP");
    try {
      // With this command timeout, only the announcement can end the wait.
      await writes.more(100);
      assert.notEqual(await portOf(redis), old.port);
      assert.ok(writes.rejected.unknown.length <= 1);
    } finally {
      await old.kill("SIGCONT");
    }
    await writes.more(100);
    await writes.check();
    await healed(topology);
  });

  it("follows when the master is killed, although a sentinel is dead and another lies", async () => {
    const old = await masterOf(topology);
    const stale = topology.replicas.find(({ port }) => port !== old.port)!;
    const liar = new FakeSentinel({ host: stale.host, port: stale.port, epoch: 1_000 });
    const { port } = await liar.peer.listen();
    const dead = topology.sentinels[2]!;
    await dead.kill("SIGKILL");
    try {
      const sentinel = new Sentinel([{ host: "127.0.0.1", port }, ...addresses()]);
      await using redis = sentinel.masterFor("mymaster");
      const writes = new NumberedWrites(redis, "killed");
      await writes.more(100);
      assert.equal(await portOf(redis), old.port);
      const popped = redis.blpop("jobs", 20);
      await waitFor("the client to block", async () => {
        return /blocked_clients:1/.test(String(await old.cli("INFO", "clients"))) ? undefined : "not yet";
      });
      const rejected = assert.rejects(popped, { executed: "unknown" });
      await old.kill("SIGKILL");
      await rejected;
      await writes.more(100);
      assert.notEqual(await portOf(redis), old.port);
      await writes.check();
      await redis.rpush("jobs", "one");
      assert.deepEqual(await redis.blpop("jobs", 5), ["jobs", "one"]);
    } finally {
      await old.restart();
      await dead.restart();
      await liar.peer.stop();
    }
    await healed(topology, topology.sentinels.slice(0, 2));
  });

  it("reads from replicas in rotation, and from those that are left", async () => {
    const seen = topology.sentinels.slice(0, 2).map(({ host, port }) => ({ host, port }));
    const sentinel = new Sentinel(seen);
    await using master = sentinel.masterFor("mymaster");
    await using redis = sentinel.replicaFor("mymaster");
    await master.set("k", "v");
    assert.equal(await master.wait(2, 5_000), 2);
    const ports = async (): Promise<Set<number>> => {
      const all = new Set<number>();
      for (let read = 0; read < 8; read++) {
        all.add(await redis.execute(PORT));
      }
      return all;
    };
    const old = await masterOf(topology);
    const replicas = [topology.master, ...topology.replicas].filter(({ port }) => port !== old.port);
    const expected = replicas.map(({ port }) => port).sort().join(" ");
    // Sentinels may still report that the link of a restarted replica is down, until the replica reports it
    // as up.
    await waitFor("both replicas to be read", async () => {
      const read = [...await ports()].sort().join(" ");
      return read === expected ? undefined : `${read} instead of ${expected}`;
    });
    await assert.rejects(redis.set("k", "w"), { code: "READONLY", executed: "no" });
    const [gone, left] = replicas as [typeof old, typeof old];
    await gone.kill("SIGKILL");
    try {
      assert.equal(await redis.get("k"), "v");
      await waitFor(
        "the lost one to be left out",
        async () => (await ports()).has(gone.port) ? "not yet" : undefined,
      );
      assert.deepEqual([...await ports()], [left.port]);
    } finally {
      await gone.restart();
      await healed(topology);
    }
    await waitFor(
      "the returned one to be read",
      async () => (await ports()).has(gone.port) ? undefined : "not yet",
    );
  });

  it("goes on while all sentinels are dead", async () => {
    const alive = topology.sentinels.slice(0, 2);
    const sentinel = new Sentinel(alive.map(({ host, port }) => ({ host, port })));
    await using redis = sentinel.masterFor("mymaster");
    const writes = new NumberedWrites(redis, "alone");
    await writes.more(10);
    for (const each of topology.sentinels) await each.kill("SIGKILL");
    await writes.more(100);
    // New connections, too.
    const old = await portOf(redis);
    const id = await redis.command<number>("CLIENT", "ID");
    await redis.command("CLIENT", "KILL", "ID", id, "SKIPME", "no").catch(() => {});
    await writes.more(100);
    assert.equal(await portOf(redis), old);
    assert.equal(await writes.check(), 0);
    assert.deepEqual(await sentinel.discoverMaster("mymaster"), { host: "127.0.0.1", port: old });
  });
});
