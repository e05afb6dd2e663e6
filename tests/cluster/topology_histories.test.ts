/** Random histories of a cluster against a model of what a client must know, and be connected to, after each of them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { type Belief, dealt, FakeCluster, type FakeShard } from "./fake_cluster.ts";

const KEYS = Array.from({ length: 40 }, (_, n) => `key:${n}`);

/** Changes of a cluster, each with as many random numbers as it needs. */
const CHANGES: Readonly<
  Record<string, (shards: FakeShard[], pick: (below: number) => number, port: () => number) => void>
> = {
  failover: (shards, pick) => {
    const shard = shards[pick(shards.length)]!;
    const replicas = [...shard.replicas ?? []];
    if (replicas.length === 0) return;
    const elected = replicas[pick(replicas.length)]!;
    shard.replicas = [...replicas.filter((port) => port !== elected), shard.master];
    shard.master = elected;
  },
  "a replica joins": (shards, pick, port) => {
    const shard = shards[pick(shards.length)]!;
    shard.replicas = [...shard.replicas ?? [], port()];
  },
  "a replica leaves": (shards, pick) => {
    const shard = shards[pick(shards.length)]!;
    shard.replicas = (shard.replicas ?? []).slice(1);
  },
  "a replica migrates": (shards, pick) => {
    const [from, to] = [shards[pick(shards.length)]!, shards[pick(shards.length)]!];
    const [first, ...rest] = from.replicas ?? [];
    if (first === undefined || from === to) return;
    from.replicas = rest;
    to.replicas = [...to.replicas ?? [], first];
  },
  "slots move": (shards, pick) => {
    const place = pick(shards.length - 1);
    const [left, right] = [shards[place], shards[place + 1]];
    if (left === undefined || right === undefined) return;
    const border = left.range[0] + 1 + pick(right.range[1] - left.range[0] - 1);
    left.range = [left.range[0], border - 1];
    right.range = [border, right.range[1]];
  },
  "a shard joins": (shards, pick, port) => {
    const place = pick(shards.length);
    const { range: [from, to] } = shards[place]!;
    if (to - from < 100 || shards.length > 6) return;
    const border = from + 1 + pick(to - from - 1);
    shards[place]!.range = [from, border - 1];
    shards.splice(place + 1, 0, { range: [border, to], master: port() });
  },
  "a shard leaves": (shards, pick) => {
    if (shards.length < 2) return;
    const place = pick(shards.length - 1);
    const [{ range: [from] }] = shards.splice(place, 1) as [FakeShard];
    shards[place]!.range = [from, shards[place]!.range[1]];
  },
  nothing: () => {},
};

/** Checks the state of a client that has just refreshed. */
function check(redis: RedisCluster, { epoch, shards }: Belief, when: string): void {
  const { topology } = redis;
  assert.equal(topology.epoch, epoch, when);
  const roles = new Map<string, string>();
  for (const { master, replicas = [] } of shards) {
    roles.set(`node:${master}`, "master");
    for (const replica of replicas) roles.set(`node:${replica}`, "replica");
  }
  const known = new Map(topology.nodes().map((node) => [String(node), node.role as string]));
  assert.deepEqual([...known].sort(), [...roles].sort(), when);
  for (const { range: [from, to], master, replicas = [] } of shards) {
    for (const slot of [from, (from + to) >> 1, to]) {
      assert.equal(topology.masterOf(slot)!.port, master, `${when}: slot ${slot}`);
      assert.deepEqual(topology.replicasOf(slot).map(({ port }) => port), replicas, when);
    }
  }
  const masters = topology.shards().map(({ master }) => master.port).sort();
  assert.deepEqual(masters, shards.map(({ master }) => master).sort(), `${when}: shards`);
  for (const node of topology.nodes()) {
    assert.equal(redis.pool.state.find({ host: "NODE", port: node.port }), node, when);
    assert.equal(topology.shardOf(node)?.master, node.role === "master" ? node : undefined, when);
  }
}

describe("the state of a cluster, after each step of a random history", () => {
  for (let seed = 1; seed <= 12; seed++) {
    it(`is that of the cluster, with no socket to anyone else (seed ${seed})`, async () => {
      const random = new SimulatedClock({ seed });
      const pick = (below: number): number => Math.floor(random.random() * Math.max(1, below));
      const clock = new SimulatedClock({ seed: seed + 100 });
      const fake = new FakeCluster(dealt(3));
      let ports = 7100;
      const seeds = seed % 2 === 0 ? ["alias:7000", "alias:7001"] : ["node:7000", "node:7001"];
      const redis = new RedisCluster({
        startupNodes: seeds,
        ...{ transport: fake.transport(), clock, refreshInterval: 0, nodeTimeout: 0 },
        readFrom: (["master", "preferReplica", "any", "nearest"] as const)[seed % 4]!,
        multiplex: seed % 3 > 0,
        reinitializeSteps: seed % 5,
      });
      const settled = async <T>(promise: Promise<T>): Promise<T> => {
        let done = false;
        promise.then(() => done = true, () => done = true);
        for (let step = 0; step < 1_000 && !done; step++) await clock.advance(20);
        assert.ok(done, "it settles");
        return await promise;
      };
      await settled(redis.connect());
      const history: string[] = [];
      const written = new Map<string, number>();
      for (let step = 0; step < 25; step++) {
        const names = Object.keys(CHANGES);
        const name = names[pick(names.length)]!;
        history.push(name);
        const when = `seed ${seed}, ${history.join(", ")}`;
        const shards = fake.belief.shards.map((shard) => ({ ...shard }));
        const before = JSON.stringify(shards);
        CHANGES[name]!(shards, pick, () => ports++);
        const changed = JSON.stringify(shards) !== before;
        fake.belief = { epoch: fake.belief.epoch + (changed ? 1 : 0), shards };
        // Sometimes redirections arrive first.
        if (pick(2) === 0) {
          const some = KEYS.filter(() => pick(4) === 0);
          await settled(
            Promise.all(some.map((key) => redis.set(key, step).then(() => written.set(key, step)))),
          );
          for (const key of some) {
            const slot = slotOf(key);
            const shard = shards.find(({ range: [from, to] }) => slot >= from && slot <= to)!;
            assert.equal(redis.topology.masterOf(slot)!.port, shard.master, `${when}: ${key} was redirected`);
          }
        }
        await settled(redis.pool.refresh());
        await clock.advance(500);
        check(redis, fake.belief, when);
        const members = new Set(shards.flatMap(({ master, replicas = [] }) => [master, ...replicas]));
        for (const [port, peer] of fake.peers) {
          if (!members.has(port)) assert.equal(peer.open.length, 0, `${when}: a socket to ${port}`);
        }
        assert.equal(fake.open, redis.pool.stats().created, `${when}: sockets that the pool does not know`);
      }
      await settled(redis.close());
      assert.equal(fake.open, 0);
      assert.equal(clock.pendingTimers, 0);
    });
  }
});
