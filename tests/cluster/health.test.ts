/** A node that is slow, and a node that is gone: what is on its way there, and what comes after. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisCluster } from "../../mod.ts";
import { command } from "../../src/commands/raw.ts";
import { olderThan } from "../harness/binaries.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { startCluster } from "../harness/cluster.ts";
import { Many } from "../harness/scripted_peer.ts";
import { field } from "../harness/wait.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

/** One shard: a master and two replicas, of which 7001 is read first. */
function start(readFrom: "preferReplica" | "any" | "replica") {
  const belief = {
    epoch: 1,
    shards: [{ range: [0, 16_383] as const, master: 7000, replicas: [7001, 7002] }],
  };
  const fake = new FakeCluster(belief);
  const clock = new SimulatedClock();
  const redis = new RedisCluster({
    ...{ host: "node", port: 7000, transport: fake.transport(), clock, readFrom },
    ...{ refreshInterval: 0, commandTimeout: 60_000, nodeTimeout: 500, connectTimeout: 5_000 },
  });
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false;
    promise.then(() => done = true, () => done = true);
    for (let step = 0; step < 10_000 && !done; step++) await clock.advance(10);
    return await promise;
  };
  const reads = (key: string): number[] =>
    [7000, 7001, 7002].map((port) => fake.peer(port).received.filter(([, asked]) => asked === key).length);
  return { fake, clock, redis, settled, reads };
}

const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);

describe("a replica that is slow", () => {
  for (const readFrom of ["preferReplica", "any", "replica"] as const) {
    for (const answersOthers of [true, false]) {
      const others = answersOthers ? "answers" : "does not answer";
      it(`and ${others} other connections runs each read once, and is read again afterwards (${readFrom})`, async () => {
        const { fake, clock, redis, settled, reads } = start(readFrom);
        for (let n = 0; n < 6; n++) await settled(redis.get(`warm${n}`));
        const [slow] = fake.peer(7001).open;
        let finish = (): void => {};
        const finished = new Promise<void>((resolve) => finish = resolve);
        let busy = false;
        const { before } = fake;
        fake.before = (port, words, connection) => {
          const held = port === 7001 && (busy && !answersOthers || words[1] === "slow");
          busy ||= held;
          return held
            ? finished.then(() => connection.serve(words)) as never
            : before(port, words, connection);
        };
        // Each goes to one server or another: one of them to the slow one, and others behind it.
        const slowReads = [1, 2, 3].map(() => redis.get("slow"));
        const pipeline = redis.pipeline().get("slow").get("slow").get("slow").exec();
        await clock.advance(2_000);
        const meanwhile = ["a", "b", "c", "d"].map((key) => redis.get(key));
        if (readFrom !== "replica") {
          assert.deepEqual(await settled(Promise.all(meanwhile)), [null, null, null, null]);
        }
        assert.equal(sum(["a", "b", "c", "d"].map((key) => reads(key)[1]!)), 0, "new reads avoid it");
        await clock.advance(500);
        finish();
        busy = false;
        fake.before = before;
        assert.deepEqual(await settled(Promise.all(slowReads)), [null, null, null]);
        assert.deepEqual(await settled(pipeline), [null, null, null]);
        assert.equal(sum(reads("slow")), 6, "each read ran once");
        assert.ok(reads("slow")[1]! > 0);
        assert.ok(!slow!.closed, "its connection is not cut");
        await clock.advance(1_000);
        for (let n = 0; n < 6; n++) await settled(redis.get("again"));
        assert.ok(reads("again")[1]! > 0, "it is read again");
        await redis.close();
        assert.equal(clock.pendingTimers, 0);
      });
    }
  }

  it(
    "keeps its reads on a real cluster",
    { skip: olderThan("7.0.0", "EVAL_RO"), timeout: 60_000 },
    async () => {
      // Processor time is long on a busy machine: no replica may reply BUSY meanwhile.
      const config = ["lua-time-limit 60000"];
      await using cluster = await startCluster({ masters: 1, replicas: 2, nodeTimeout: 15_000, config });
      await using redis = new RedisCluster([`127.0.0.1:${cluster.masters[0]!.port}`], {
        readFrom: "preferReplica",
        nodeTimeout: 200,
        commandTimeout: 50_000,
      });
      await redis.connect();
      for (let n = 0; n < 4; n++) await redis.get(`{k}${n}`);
      // Redis 8.6 has the same TIME during a whole script, and older servers have no `os`.
      const script = "local there, clock = pcall(function() return os.clock end); " +
        "local function now() if there then return clock() end; " +
        "local t = redis.call('TIME'); return t[1] + t[2] / 1000000 end; " +
        "local finish = now() + 0.5; while now() < finish do end; return 'done'";
      assert.equal(await redis.execute(command("EVAL_RO", script, "1", "{k}")), "done");
      const calls = await Promise.all(cluster.nodes.map(async (node) => {
        const stats = await node.cli("INFO", "commandstats");
        return Number(/calls=(\d+)/.exec(field(stats, "cmdstat_eval_ro") ?? "")?.[1] ?? 0);
      }));
      assert.equal(sum(calls), 1);
    },
  );
});

describe("a replica that is gone", () => {
  const ways: Readonly<Record<string, (fake: FakeCluster) => number>> = {
    "refuses new connections": (fake) => (fake.down.add(7001), 1_500),
    "accepts new connections and answers nothing": (fake) => {
      const { before } = fake;
      fake.before = (port, ...rest) => port === 7001 ? new Many([]) : before(port, ...rest);
      return 7_000;
    },
  };
  for (const [way, begin] of Object.entries(ways)) {
    it(`and ${way} loses its reads to others, new ones at once`, async () => {
      const { fake, clock, redis, settled, reads } = start("preferReplica");
      for (let n = 0; n < 4; n++) await settled(redis.get(`warm${n}`));
      const time = begin(fake);
      for (const connection of fake.peer(7001).open) connection.freeze();
      const lost = [1, 2, 3, 4].map(() => redis.get("lost"));
      await clock.advance(800);
      await settled(Promise.all([1, 2, 3, 4].map(() => redis.get("new"))));
      assert.equal(reads("new")[1], 0);
      await clock.advance(time);
      let done = false;
      Promise.all(lost).then(() => done = true);
      await clock.settle();
      assert.ok(done, "what was on its way is read elsewhere");
      await redis.close();
      assert.equal(clock.pendingTimers, 0);
    });
  }

  for (const readFrom of ["preferReplica", "any"] as const) {
    it(`from the start does not hold up reads: they are read elsewhere (${readFrom})`, async () => {
      const { fake, clock, redis } = start(readFrom);
      fake.down.add(7001);
      const read = Promise.all(["a", "b", "c", "d"].map((key) => redis.get(key)));
      let done = false;
      read.then(() => done = true);
      await clock.advance(100);
      assert.ok(done);
      await redis.close();
    });
  }
});

describe("a silent master that loses slots", () => {
  /** Two masters, of which 7000 says nothing to commands on `slow`; a lease and a command are there. */
  async function begin(answersOthers: boolean) {
    const fake = new FakeCluster(dealt(2));
    const clock = new SimulatedClock();
    const redis = new RedisCluster({
      ...{ host: "node", port: 7001, transport: fake.transport(), clock },
      ...{ refreshInterval: 0, commandTimeout: 60_000, nodeTimeout: 500, connectTimeout: 5_000 },
    });
    await redis.connect();
    const lease = await redis.pool.acquireByNode({ host: "node", port: 7000 });
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => finish = resolve);
    let busy = false;
    const { before } = fake;
    fake.before = (port, words, connection) => {
      const held = port === 7000 && (words[1] === "{b}slow" || (busy && !answersOthers));
      busy ||= held;
      return held ? finished.then(() => connection.serve(words)) as never : before(port, words, connection);
    };
    // The slot of {b} is 3,300: the first node's.
    const slow = redis.get("{b}slow").then((value) => value, (error) => error);
    const blocked = redis.pool.acquireByNode({ host: "node", port: 7000 });
    await clock.advance(1_000);
    return { fake, clock, redis, lease, slow, finish, blocked };
  }

  const moves: Readonly<Record<string, FakeCluster["belief"]>> = {
    "one": {
      epoch: 9,
      shards: [{ range: [0, 8_000], master: 7000 }, { range: [8_001, 16_383], master: 7001 }],
    },
    "all": { epoch: 9, shards: [{ range: [0, 16_383], master: 7001, replicas: [7000] }] },
  };

  it("some, and answers others, keeps its connections: leases and commands on their way", async () => {
    const { fake, clock, redis, lease, slow, finish, blocked } = await begin(true);
    fake.belief = moves["one"]!;
    const refreshed = redis.pool.refresh();
    await clock.advance(20_000);
    await refreshed;
    assert.equal(await lease.send(["ECHO", "alive"]), "alive");
    finish();
    assert.equal(await slow, null);
    lease[Symbol.dispose]();
    (await blocked)[Symbol.dispose]();
    await redis.close();
    assert.equal(clock.pendingTimers, 0);
  });

  for (const which of ["one", "all"]) {
    it(`${which}, and answers nobody, loses its connections`, async () => {
      const { fake, clock, redis, lease, blocked } = await begin(false);
      blocked.catch(() => {});
      const call = lease.send(["ECHO", "dead"], { timeout: 0 });
      let failed = false;
      call.catch(() => failed = true);
      fake.belief = moves[which]!;
      const refreshed = redis.pool.refresh();
      await clock.advance(200);
      await refreshed;
      assert.equal(failed, which === "all", "at once only where no slot is left");
      await clock.advance(7_000);
      assert.ok(failed);
      await redis.close();
      assert.equal(clock.pendingTimers, 0);
    });
  }
});
