/** A shard whose nodes have all failed, as the other nodes say: commands fail with that, and do not wait for their time limit. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ClusterError, type PartialError, RedisCluster } from "../../mod.ts";
import { set } from "../../src/commands/mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { type Cluster, type ClusterNode, startCluster } from "../harness/cluster.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { waitFor } from "../harness/wait.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

/** So long that a call which waits for it never ends before the test does. */
const LONG = 600_000;

describe("A shard that has failed, without a replica", () => {
  let cluster: Cluster;
  let failed: ClusterNode;
  let key: string;
  const clients: RedisCluster[] = [];
  before(async () => {
    cluster = await startCluster({
      masters: 3,
      replicas: 0,
      nodeTimeout: 500,
      config: ["cluster-require-full-coverage no"],
    });
    const seeds = cluster.masters.map(({ port }) => ({ host: "127.0.0.1", port }));
    for (const multiplex of [true, false]) {
      const redis = new RedisCluster(seeds, { multiplex, commandTimeout: LONG });
      await Promise.all(["a", "b", "c"].map((one) => redis.set(one, "1")));
      clients.push(redis);
    }
    key = "a";
    const { port } = clients[0]!.topology.masterOf(slotOf(key))!;
    failed = cluster.nodes.find((node) => node.port === port)!;
    await failed.kill();
  });
  after(async () => {
    await Promise.all(clients.map((redis) => redis.close()));
    await cluster?.stop();
  });

  for (const multiplex of [true, false]) {
    it(`rejects what concerns it, also what waits already, and nothing else (multiplex: ${multiplex})`, async () => {
      const redis = clients[multiplex ? 0 : 1]!;
      const calls: Record<string, () => Promise<unknown>> = {
        get: () => redis.get(key),
        set: () => redis.set(key, "2"),
        pipeline: () => redis.pipeline().set(key, "2").exec(),
        multi: () => redis.multi().set(key, "2").exec(),
        watch: () => redis.watch(key, (tx) => Promise.resolve(tx.multi().set(key, "2"))),
        blpop: () => redis.blpop(key, 0),
        slot: () => redis.pool.acquireBySlot(slotOf(key)),
      };
      // At first they wait, as the client does not know yet that the shard has failed.
      for (let turn = 0; turn < 2; turn++) {
        for (const [name, call] of Object.entries(calls)) {
          await assert.rejects(call(), (error: ClusterError) => {
            assert.equal(error.executed, "no", name);
            assert.match(error.message, /has failed|did not|cannot|refused/i, name);
            return true;
          });
        }
      }
      await assert.rejects(redis.mget("a", "b", "c"), ({ code, failures }: PartialError) => {
        assert.deepEqual([code, failures.length], ["CLUSTERDOWN", 1]);
        return true;
      });
      await assert.rejects(redis.dbsize(), { code: "CLUSTERDOWN" });
      assert.deepEqual(await redis.mget("b", "c"), ["1", "1"]);
      assert.equal(await redis.echo("hello"), "hello");
    });
  }

  it("goes on when the node is back", async () => {
    await failed.restart();
    for (const redis of clients) {
      await waitFor("the shard to be reached", async () => {
        const outcome = await redis.get(key).catch((error: Error) => error);
        return outcome instanceof Error ? outcome.message : undefined;
      });
    }
  });
});

describe("A failed master that CLUSTER SHARDS lists without its slots, as Redis from 7.2 on does", () => {
  it("keeps them, by CLUSTER SLOTS: commands reject with CLUSTERDOWN, also those to all masters", async () => {
    const fake = new FakeCluster(dealt(3));
    const owner = fake.belief.shards.find(({ range: [from, to] }) =>
      from <= slotOf("a") && slotOf("a") <= to
    )!;
    fake.down.add(owner.master);
    fake.before = (_, [name, word]) =>
      name !== "CLUSTER" || word !== "SHARDS" ? undefined : fake.belief.shards.map((shard) => {
        const failed = shard === owner;
        const node = ["id", `id-${shard.master}`, "port", shard.master, "ip", "node", "endpoint", "node"];
        return [
          ...["slots", failed ? [] : [...shard.range], "nodes"],
          [[...node, "role", "master", "health", failed ? "fail" : "online"]],
        ];
      });
    const clock = new SimulatedClock();
    const redis = new RedisCluster(["node:7000", "node:7001", "node:7002"], {
      transport: fake.transport(),
      clock,
      commandTimeout: LONG,
    });
    const call = async (outcome: Promise<unknown>) => {
      const settled = outcome.then((value) => value, ({ code, executed }: ClusterError) => [code, executed]);
      await clock.advance(2_000);
      return await settled;
    };
    assert.deepEqual(await call(redis.set("a", "1")), ["CLUSTERDOWN", "no"]);
    assert.deepEqual(await call(redis.pipeline().get("a").exec()), ["CLUSTERDOWN", "no"]);
    assert.deepEqual(await call(redis.dbsize()), ["CLUSTERDOWN", "unknown"]);
    const others = ["b", "c", "d", "e"].filter((key) =>
      slotOf(key) < owner.range[0] || slotOf(key) > owner.range[1]
    );
    for (const key of others) assert.equal(await call(redis.set(key, "1")), "OK");
    assert.ok(others.length > 0);
    await call(redis.close());
  });
});

describe("A slot that nobody has", () => {
  for (const multiplex of [true, false]) {
    const what = multiplex ? "commands" : "pipelines, also without multiplex,";
    it(`holds its ${what} until it has a node, in their order`, async () => {
      const whole = dealt(3);
      const slot = slotOf("a");
      const fake = new FakeCluster({
        epoch: 1,
        shards: whole.shards.filter(({ range: [from, to] }) => slot < from || slot > to),
      });
      const clock = new SimulatedClock();
      const redis = new RedisCluster(["node:7000", "node:7001", "node:7002"], {
        transport: fake.transport(),
        clock,
        skipFullCoverageCheck: true,
        commandTimeout: 3_000,
        multiplex,
      });
      await Promise.all([redis.connect(), clock.advance(10)]);
      const ran: string[] = [];
      fake.before = (port, [name, , value], connection) => {
        if (
          name !== "SET" ||
          port !== fake.belief.shards.find(({ range: [from, to] }) => from <= slot && slot <= to)?.master
        ) {
          return undefined;
        }
        ran.push(value!);
        return connection.serve();
      };
      const values = Array.from({ length: 12 }, (_, index) => String(index));
      const calls: Promise<unknown>[] = multiplex
        ? values.slice(0, 8).map((value) => redis.set("a", value))
        : [redis.pipeline(values.slice(0, 8).map((value) => set("a", value))).exec()];
      await clock.advance(300);
      // Calls without multiplex have an order only within a pipeline.
      if (multiplex) calls.push(redis.pipeline(values.slice(8).map((value) => set("a", value))).exec());
      await clock.advance(100);
      assert.deepEqual(ran, []);
      fake.belief = { ...whole, epoch: 2 };
      await clock.advance(1_500);
      const sent = multiplex ? values : values.slice(0, 8);
      assert.deepEqual((await Promise.all(calls)).flat(), sent.map(() => "OK"));
      assert.deepEqual(ran, sent);
      await redis.close();
    });
  }
});
