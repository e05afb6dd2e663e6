/**
 * Checks that no resource is left when all clients are closed.
 *
 * @module
 */
import type { World } from "./world.ts";

/** Returns the pools from which closed clients still have connections, in words. Nodes keep theirs as long as the pool. */
export function leased({ leases, clients, scenario: { topology } }: World): string[] {
  if (leases > 0 || topology === "cluster") return [];
  return [...new Set(clients.map(({ pool }) => pool))].filter((pool) => pool.stats().inUse > 0)
    .map((pool) => `left: clients are closed, and their pool has ${pool.explain()}`);
}

/** Returns what is left, in words. */
export function leftovers({ leases, network, clients, clocks, observer, signals }: World): string[] {
  const faults: string[] = [];
  if (observer.running !== 0) faults.push(`left: ${observer.running} operations that an observer saw begin`);
  if (leases > 0) faults.push(`left: ${leases} leases`);
  for (const pool of new Set(clients.map((client) => client.pool))) {
    const { created, inUse, connecting, waiting } = pool.stats();
    if (created + inUse + connecting + waiting > 0) {
      faults.push(`left: a pool with ${JSON.stringify({ created, inUse, connecting, waiting })}`);
    }
  }
  if (network.sockets.size > 0) faults.push(`left: ${network.sockets.size} sockets`);
  for (const { pendingTimers } of clocks) if (pendingTimers > 0) faults.push(`left: ${pendingTimers} timers`);
  if (signals.listeners !== 0) faults.push(`left: ${signals.listeners} listeners on signals`);
  return faults;
}
