/** `readFrom: { zone }` with servers that announce their zones: Valkey 8 in HELLO, Valkey 9 in CLUSTER SHARDS, too. */
import { describe, it } from "node:test";
import { RedisCluster } from "../../mod.ts";
import { atLeast, findBinary } from "../harness/binaries.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { field, waitFor } from "../harness/wait.ts";

const binary = findBinary();
const announces = binary?.name === "valkey" && atLeast(binary.version, "8.0.0");
const ZONES = ["a", "b", "c"];

/** Returns the number of GETs that each node has received. */
async function getsOf(cluster: Cluster): Promise<number[]> {
  return await Promise.all(cluster.nodes.map(async (node) => {
    const stats = await node.cli("INFO", "commandstats");
    return Number(/calls=(\d+)/.exec(field(stats, "cmdstat_get") ?? "")?.[1] ?? 0);
  }));
}

/** Reads until ten reads in a row have gone to the nodes of the zone alone, and no other. */
async function settles(cluster: Cluster, redis: RedisCluster, wanted: readonly boolean[]): Promise<void> {
  await waitFor(`reads from ${wanted}`, async () => {
    const before = await getsOf(cluster);
    for (let n = 0; n < 10; n++) await redis.get(`key${n}`);
    const counts = (await getsOf(cluster)).map((count, index) => count - before[index]!);
    return counts.every((count, index) => count > 0 === wanted[index]) ? undefined : `they were ${counts}`;
  });
}

describe("readFrom: { zone } on a real cluster", { timeout: 60_000 }, () => {
  it("takes the zones of the option", async () => {
    await using cluster = await startCluster({ masters: 1, replicas: 2 });
    const address = (index: number): string => `127.0.0.1:${cluster.nodes[index]!.port}`;
    const zones = Object.fromEntries(ZONES.map((zone, index) => [address(index), zone]));
    for (const [index, zone] of ZONES.entries()) {
      await using redis = new RedisCluster([address(0)], { readFrom: { zone, zones } });
      await settles(cluster, redis, ZONES.map((_, other) => other === index));
    }
    await using spread = new RedisCluster([address(0)], { readFrom: { zone: "far", zones } });
    await settles(cluster, spread, [true, true, true]);
    await using both = new RedisCluster([address(0)], {
      readFrom: { zone: "a", zones: { ...zones, [address(1)]: "a", [address(2)]: "a" } },
    });
    await settles(cluster, both, [false, true, true]);
  });

  it("takes the zones that the servers announce", {
    skip: announces ? false : "only Valkey 8 and later announce a zone",
  }, async () => {
    await using cluster = await startCluster({
      masters: 1,
      replicas: 2,
      config: (index) => [`availability-zone ${ZONES[index]}`],
    });
    for (const [index, zone] of ZONES.entries()) {
      await using redis = new RedisCluster([`127.0.0.1:${cluster.nodes[0]!.port}`], { readFrom: { zone } });
      // The master is connected to first: its own zone, once known, does not hide a replica there.
      await redis.set("key", "value");
      await settles(cluster, redis, ZONES.map((_, other) => other === index));
    }
    const [, replica] = cluster.nodes;
    try {
      await replica!.cli("CONFIG", "SET", "availability-zone", "a");
      await using redis = new RedisCluster([`127.0.0.1:${cluster.nodes[0]!.port}`], {
        readFrom: { zone: "a" },
      });
      await redis.set("key", "value");
      // The nodes of Valkey 9 learn this from each other.
      await waitFor("the replica's new zone", async () => {
        await redis.pool.refresh();
        await redis.get("key");
        return redis.topology.byRole("replica").some(({ zone }) => zone === "a")
          ? undefined
          : "it is the old one";
      });
      await settles(cluster, redis, [false, true, false]);
    } finally {
      await replica!.cli("CONFIG", "SET", "availability-zone", ZONES[1]!);
    }
  });
});
