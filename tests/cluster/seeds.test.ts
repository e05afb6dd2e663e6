/** Seeds are addresses to ask, and not nodes until the topology names them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionError, RedisCluster } from "../../mod.ts";
import type { Transport } from "../../src/transport.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

function start(startupNodes: readonly string[], options: object = {}) {
  const fake = new FakeCluster(dealt(3));
  const clock = new SimulatedClock();
  const names = new Set<string>();
  const { before } = fake;
  let redis: RedisCluster | undefined;
  fake.before = (...call) => {
    for (const node of redis?.topology.nodes() ?? []) names.add(String(node));
    return before(...call);
  };
  /** Addresses at which no server listens any more. */
  const gone = new Set<string>();
  const inner = fake.transport();
  const transport: Transport = {
    ...inner,
    connect: (endpoint, ...rest) => {
      const name = "port" in endpoint ? `${endpoint.host}:${endpoint.port}` : "";
      if (!gone.has(name)) return inner.connect(endpoint, ...rest);
      return Promise.reject(new ConnectionError("nobody is there", { code: "CONNECT", executed: "no" }));
    },
  };
  const made = redis = new RedisCluster({
    startupNodes,
    transport,
    clock,
    refreshInterval: 0,
    ...options,
  });
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false;
    promise.then(() => done = true, () => done = true);
    for (let step = 0; step < 1_000 && !done; step++) await clock.advance(10);
    return await promise;
  };
  return { fake, clock, redis: made, names, gone, settled };
}

const ANNOUNCED = ["node:7000", "node:7001", "node:7002"];

describe("seeds under another name than the nodes announce", () => {
  const options = [{}, { followCluster: false }, { multiplex: false }, { initSlotCache: false }];
  for (const given of options) {
    it(`are never taken for nodes, and a refresh rearranges nothing (${JSON.stringify(given)})`, async () => {
      const { fake, clock, redis, names, settled } = start(["alias:7000", "alias:7001"], given);
      await settled(redis.pool.refresh());
      await settled(Promise.all(["a", "b", "c", "d", "e"].map((key) => redis.set(key, 1))));
      let rearranged = 0;
      redis.pool.state.listen({ discovered() {}, failed: () => false, rearranged: () => void rearranged++ });
      for (let n = 0; n < 5; n++) {
        await settled(redis.pool.refresh());
        assert.deepEqual(redis.topology.nodes().map(String).sort(), ANNOUNCED);
      }
      assert.equal(rearranged, 0);
      for (const name of names) assert.ok(ANNOUNCED.includes(name), name);
      await clock.advance(100);
      assert.equal(fake.open, redis.pool.stats().created, "nothing is left at the seeds' own names");
      await redis.close();
      assert.equal(fake.open + clock.pendingTimers, 0);
    });
  }

  it("become another name of the node that answered there", async () => {
    const { fake, redis, settled } = start(["alias:7001"]);
    await settled(redis.connect());
    const one = redis.node({ host: "alias", port: 7001 });
    await settled(one.ping());
    assert.ok(fake.peer(7001).count("PING") > 0);
    assert.ok(!fake.connected.slice(1).includes("alias:7001"), "it is reached as it announces itself");
    assert.throws(() => redis.node({ host: "alias", port: 7002 }), { code: "NO_NODE" });
    await one.close();
    await redis.close();
  });

  it("are asked again under their own names when no node answers", async () => {
    const { fake, clock, redis, gone, settled } = start(["alias:7000"]);
    await settled(redis.set("a", 1));
    const { shards } = fake.belief;
    fake.belief = { epoch: 9, shards: shards.map((shard) => ({ ...shard, master: shard.master + 500 })) };
    for (const port of [7000, 7001, 7002]) for (const one of fake.peer(port).open) one.reset();
    await clock.advance(1);
    const inner = fake.before;
    fake.before = (port, ...rest) => inner(port === 7000 ? 7500 : port, ...rest);
    // The name leads elsewhere now, the addresses nowhere.
    const count = fake.connected.length;
    for (const name of ANNOUNCED) gone.add(name);
    assert.equal(await settled(redis.set("a", 2)), "OK");
    assert.ok(fake.connected.slice(count).includes("alias:7000"));
    assert.deepEqual(redis.topology.nodes().map(String).sort(), ["node:7500", "node:7501", "node:7502"]);
    await redis.close();
    await clock.advance(1_000);
    assert.equal(fake.open, 0);
  });
});
