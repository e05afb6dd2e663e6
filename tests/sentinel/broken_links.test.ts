import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Sentinel } from "../../mod.ts";
import type { ReadFrom } from "../../src/topology/read_from.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { startReplicated } from "../harness/replicated.ts";
import { waitFor } from "../harness/wait.ts";
import { FakeSentinel, FakeServer, Net } from "./net.ts";

type Link = "ok" | "err";

/** A service with two replicas, whose links to the master are as announced. */
function house(first: Link, second: Link) {
  const clock = new SimulatedClock();
  const net = new Net();
  const master = new FakeServer();
  const replicas = [new FakeServer("slave"), new FakeServer("slave")] as const;
  const sentinel = new FakeSentinel({
    port: 10,
    replicas: [
      { host: "server", port: 11, flags: "slave", link: first },
      { host: "server", port: 12, flags: "slave", link: second },
    ],
  });
  if (first === "err") replicas[0].link = "connecting";
  if (second === "err") replicas[1].link = "connecting";
  net.add("one:1", sentinel).add("server:10", master).add("server:11", replicas[0])
    .add("server:12", replicas[1]);
  const advance = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false;
    promise.then(() => done = true, () => done = true);
    while (!done) await clock.advance(10);
    return await promise;
  };
  const made = new Sentinel(["one:1"], { transport: net, clock });
  const reads = async (redis: ReturnType<Sentinel["masterFor"]>): Promise<number[]> => {
    const before = replicas.map(({ peer }) => peer.count("GET"));
    for (let i = 0; i < 6; i++) await advance(redis.get("k"));
    await advance(redis.pipeline().get("a").get("b").exec());
    return replicas.map(({ peer }, index) => peer.count("GET") - before[index]!);
  };
  return { clock, replicas, sentinel, made, advance, reads };
}

describe("reads from replicas whose link to the master is down", () => {
  for (const readFrom of ["replica", "preferReplica", "any", "nearest", { zone: "a" }] as ReadFrom[]) {
    for (const client of ["masterFor", "replicaFor"] as const) {
      it(`go elsewhere: ${client} with ${JSON.stringify(readFrom)}`, async () => {
        const { made, advance, reads } = house("err", "ok");
        const redis = made[client]("mymaster", { readFrom });
        await advance(redis.get("k"));
        const [broken] = await reads(redis);
        assert.equal(broken, 0);
        await advance(redis.close());
      });
    }
  }

  it("stay there where all links are down", async () => {
    const { made, advance, reads } = house("err", "err");
    const redis = made.replicaFor("mymaster");
    await advance(redis.get("k"));
    assert.equal((await reads(redis)).reduce((sum, count) => sum + count), 8);
    await advance(redis.close());
  });

  it("follow what the replica says of itself, which sentinels learn late", async () => {
    const { made, advance, reads, replicas, clock } = house("ok", "ok");
    const redis = made.replicaFor("mymaster");
    await advance(redis.get("k"));
    assert.ok((await reads(redis)).every((count) => count > 0));
    replicas[1].link = "connect";
    await clock.advance(10_000);
    assert.equal((await reads(redis))[1], 0);
    replicas[1].link = "connected";
    await clock.advance(10_000);
    assert.ok((await reads(redis)).every((count) => count > 0));
    await advance(redis.close());
  });

  it("with real servers", async () => {
    const set = await startReplicated({ replicas: 2, sentinels: 1 });
    const redis = new Sentinel(set.sentinels.map(({ host, port }) => ({ host, port })))
      .masterFor("mymaster", { readFrom: "replica" });
    try {
      await redis.set("k", "old");
      await redis.wait(2, 10_000);
      const [broken] = set.replicas;
      // Its link to the master can never come up again, and the sentinels cannot mend it.
      await broken!.cli("CONFIG", "SET", "masterauth", "wrong");
      await set.master.cli("CONFIG", "SET", "requirepass", "secret");
      await broken!.cli("REPLICAOF", set.master.host, 1);
      await set.master.cli("SET", "k", "new").catch(() => {});
      await waitFor("reads past the broken replica", async () => {
        for (let i = 0; i < 10; i++) await redis.get("k");
        const before = String(await broken!.cli("INFO", "commandstats"));
        for (let i = 0; i < 10; i++) await redis.get("k");
        const calls = (info: string): string | undefined => /cmdstat_get:calls=(\d+)/.exec(info)?.[1];
        return calls(before) === calls(String(await broken!.cli("INFO", "commandstats")))
          ? undefined
          : "it is read";
      });
    } finally {
      await redis.close();
      await set.stop();
    }
  });
});
