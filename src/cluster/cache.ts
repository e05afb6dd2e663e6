/**
 * The client-side cache of a cluster. Each node sends invalidations over its shared connection.
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
 * Returns the cache of a cluster's pool. When a slot has a new master, its keys are evicted, because the old master
 * no longer sees its writes. So they are when it is on its way to one, which writes the keys that the old one lacks.
 * When the connection to a node is lost, all keys are evicted, because with ASK a node has served keys of slots that
 * it does not own.
 *
 * @throws {RedisError} with code `CACHE`, if another client of the pool has a cache with other options.
 */
export function clusterCache(state: ClusterState, options: ResolvedCacheOptions): ClientCache {
  return sharedCache(state, options, state.options.connection, (cache) => {
    for (const { openedShared } of state.topology.nodes()) {
      if (openedShared !== undefined) cache.attach(openedShared);
    }
    const forget = (slots: ReadonlySet<number>): void =>
      cache.forgetMatching((key) => slots.has(slotOf(bytesOf(key))));
    /** Since the last refresh. All that is read later comes from the node that writes the key. */
    const asked = new Set<number>();
    state.listen({
      discovered: () => asked.clear(),
      failed: () => false,
      rearranged(slots) {
        for (const slot of slots) asked.delete(slot);
        if (slots.length > 0) forget(new Set(slots));
      },
      asked(slot) {
        if (asked.has(slot)) return;
        asked.add(slot);
        forget(new Set([slot]));
      },
      opened: ({ shared }) => cache.attach(shared),
    });
  });
}
