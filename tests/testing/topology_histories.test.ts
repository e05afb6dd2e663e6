import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { TestCluster, type TestClusterNode, TestSentinels } from "../../testing.ts";
import { SimulatedClock } from "../harness/clock.ts";

// KEYWIRE_HISTORIES=500 runs so many; KEYWIRE_SEED=5 begins with that seed.
const HISTORIES = Number(process.env["KEYWIRE_HISTORIES"] ?? 15);
const SEED = Number(process.env["KEYWIRE_SEED"] ?? 1);
const SLOTS = 16_384;

/** A choice, by the clock's numbers. */
function pick<T>(clock: SimulatedClock, list: readonly T[]): T | undefined {
  return list[Math.floor(clock.random() * list.length)];
}

/** Writes on a connection of its own to a node, which may refuse. */
async function write(
  clock: SimulatedClock,
  all: TestCluster | TestSentinels,
  node: { readonly host: string; readonly port: number },
  key: string,
): Promise<void> {
  const { host, port } = node;
  await using redis = new Redis({
    transport: all.transport,
    host,
    port,
    clock,
    retry: false,
    commandTimeout: 50,
  });
  const written = redis.append(key, "x").catch(() => {});
  for (let i = 0; i < 20; i++) await clock.advance(10);
  await written;
}

async function clusterHistory(seed: number): Promise<string> {
  const clock = new SimulatedClock({ seed });
  const gossipDelay = pick(clock, [0, 1, 50])!;
  await using cluster = new TestCluster({
    clock,
    masters: pick(clock, [1, 3, 4])!,
    replicas: pick(clock, [0, 1, 2])!,
    nodeTimeout: 500,
    gossipDelay,
    replicationLag: pick(clock, [0, 0, 30])!,
  });
  const trace: string[] = [];
  const step = (name: string, what: () => unknown): void => {
    trace.push(name);
    what();
  };
  for (let i = 0; i < 25; i++) {
    const node = pick(clock, cluster.nodes)!;
    const slot = Math.floor(clock.random() * SLOTS);
    switch (Math.floor(clock.random() * 9)) {
      case 0:
        step(`stop ${node.port}`, () => cluster.stop(node));
        break;
      case 1:
      case 2:
        step(`start ${node.port}`, () => cluster.start(node));
        break;
      case 3:
        step(`partition ${node.port}`, () => cluster.partition(node));
        break;
      case 4:
        step("mend", () => cluster.mend());
        break;
      case 5: {
        const target = pick(clock, cluster.masters);
        const source = cluster.masterOf(slot);
        if (target === undefined || source === undefined || !source.up) break;
        step(
          `move ${slot} to ${target.port}`,
          () => cluster.moveSlots([[slot, Math.min(SLOTS - 1, slot + 3)]], target),
        );
        break;
      }
      case 6: {
        const replica = pick(clock, cluster.replicas);
        if (replica !== undefined) {
          step(`failover ${replica.port}`, () => cluster.failover(replica, { loss: clock.random() < 0.5 }));
        }
        break;
      }
      default:
        trace.push(`write ${node.port}`);
        await write(clock, cluster, node, `key:${slot}`);
    }
    await clock.advance(Math.floor(clock.random() * 800));
  }
  cluster.mend();
  for (const node of cluster.nodes) cluster.start(node);
  await clock.advance(60_000);
  const context = `seed ${seed}: ${trace.join(", ")}`;
  checkCluster(cluster, context);
  trace.push(
    ...cluster.nodes.map((node) => `${node.port} ${node.role} ${JSON.stringify([node.slots, node.dump()])}`),
  );
  return trace.join("\n");
}

/** All are up and reach each other: there must be one truth. */
function checkCluster(cluster: TestCluster, context: string): void {
  let slots = 0;
  for (const node of cluster.nodes) {
    const { port, role, master } = node;
    assert.ok(node.healthy, `${port} takes the cluster to be in order. ${context}`);
    for (const [first, last] of node.slots) {
      slots += last - first + 1;
      assert.equal(role, "master", `${port} has slots. ${context}`);
    }
    if (role === "master") continue;
    assert.equal(master?.role, "master", `the master of ${port} is one. ${context}`);
    assert.deepEqual(node.dump(), master?.dump(), `${port} has the data of ${master?.port}. ${context}`);
  }
  assert.equal(slots, SLOTS, `each slot has one owner. ${context}`);
  for (const node of cluster.masters) {
    for (const key of Object.keys(node.dump())) {
      assert.equal(cluster.masterOf(key), node, `${key} is where its slot is. ${context}`);
    }
    const owned = (one: TestClusterNode): string => JSON.stringify(one.slots);
    const [first] = node.slots;
    if (first !== undefined) assert.equal(owned(cluster.masterOf(first[0])!), owned(node), context);
  }
}

async function sentinelHistory(seed: number): Promise<string> {
  const clock = new SimulatedClock({ seed });
  await using servers = new TestSentinels({
    clock,
    replicas: pick(clock, [1, 2, 3])!,
    sentinels: pick(clock, [1, 3, 5])!,
    announceDelay: pick(clock, [0, 50, 2_000])!,
    replicationLag: pick(clock, [0, 0, 30])!,
    downAfter: 500,
    failoverTimeout: 3_000,
  });
  const trace: string[] = [];
  for (let i = 0; i < 25; i++) {
    const one = pick(clock, [...servers.servers, ...servers.sentinels])!;
    switch (Math.floor(clock.random() * 8)) {
      case 0:
        trace.push(`stop ${one.port}`);
        servers.stop(one);
        break;
      case 1:
      case 2:
        trace.push(`start ${one.port}`);
        servers.start(one);
        break;
      case 3:
        trace.push(`partition ${one.port}`);
        servers.partition(one);
        break;
      case 4:
        trace.push("mend");
        servers.mend();
        break;
      case 5:
        try {
          servers.failover();
          trace.push("failover");
        } catch (error) {
          assert.ok(error instanceof TypeError);
        }
        break;
      default: {
        const server = pick(clock, servers.servers)!;
        trace.push(`write ${server.port}`);
        await write(clock, servers, server, "key");
      }
    }
    await clock.advance(Math.floor(clock.random() * 1_500));
  }
  servers.mend();
  for (const one of [...servers.servers, ...servers.sentinels]) servers.start(one);
  await clock.advance(120_000);
  const context = `seed ${seed}: ${trace.join(", ")}`;
  const { master } = servers;
  for (const sentinel of servers.sentinels) {
    assert.equal(sentinel.master.port, master.port, `${sentinel.port} knows the master. ${context}`);
    assert.equal(sentinel.masterDown, false, context);
  }
  for (const server of servers.servers) {
    assert.equal(server.role, server === master ? "master" : "replica", `${server.port}. ${context}`);
    assert.deepEqual(server.dump(), master.dump(), `${server.port} has the data of the master. ${context}`);
  }
  return [...trace, master.port, JSON.stringify(master.dump())].join("\n");
}

describe("histories of topologies: stops, partitions, moves, failovers", () => {
  it("of a cluster end in one truth when all is mended", async () => {
    for (let seed = SEED; seed < SEED + HISTORIES; seed++) await clusterHistory(seed);
  });

  it("of sentinels end in one truth when all is mended", async () => {
    for (let seed = SEED; seed < SEED + HISTORIES; seed++) await sentinelHistory(seed);
  });

  it("are the same each time with the same seed", async () => {
    for (const seed of [SEED, SEED + 1, SEED + 2]) {
      assert.equal(await clusterHistory(seed), await clusterHistory(seed));
      assert.equal(await sentinelHistory(seed), await sentinelHistory(seed));
    }
  });
});
