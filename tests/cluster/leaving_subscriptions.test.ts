/** A subscription that goes to another node while the one before is alive ends there. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ErrorReply } from "../harness/resp.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

const text = new TextEncoder();

/** A cluster whose nodes call one of them failed, although it lives. */
function start(protocol: 2 | 3) {
  const fake = new FakeCluster(dealt(3));
  const clock = new SimulatedClock();
  const failed = new Set<number>();
  fake.before = (_, [name, what]) => {
    if (name !== "CLUSTER" || what !== "SHARDS") return undefined;
    return fake.belief.shards.map(({ range, master }) => [
      ...["slots", [...range], "nodes"],
      [[
        ...["id", `id-${master}`, "port", master, "ip", "node", "endpoint", "node", "role", "master"],
        ...["health", failed.has(master) ? "failed" : "online"],
      ]],
    ]) as never;
  };
  const redis = new RedisCluster({
    ...{ host: "node", port: 7000, transport: fake.transport(), clock, refreshInterval: 0, protocol },
  });
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false;
    promise.then(() => done = true, () => done = true);
    for (let step = 0; step < 1_000 && !done; step++) await clock.advance(10);
    return await promise;
  };
  const at = (...words: string[]): number[] =>
    [...fake.peers].filter(([, peer]) =>
      peer.received.some((command) => words.every((word, index) => command[index] === word))
    ).map(([port]) => port);
  return { fake, clock, failed, redis, settled, at };
}

describe("a subscription that leaves a node which is alive", () => {
  for (const protocol of [2, 3] as const) {
    for (
      const [subscribe, unsubscribe] of [["SUBSCRIBE", "UNSUBSCRIBE"], [
        "PSUBSCRIBE",
        "PUNSUBSCRIBE",
      ]] as const
    ) {
      it(`ends there, and no message comes twice (${subscribe}, RESP${protocol})`, async () => {
        const { fake, clock, failed, redis, settled, at } = start(protocol);
        const got: string[] = [];
        const listener = (message: string): void => void got.push(message);
        await settled(
          subscribe === "SUBSCRIBE" ? redis.subscribe("news", listener) : redis.psubscribe("news", listener),
        );
        const [home] = at(subscribe, "news");
        failed.add(home!);
        await settled(redis.pool.refresh());
        await clock.advance(100);
        const homes = at(subscribe, "news");
        assert.equal(homes.length, 2, "it is subscribed elsewhere");
        if (protocol === 3) assert.deepEqual(at(unsubscribe), [home]);
        // A message at the old node reaches no subscriber, as the connection has no subscription there.
        const publish = (port: number): number =>
          fake.peer(port).server.publish("news", text.encode(`${port}`));
        assert.deepEqual(homes.map((port) => publish(port)), homes.map((port) => port === home ? 0 : 1));
        await clock.settle();
        assert.deepEqual(got, homes.filter((port) => port !== home).map(String));
        await redis.close();
        assert.equal(fake.open + clock.pendingTimers, 0);
      });
    }
  }

  it("goes on there for a client of that node alone", async () => {
    const { clock, failed, redis, settled, at } = start(3);
    await settled(redis.subscribe("news", () => {}));
    const [home] = at("SUBSCRIBE", "news");
    const one = redis.node({ host: "node", port: home! });
    await settled(one.subscribe("news", () => {}));
    failed.add(home!);
    await settled(redis.pool.refresh());
    await clock.advance(100);
    assert.deepEqual(at("UNSUBSCRIBE"), []);
    await settled(one.close());
    await redis.close();
  });
});

it("a subscription that a node refuses, cut off from the others, goes to the master that they have elected", async () => {
  const fake = new FakeCluster(dealt(2));
  const clock = new SimulatedClock();
  const redis = new RedisCluster({
    ...{ host: "node", port: 7000, transport: fake.transport(), clock, refreshInterval: 0 },
  });
  await Promise.all([redis.connect(), clock.advance(100)]);
  const slot = slotOf("news");
  const cutOff = fake.belief.shards.find(({ range: [first, last] }) => first <= slot && slot <= last)!.master;
  const elected = cutOff === 7000 ? 7001 : 7000;
  fake.belief = { epoch: 9, shards: [{ range: [0, 16_383], master: elected }] };
  fake.beliefs.set(cutOff, dealt(2));
  fake.before = (port, [name]) =>
    name === "SSUBSCRIBE" && port === cutOff ? new ErrorReply("CLUSTERDOWN The cluster is down") : undefined;
  await Promise.all([redis.ssubscribe("news", () => {}), clock.advance(5_000)]);

  assert.equal(fake.peer(elected).server.publish("news", text.encode("x"), "s"), 1);
  await redis.close();
});
