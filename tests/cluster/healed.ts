/**
 * All replicas of a cluster follow again, so that the next fault finds a cluster in order.
 *
 * @module
 */
import type { RedisCluster } from "../../mod.ts";
import type { Cluster } from "../harness/cluster.ts";
import { waitFor } from "../harness/wait.ts";

/** Waits until the nodes have settled, and `redis` knows a replica that is well for each master. */
export async function healed(cluster: Cluster, redis: RedisCluster): Promise<void> {
  await cluster.settled();
  await waitFor("a replica for each master", async () => {
    await redis.pool.refresh();
    const bare = redis.topology.shards().find(({ replicas }) =>
      replicas.every(({ health }) => health !== "online")
    );
    return bare === undefined ? undefined : `${bare.master} has none`;
  });
}
