/**
 * The limits that pools respect at every moment.
 *
 * @module
 */
import type { WorldPool } from "./topologies/topology.ts";

/** The pool of a client, and the number of the client that made it. */
export interface OwnedPool {
  readonly pool: WorldPool;
  readonly owner: number;
}

/** The faults of a world beyond which no more are noted. */
const MOST = 50;

/** Returns the pools that have lost connections or exceed their limits, in words; `known`: the faults so far. */
export function poolFaults(clients: readonly OwnedPool[], known: number): string[] {
  const faults: string[] = [];
  if (known > MOST) return faults;
  for (const [at, { pool, owner }] of clients.entries()) {
    if (owner !== at) continue;
    const { created, connecting, max, idle, inUse } = pool.stats();
    if (created + connecting > max || idle + inUse !== created || idle < 0 || inUse < 0) {
      faults.push(`pool: of client ${at}: ${pool.explain()}`);
    }
  }
  return faults;
}
