/**
 * The choice between sentinels that differ: the one with the higher epoch, until all that reply agree on
 * something else.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Sentinel } from "../../mod.ts";
import { startReplicated } from "../harness/replicated.ts";
import { startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";
import { FakeSentinel, FakeServer, Net } from "./net.ts";

const SEEDS = ["one:1", "two:2", "three:3"];

/** Three sentinels that watch the server of port 10 since epoch 5. */
function house() {
  const net = new Net();
  const sentinels = SEEDS.map((at) => {
    const sentinel = new FakeSentinel({ port: 10, epoch: 5 });
    net.add(at, sentinel);
    return sentinel;
  });
  const [old, fresh] = [new FakeServer(), new FakeServer()];
  net.add("server:10", old).add("server:11", fresh);
  const sentinel = new Sentinel(SEEDS, { transport: net });
  /** SENTINEL REMOVE and MONITOR of another master at one of them. */
  const remonitor = (index: number): void => {
    Object.assign(sentinels[index]!.told, { port: 11, epoch: 0 });
    sentinels[index]!.announce("+monitor", "master mymaster server 11 quorum 2");
  };
  return { net, sentinels, old, fresh, sentinel, remonitor };
}

describe("Sentinel: agreement", () => {
  it("follows SENTINEL REMOVE and MONITOR, whose epoch is 0 again, when all sentinels agree", async () => {
    const { sentinels, fresh, sentinel, remonitor } = house();
    await using redis = sentinel.masterFor("mymaster");
    await redis.set("k", "v");
    await Promise.all(sentinels.map(({ peer }) => peer.whenReceived("SUBSCRIBE")));
    remonitor(0);
    remonitor(1);
    assert.deepEqual(await sentinel.discoverMaster("mymaster"), { host: "server", port: 10 });
    remonitor(2);
    await fresh.peer.whenConnected();
    await redis.set("k", "v");
    assert.equal(fresh.peer.executed("SET"), 1);
    assert.deepEqual(await sentinel.discoverMaster("mymaster"), { host: "server", port: 11 });
  });

  it("stays where a sentinel that has missed a failover is the only one to reply", async () => {
    const { net, sentinels, sentinel } = house();
    await sentinel.discoverMaster("mymaster");
    Object.assign(sentinels[0]!.told, { port: 9, epoch: 4 });
    net.remove("two:2");
    net.remove("three:3");
    await using redis = sentinel.masterFor("mymaster");
    net.add("two:2", sentinels[1]!);
    await redis.set("k", "v");
    net.remove("two:2");
    redis.pool.disconnect();
    await redis.set("k", "v");
    assert.ok(!net.asked.includes("server:9"));
  });

  for (const seed of [1, 2, 3, 4]) {
    it(`holds over random histories of failovers, late sentinels and new masters, seed ${seed}`, async () => {
      const net = new Net();
      let state = seed;
      const random = (below: number): number => (state = state * 48_271 % 2_147_483_647) % below;
      let port = 100;
      const sentinels = SEEDS.map(() => new FakeSentinel({ port, epoch: 1 }));
      const up = new Set([0, 1, 2]);
      const epochs = new Map([[port, 1]]);
      const show = (): void =>
        SEEDS.forEach((at, i) => up.has(i) ? net.add(at, sentinels[i]!) : net.remove(at));
      show();
      const sentinel = new Sentinel(SEEDS, { transport: net });
      let accepted = 1;
      const history: string[] = [];
      for (let step = 0; step < 60; step++) {
        const index = random(3);
        const told = sentinels.map((one) => one.told);
        const best = told.reduce((one, other) => other.epoch > one.epoch ? other : one);
        const kind = random(10);
        if (kind < 3) Object.assign(told[index]!, { port: ++port, epoch: best.epoch + 1 });
        else if (kind < 7) Object.assign(told[index]!, { port: best.port, epoch: best.epoch });
        else if (kind < 8) {
          port++;
          for (const one of told) Object.assign(one, { port, epoch: 0 });
        } else if (up.has(index) && up.size > 1) up.delete(index);
        else up.add(index);
        for (const one of told) epochs.set(one.port, one.epoch);
        show();
        history.push(`${told.map((one, i) => `${up.has(i) ? "" : "-"}${one.port}@${one.epoch}`).join(" ")}`);
        const found = (await sentinel.discoverMaster("mymaster")).port;
        const heard = told.filter((_, i) => up.has(i));
        const why = `${found} after ${history.join(" | ")}`;
        assert.ok(epochs.has(found), why);
        const agreed = heard.every((one) => one.port === heard[0]!.port);
        if (agreed && heard.length > 1) assert.equal(found, heard[0]!.port, why);
        if (heard.some(({ epoch }) => epoch >= accepted)) assert.ok(epochs.get(found)! >= accepted, why);
        if (agreed && heard.length > 1 || epochs.get(found)! > accepted) accepted = epochs.get(found)!;
      }
    });
  }

  it("follows real sentinels to another master", async () => {
    const set = await startReplicated({ replicas: 1, sentinels: 3 });
    const fresh = await startServer();
    const sentinel = new Sentinel(set.sentinels.map(({ host, port }) => ({ host, port })));
    const redis = sentinel.masterFor("mymaster");
    try {
      await redis.set("who", "the old one");
      await fresh.cli("SET", "who", "the new one");
      await set.failOver();
      await waitFor("the failover", async () => {
        const { port } = await sentinel.discoverMaster("mymaster");
        return port === set.master.port ? "not yet" : undefined;
      });
      for (const one of set.sentinels) {
        await one.cli("SENTINEL", "REMOVE", "mymaster");
        await one.cli("SENTINEL", "MONITOR", "mymaster", fresh.host, fresh.port, 2);
      }
      await waitFor("the new master", async () => {
        const who = await redis.get("who");
        return who === "the new one" ? undefined : String(who);
      });
    } finally {
      await redis.close();
      await set.stop();
      await fresh.stop();
    }
  });
});
