import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisCluster, Sentinel } from "../../mod.ts";
import { ReplicationLag } from "../../src/sentinel/replication_lag.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { startReplicated } from "../harness/replicated.ts";
import { FakeSentinel, FakeServer, Net } from "./net.ts";

describe("a limit of replica lag", () => {
  it("is kept by the offsets that the master had", () => {
    const lag = new ReplicationLag(900);
    assert.equal(lag.allows(5, 0), false, "nothing is known");
    lag.add(0, 100);
    lag.add(300, 200);
    lag.add(600, 300);
    assert.equal(lag.allows(undefined, 600), false);
    assert.equal(lag.allows(99, 600), false);
    assert.equal(lag.allows(100, 900), true);
    assert.equal(lag.allows(100, 901), false);
    assert.equal(lag.allows(250, 1_200), true);
    assert.equal(lag.allows(250, 1_201), false);
    assert.equal(lag.allows(1_000, 1_500), true);
    assert.equal(lag.allows(1_000, 1_501), false, "the master has not been heard of for too long");
    lag.add(1_600, 10);
    assert.equal(lag.allows(9, 1_600), false, "another master counts anew");
    assert.equal(lag.allows(10, 1_600), true);
    assert.equal(new ReplicationLag(0).allows(undefined, 0), true);
  });

  for (const prefer of ["replica", "preferReplica"] as const) {
    it(`keeps reads from replicas that fall behind, with ${prefer}`, async () => {
      const clock = new SimulatedClock();
      const net = new Net();
      const master = new FakeServer();
      const replicas = [new FakeServer("slave"), new FakeServer("slave")] as const;
      const told = [11, 12].map((port) => ({ host: "server", port, flags: "slave" }));
      net.add("one:1", new FakeSentinel({ port: 10, replicas: told })).add("server:10", master)
        .add("server:11", replicas[0]).add("server:12", replicas[1]);
      const redis = new Sentinel(["one:1"], { transport: net, clock })
        .masterFor("mymaster", { readFrom: { prefer, maxLag: 900 } });
      const advance = async <T>(promise: Promise<T>): Promise<T> => {
        let done = false;
        promise.then(() => done = true, () => done = true);
        while (!done) await clock.advance(10);
        return await promise;
      };
      const reads = async (): Promise<number[]> => {
        const all = [master, ...replicas];
        const before = all.map(({ peer }) => peer.count("GET"));
        for (let i = 0; i < 4; i++) await advance(redis.get("k"));
        return all.map(({ peer }, index) => peer.count("GET") - before[index]!);
      };
      assert.deepEqual(await reads(), [0, 2, 2]);
      /** Writes to the master, and lets the given number of replicas follow. */
      const write = async (following: number): Promise<void> => {
        for (let i = 0; i < 20; i++) {
          master.offset += 100;
          for (const replica of replicas.slice(0, following)) replica.offset = master.offset;
          await clock.advance(100);
        }
      };
      await write(2);
      assert.deepEqual(await reads(), [0, 2, 2]);
      await write(1);
      assert.deepEqual(await reads(), [0, 4, 0]);
      await write(0);
      if (prefer === "preferReplica") assert.deepEqual(await reads(), [4, 0, 0]);
      else await assert.rejects(advance(redis.get("k")), { code: "NO_REPLICA", executed: "no" });
      await write(2);
      assert.deepEqual(await reads(), [0, 2, 2]);
      await advance(redis.close());
      assert.equal(clock.pendingTimers, 0, "no timer is left");
    });
  }

  it("reads from real replicas", async () => {
    const set = await startReplicated({ replicas: 1, sentinels: 1 });
    const redis = new Sentinel(set.sentinels.map(({ host, port }) => ({ host, port })))
      .masterFor("mymaster", { readFrom: { prefer: "replica", maxLag: 60_000 } });
    try {
      await redis.set("k", "v");
      await set.replicas[0]!.cli("CONFIG", "RESETSTAT");
      await redis.get("k");
      assert.match(String(await set.replicas[0]!.cli("INFO", "commandstats")), /cmdstat_get:calls=1,/);
    } finally {
      await redis.close();
      await set.stop();
    }
  });

  it("is refused where it is wrong, and by clusters", () => {
    const make = (readFrom: unknown) => () =>
      new Sentinel(["a"]).masterFor("mymaster", { readFrom: readFrom as never });
    assert.throws(make({ prefer: "replica", maxLag: 0 }), /readFrom\.maxLag.*300 at least/);
    assert.throws(make({ prefer: "replica" }), /readFrom\.maxLag/);
    assert.throws(make({ maxLag: 500 }), /readFrom\.prefer/);
    assert.throws(make({ prefer: "replica", maxlag: 500 }), /did you mean `readFrom.maxLag`/);
    assert.throws(
      () => new RedisCluster(["a"], { readFrom: { prefer: "replica", maxLag: 500 } as never }),
      /readFrom/,
    );
  });
});
