/**
 * Selects the replica that a client reads from.
 *
 * @module
 */
import type { AddressFromResponse, PreferredSlave, RedisOptions } from "../options.ts";
import { sample } from "../support.ts";

/** Returns the address of the replica that is preferred, or of any; null without replicas. */
export function selectReplica(
  replicas: AddressFromResponse[],
  preferred: RedisOptions["preferredSlaves"],
): { host: string; port: number } | null {
  if (replicas.length === 0) return null;
  const chosen = (typeof preferred === "function" ? preferred(replicas) : byPriority(replicas, preferred)) ||
    sample(replicas)!;
  return { host: chosen.ip, port: Number(chosen.port) };
}

function byPriority(
  replicas: readonly AddressFromResponse[],
  preferred: PreferredSlave | PreferredSlave[] | null | undefined,
): AddressFromResponse | undefined {
  if (preferred === null || preferred === undefined) return undefined;
  const sorted = (Array.isArray(preferred) ? [...preferred] : [preferred])
    .sort((a, b) => (a.prio ?? 1) - (b.prio ?? 1));
  for (const { ip, port } of sorted) {
    const found = replicas.find((replica) => replica.ip === ip && replica.port === port);
    if (found !== undefined) return found;
  }
  return undefined;
}
