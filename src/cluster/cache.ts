/**
 * The client-side cache over a cluster: each node tells over the connection that all share what has changed there.
 *
 * @module
 */
import type { ClientCache } from "../client/cache/cache.ts";
import { sharedCache } from "../client/cache/open.ts";
import type { ResolvedCacheOptions } from "../options.ts";
import type { ClusterState } from "./cluster_state.ts";

/**
 * The cache of the clients of a cluster's pool. All of it is dropped when the connection to a node is lost, and when a
 * slot has another master: the one before tells no more of what is written.
 *
 * @throws {RedisError} with code `CACHE`, when another client of the pool has a cache with other options.
 */
export function clusterCache(fleet: ClusterState, options: ResolvedCacheOptions): ClientCache {
  return sharedCache(fleet, options, fleet.options.connection, (cache) => {
    for (const { openedLane } of fleet.topology.nodes()) {
      if (openedLane !== undefined) cache.attach(openedLane);
    }
    fleet.listen({
      discovered: () => {},
      failed: () => false,
      rearranged: () => cache.clear(),
      opened: ({ lane }) => cache.attach(lane),
    });
  });
}
