/**
 * The pools of a cluster's nodes, counted together.
 *
 * @module
 */
import type { LeaseInfo, PoolStats } from "../../pool/pool.ts";
import type { NodePool } from "./node_pool.ts";

/** The numbers of all pools, without the limit of the cluster and its waiting calls. */
export type SummedStats = Omit<PoolStats, "waiting" | "max">;

/** The opened pools; also those of nodes that have left, until their last connection is closed. */
export class NodePools {
  readonly #pools: Set<NodePool> = new Set();
  /** The numbers of pools that are closed. */
  #retired = { opened: 0, closed: 0 };

  /** Adds a pool. */
  add(pool: NodePool): void {
    this.#pools.add(pool);
  }

  /** The pools at this moment. */
  [Symbol.iterator](): Iterator<NodePool> {
    return [...this.#pools][Symbol.iterator]();
  }

  /** The number of connections, with those that are being opened. */
  get connections(): number {
    let count = 0;
    for (const pool of this.#pools) {
      const { created, connecting } = pool.stats();
      count += created + connecting;
    }
    return count;
  }

  /** Returns the sums of the numbers; `leases` has the longest lease first, and is empty without `trackLeases`. */
  stats(): SummedStats & { readonly leases: readonly LeaseInfo[] } {
    const sum = { created: 0, idle: 0, inUse: 0, connecting: 0, ...this.#retired };
    const leases: LeaseInfo[] = [];
    let longestLease = 0;
    for (const pool of this.#pools) {
      const stats = pool.stats();
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += stats[name];
      longestLease = Math.max(longestLease, stats.longestLease);
      leases.push(...stats.leases ?? []);
    }
    leases.sort((a, b) => b.heldFor - a.heldFor);
    return { ...sum, longestLease, leases };
  }

  /** Removes a closed pool and keeps its numbers. Returns whether it was one of these. */
  retire(pool: NodePool): boolean {
    if (!this.#pools.delete(pool)) return false;
    const { opened, closed } = pool.stats();
    this.#retired.opened += opened;
    this.#retired.closed += closed;
    return true;
  }

  /** Resets all pools, and counts from zero. */
  reset(): void {
    for (const pool of this) pool.reset();
    this.#retired = { opened: 0, closed: 0 };
  }

  /** Removes all pools. */
  clear(): void {
    this.#pools.clear();
  }
}
