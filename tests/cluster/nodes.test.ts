import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisCluster } from "../../mod.ts";
import type { Transport } from "../../src/transport.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

/** Ports, and what each node says of itself beside its port. */
function describeNodes(fake: FakeCluster, more: Readonly<Record<number, readonly string[]>>): void {
  fake.before = (_, command) => {
    if (command[0] !== "CLUSTER" || command[1] !== "SHARDS") return undefined;
    return fake.belief.shards.map(({ range, master, replicas = [] }) => [
      "slots",
      [...range],
      "nodes",
      [master, ...replicas].map((port) => [
        ...["id", `id-${port}`, "tls-port", port, "port", port, "ip", "node", "endpoint", "node"],
        ...["role", port === master ? "master" : "replica", "health", "online", ...more[port] ?? []],
      ]),
    ]);
  };
}

/** Moves time on until a promise has settled. */
async function settled<T>(clock: SimulatedClock, promise: Promise<T>): Promise<T> {
  let done = false;
  promise.then(() => done = true, () => done = true);
  for (let step = 0; step < 10_000 && !done; step++) await clock.advance(10);
  return await promise;
}

/** A cluster of one master and two replicas, in three zones; reads of a client in the zone of one of them. */
async function readsOf(
  options: object,
  latency: Readonly<Record<number, number>> = {},
  down: readonly number[] = [],
): Promise<number[]> {
  const fake = new FakeCluster({
    epoch: 1,
    shards: [{ range: [0, 16_383], master: 7000, replicas: [7001, 7002] }],
  });
  describeNodes(fake, {
    7000: ["availability-zone", "a"],
    7001: ["availability-zone", "b"],
    7002: ["availability-zone", "c"],
  });
  const clock = new SimulatedClock();
  const { before } = fake;
  fake.before = (port, command, connection) => {
    if (command[0] !== "PING") return before(port, command, connection);
    return new Promise((resolve) =>
      clock.setTimeout(() => resolve("PONG" as never), latency[port] ?? 1)
    ) as never;
  };
  await using redis = new RedisCluster({
    host: "node",
    port: 7000,
    transport: fake.transport(),
    clock,
    refreshInterval: 0,
    ...options,
  });
  for (const port of down) fake.down.add(port);
  // The first reads measure.
  for (let n = 0; n < 3; n++) await settled(clock, redis.get("k"));
  await clock.advance(200);
  const counts = [7000, 7001, 7002].map((port) => fake.peer(port).count("GET"));
  for (let n = 0; n < 10; n++) await settled(clock, redis.get("k"));
  return [7000, 7001, 7002].map((port, index) => fake.peer(port).count("GET") - counts[index]!);
}

describe('readFrom: "nearest"', () => {
  it("reads in the zone of the client, although another is quicker", async () => {
    assert.deepEqual(
      await readsOf({ readFrom: "nearest", availabilityZone: "c" }, { 7000: 1, 7001: 5, 7002: 50 }),
      [0, 0, 10],
    );
    assert.deepEqual(
      await readsOf({ readFrom: "nearest", availabilityZone: "a" }, { 7000: 50, 7001: 5, 7002: 1 }),
      [10, 0, 0],
    );
  });

  it("reads at the quickest where no node is in the zone of the client", async () => {
    assert.deepEqual(
      await readsOf({ readFrom: "nearest", availabilityZone: "z" }, { 7000: 20, 7001: 2, 7002: 50 }),
      [0, 10, 0],
    );
  });
});

describe("readFrom: { zone }", () => {
  it("reads from the replica in the zone, then from the master in the zone", async () => {
    assert.deepEqual(await readsOf({ readFrom: { zone: "b" } }), [0, 10, 0]);
    assert.deepEqual(await readsOf({ readFrom: { zone: "c" } }), [0, 0, 10]);
    assert.deepEqual(await readsOf({ readFrom: { zone: "a" } }), [10, 0, 0]);
  });

  it("reads from all in turn where none is in the zone, or none of it can be reached", async () => {
    const [master, ...replicas] = await readsOf({ readFrom: { zone: "z" } });
    for (const count of [master!, ...replicas]) assert.ok(count === 3 || count === 4, `${count} of 10`);
    assert.deepEqual(await readsOf({ readFrom: { zone: "b" } }, {}, [7001]), [5, 0, 5]);
  });

  it("believes the zones of the option, by address or by host, before those that are announced", async () => {
    const zones = { "node:7002": "b", node: "elsewhere" };
    assert.deepEqual(await readsOf({ readFrom: { zone: "b", zones } }), [0, 0, 10]);
    const both = { "node:7001": "x", "node:7002": "x" };
    assert.deepEqual(await readsOf({ readFrom: { zone: "x", zones: both } }), [0, 5, 5]);
  });
});

describe("TLS to the nodes of a cluster", () => {
  /** The names for which certificates are asked, by port. */
  async function namesOf(options: object): Promise<Map<number, string | undefined>> {
    const fake = new FakeCluster(dealt(3));
    describeNodes(fake, { 7000: ["hostname", "one.example"], 7001: ["hostname", "two.example"] });
    const names = new Map<number, string | undefined>();
    const inner = fake.transport();
    const transport: Transport = {
      ...inner,
      connect: (endpoint, given, handlers) => {
        if ("port" in endpoint) names.set(endpoint.port, endpoint.tls?.serverName ?? endpoint.host);
        return inner.connect(endpoint, given, handlers);
      },
    };
    await using redis = new RedisCluster({
      host: "seed",
      port: 7000,
      transport,
      refreshInterval: 0,
      ...options,
    });
    await redis.dbsize();
    return names;
  }

  it("wants the name that each node announces, wherever the way to it leads", async () => {
    const tls = {};
    assert.deepEqual(
      await namesOf({ tls, addressMap: [{ fromHost: "node", toHost: "127.0.0.1" }] }),
      new Map([[7000, "one.example"], [7001, "two.example"], [7002, "node"]]),
    );
  });

  it("wants the one name that was given", async () => {
    const names = await namesOf({ tls: { serverName: "cluster.example" } });
    assert.deepEqual(new Set(names.values()), new Set(["cluster.example"]));
  });
});
