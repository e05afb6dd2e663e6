/**
 * All replicas of a cluster follow again, so that the next fault finds a cluster in order.
 *
 * @module
 */
import type { RedisCluster } from "../../mod.ts";
import type { Cluster, ClusterNode } from "../harness/cluster.ts";
import { field, waitFor } from "../harness/wait.ts";

/** Waits until the nodes have settled, and `redis`, if one is given, knows a replica that is well for each master. */
export async function healed(cluster: Cluster, redis?: RedisCluster): Promise<void> {
  // Together, as a slot can lose its owner late: when the old master becomes a replica.
  await waitFor(
    "the cluster to be in order",
    async () => (await adopt(cluster.nodes)) ?? await cluster.disorder(),
  );
  if (redis === undefined) return;
  await waitFor("a replica for each master", async () => {
    await redis.pool.refresh();
    const bare = redis.topology.shards().find(({ replicas }) =>
      replicas.every(({ health }) => health !== "online")
    );
    return bare === undefined ? undefined : `${bare.master} has none`;
  });
}

/**
 * Gives a master the slots that all other nodes assign to it, and that it does not claim.
 *
 * Redis 7.0 records that an owner does not claim its slot (`owner_not_claiming_slot`) when a packet from
 * before the move arrives late. It checks that record again only when the owner's slots change, and so not
 * for the slot that moved last. If a replica with that record is elected, the old master takes the slot from
 * it after its restart. It drops the slot when it becomes a replica. From then on no node claims the slot,
 * and the cluster stays down.
 */
async function adopt(nodes: readonly ClusterNode[]): Promise<string | undefined> {
  for (const node of nodes) {
    const info = await node.cli("CLUSTER", "INFO").catch(() => undefined);
    if (info === undefined || field(info, "cluster_slots_assigned") === "16384") continue;
    const own = await ownersOf(node);
    const orphans = Array.from({ length: 16_384 }, (_, slot) => slot).filter((slot) =>
      own[slot] === undefined
    );
    const others = await Promise.all(nodes.filter((other) => other !== node).map(ownersOf));
    const claimed = (slot: number): boolean =>
      others.every((owners) => owners[slot] === node.id || owners[slot] === undefined) &&
      others.some((owners) => owners[slot] === node.id);
    if (orphans.every(claimed)) {
      await node.cli("CLUSTER", "ADDSLOTS", ...orphans);
    }
    return `${node.port} knows no owner of ${orphans.slice(0, 5)}`;
  }
  return undefined;
}

/** The owner of each slot, as a node sees it. */
async function ownersOf(node: ClusterNode): Promise<(string | undefined)[]> {
  const owners: (string | undefined)[] = [];
  const ranges = await node.cli("CLUSTER", "SLOTS") as [number, number, [string, number, string]][];
  for (const [first, last, [, , id]] of ranges) {
    for (let slot = first; slot <= last; slot++) owners[slot] = id;
  }
  return owners;
}
