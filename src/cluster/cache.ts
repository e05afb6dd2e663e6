/**
 * The client-side cache over a cluster: each node tells over the connection that all share what has changed there.
 *
 * @module
 */
import type { ClientCache } from "../client/cache/cache.ts";
import { sharedCache } from "../client/cache/open_cache.ts";
import type { ResolvedCacheOptions } from "../options.ts";
import type { ClusterState } from "./topology/cluster_state.ts";
import { slotOf } from "./routing/slot.ts";

/** A key of the cache as the server sees it. */
function bytesOf(key: string): Uint8Array {
  return Uint8Array.from(key, (char) => char.charCodeAt(0));
}

/**
 * The cache of the clients of a cluster's pool. The keys of slots that have another master are evicted, as the one before
 * tells no more of what is written there. When the connection to a node is lost, all keys are evicted: with ASK, a node
 * has served keys of slots that it does not own.
 *
 * @throws {RedisError} with code `CACHE`, when another client of the pool has a cache with other options.
 */
export function clusterCache(state: ClusterState, options: ResolvedCacheOptions): ClientCache {
  return sharedCache(state, options, state.options.connection, (cache) => {
    for (const { openedShared } of state.topology.nodes()) {
      if (openedShared !== undefined) cache.attach(openedShared);
    }
    state.listen({
      discovered: () => {},
      failed: () => false,
      rearranged: (slots) => {
        const moved = new Set(slots);
        if (moved.size > 0) cache.forgetMatching((key) => moved.has(slotOf(bytesOf(key))));
      },
      opened: ({ shared }) => cache.attach(shared),
    });
  });
}
