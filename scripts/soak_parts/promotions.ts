/**
 * Unannounced promotions: the old master is alive and accepts writes that will be lost, which no client can know.
 * Sentinels also start failovers on their own.
 *
 * @module
 */
import type { Server } from "../../tests/harness/types.ts";
import { field } from "../../tests/harness/wait.ts";
import { sleep } from "./dice.ts";
import type { Losses } from "./losses.ts";

/** Milliseconds between two looks. */
const INTERVAL = 50;

/**
 * Watches these servers until the end. The server of `named` is the master for clients. `asleep` contains those that
 * cannot reply.
 */
export async function watchPromotions(
  servers: readonly Server[],
  asleep: ReadonlySet<Server>,
  named: () => Promise<Server>,
  losses: Losses,
  stopped: () => boolean,
): Promise<void> {
  /** Replicas, and when each was last known to be one. */
  const replicas = new Map<Server, number>();
  /** Promoted and not named, and since when. */
  const early = new Map<Server, number>();
  while (!stopped()) {
    const master = await named().catch(() => undefined);
    for (const server of servers) {
      if (asleep.has(server)) continue;
      const asked = performance.now();
      const role = field(await server.cli("INFO", "replication").catch(() => ""), "role");
      if (role === "slave") replicas.set(server, asked);
      if (role !== "master" || master === undefined) continue;
      const since = early.get(server);
      const before = replicas.get(server);
      if (server !== master && before !== undefined) early.set(server, since ?? before);
      if (server === master) {
        // The replica may have been promoted and announced between two checks.
        const from = since ?? before;
        if (from !== undefined) losses.replacedSince(from);
        early.delete(server);
        replicas.delete(server);
      }
    }
    await sleep(INTERVAL);
  }
}
