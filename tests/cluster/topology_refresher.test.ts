/** The frequency of topology refreshes under any sequence of requests: a model in simulated time. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BackgroundTimers } from "../../src/connection/background_timers.ts";
import { TopologyRefresher } from "../../src/cluster/topology/topology_refresher.ts";
import { RedisCluster } from "../../mod.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ErrorReply } from "../harness/resp.ts";
import { isDealt } from "../harness/share.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

interface Made {
  readonly clock: SimulatedClock;
  readonly refresher: TopologyRefresher;
  readonly life: AbortController;
  /** The times at which refreshes began. */
  readonly starts: number[];
}

function make(
  seed: number,
  outcome: () => "same" | "changed" | "failed" = () => "same",
  took = 20,
): Made {
  const clock = new SimulatedClock({ seed });
  const life = new AbortController();
  const starts: number[] = [];
  const refresh = async (): Promise<boolean> => {
    starts.push(clock.now());
    await new Promise<void>((resolve) => clock.setTimeout(resolve, took));
    const came = outcome();
    if (came === "failed") throw new Error("no answer");
    return came === "changed";
  };
  const refresher = new TopologyRefresher(clock, new BackgroundTimers(clock), 0, {
    refresh,
    failed: () => false,
  }, life.signal);
  return { clock, refresher, life, starts };
}

/** Requests refreshes at random moments for the given milliseconds; most of them together. */
async function storm({ clock, refresher }: Made, duration: number): Promise<void> {
  for (const end = clock.now() + duration; clock.now() < end;) {
    for (let burst = 1 + Math.floor(clock.random() * 30); burst > 0; burst--) refresher.request("down");
    await clock.advance(1 + Math.floor(clock.random() * 40));
  }
}

describe("refreshes of a topology", () => {
  it("that are asked for begin later than the call, and are shared", async () => {
    const { clock, refresher, starts } = make(1);
    const joined = refresher.now("down");
    await clock.advance(10);
    const asked = [refresher.anew("asked"), refresher.anew("asked")];
    await clock.advance(50);
    await Promise.all([joined, ...asked]);
    assert.deepEqual(starts.map((at) => at - starts[0]!), [0, 20]);
  });

  for (let seed = 1; seed <= 6; seed++) {
    if (!isDealt(Math.floor(seed / 2))) continue;
    it(`are at most two a second, and less often the longer a trouble lasts (${seed})`, async () => {
      const outcomes = ["same", "failed"] as const;
      const made = make(seed, () => outcomes[seed % 2]!);
      const begin = made.clock.now();
      await storm(made, 60_000);
      const { starts } = made;
      assert.ok(starts[0]! - begin <= 50, "the first is at once");
      for (let n = 1; n < starts.length; n++) {
        const lasted = starts[n - 1]! - begin;
        const spacing = starts[n]! - starts[n - 1]!;
        assert.ok(spacing >= Math.max(500, Math.min(5_000, lasted / 20)), `${spacing} ms after ${lasted} ms`);
        assert.ok(spacing <= 1_000 + lasted / 10, `${spacing} ms after ${lasted} ms: requests are served`);
      }
      assert.ok(starts.length < 65, `${starts.length} in a minute`);
    });
  }

  it("are frequent again after one that changed something, and after quiet", async () => {
    let changes = false;
    const made = make(3, () => changes ? "changed" : "same");
    await storm(made, 40_000);
    changes = true;
    await storm(made, 6_000);
    changes = false;
    const changed = made.starts.at(-1)!;
    await storm(made, 3_000);
    const after = made.starts.filter((at) => at > changed);
    assert.ok(after.length >= 4, `${after.length} in 3 s after a change`);
    await made.clock.advance(60_000);
    const asked = made.clock.now();
    made.refresher.request("lost");
    await made.clock.advance(51);
    assert.ok(made.starts.at(-1)! >= asked, "the first after quiet is at once");
  });

  it("that are wanted now are made at once, and joined", async () => {
    const made = make(1);
    made.refresher.request("lost");
    await made.clock.advance(60);
    for (let n = 1; n <= 3; n++) {
      const both = Promise.all([made.refresher.now("asked"), made.refresher.now("asked")]);
      await made.clock.advance(20);
      await both;
      assert.equal(made.starts.length, 1 + n);
    }
  });

  it("leave no timer behind, at whatever moment they are ended", async () => {
    for (let moment = 0; moment < 150; moment++) {
      if (!isDealt(Math.floor(moment / 3))) continue;
      const made = make(moment, () => "failed");
      made.refresher.request("lost");
      const asked = moment % 3 === 0 ? made.refresher.now("asked").catch(() => {}) : undefined;
      await made.clock.advance(moment * 5);
      made.life.abort(new Error("closed"));
      made.refresher.request("lost");
      const late = made.refresher.now("asked").then(() => "refreshed", () => "refused");
      await made.clock.advance(20);
      await asked;
      assert.equal(await late, "refused");
      const { length } = made.starts;
      assert.equal(made.clock.pendingTimers, 0, `at ${moment * 5} ms`);
      await made.clock.advance(10_000);
      assert.equal(made.starts.length, length);
    }
  });
});

describe("a client of a cluster of which a part is down", () => {
  for (const multiplex of [true, false]) {
    it(`refreshes at most twice a second, whatever its callers do (multiplex: ${multiplex})`, async () => {
      const fake = new FakeCluster(dealt(3));
      const clock = new SimulatedClock();
      const options = {
        transport: fake.transport(),
        clock,
        refreshInterval: 0,
        commandTimeout: 2_000,
        multiplex,
      };
      await using redis = new RedisCluster(["node:7000", "node:7001", "node:7002"], options);
      const connected = redis.connect();
      await clock.advance(100);
      await connected;
      fake.down.add(7000);
      for (const { connections } of [fake.peer(7000)]) for (const one of connections) one.reset();
      fake.before = (_port, [name]) =>
        name === "SET" ? new ErrorReply("CLUSTERDOWN The cluster is down") : undefined;
      await clock.advance(1_000);
      const refreshes: number[] = [];
      let known = redis.topology.refreshes;
      let failed = 0;
      for (let step = 0; step < 200; step++) {
        for (let n = 0; n < 2; n++) redis.set(`k${step}:${n}`, 1).catch(() => failed++);
        await clock.advance(25);
        if (redis.topology.refreshes > known) refreshes.push(clock.now());
        known = redis.topology.refreshes;
      }
      await clock.advance(5_000);
      assert.equal(failed, 400);
      assert.ok(refreshes.length >= 5 && refreshes.length <= 10, `${refreshes.length} in 5 s`);
    });
  }
});
