/**
 * The limits that pools respect at every moment, and the check that no resource is left when all clients are
 * closed.
 *
 * @module
 */
import type { WorldPool } from "./topology.ts";
import type { World } from "./world.ts";

/** The counters of a world. */
export interface Counts {
  readonly pools: Iterable<WorldPool>;
  /** Operations that an observer saw begin, and not end. */
  readonly operations: number;
  /** Timers of each client. */
  readonly timers: readonly number[];
  /** Listeners on signals. */
  readonly listeners: number;
}

/** Returns what is left, in words. */
export function leftovers(
  { leases, network }: World,
  { pools, operations, timers, listeners }: Counts,
): string[] {
  const faults: string[] = [];
  if (operations !== 0) faults.push(`left: ${operations} operations that an observer saw begin`);
  if (leases > 0) faults.push(`left: ${leases} leases`);
  for (const pool of pools) {
    const { created, inUse, connecting, waiting } = pool.stats();
    if (created + inUse + connecting + waiting > 0) {
      faults.push(`left: a pool with ${JSON.stringify({ created, inUse, connecting, waiting })}`);
    }
  }
  if (network.sockets.size > 0) faults.push(`left: ${network.sockets.size} sockets`);
  for (const count of timers) if (count > 0) faults.push(`left: ${count} timers`);
  if (listeners !== 0) faults.push(`left: ${listeners} listeners on signals`);
  return faults;
}

/** Connections are conserved, and pools keep to their limits. */
export function checkPools({ clients, history: { faults } }: World): void {
  for (const [at, { pool, owner }] of clients.entries()) {
    if (owner !== at) continue;
    const { created, connecting, max, idle, inUse } = pool.stats();
    if (faults.length > 50) return;
    if (created + connecting > max || idle + inUse !== created || idle < 0 || inUse < 0) {
      faults.push(`pool: of client ${at}: ${pool.explain()}`);
    }
  }
}
