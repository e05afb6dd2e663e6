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
  const replicas = new Set<Server>();
  /** Promoted and not named, and since when. */
  const early = new Map<Server, number>();
  while (!stopped()) {
    const master = await named().catch(() => undefined);
    for (const server of servers) {
      if (asleep.has(server)) continue;
      const role = field(await server.cli("INFO", "replication").catch(() => ""), "role");
      if (role === "slave") replicas.add(server);
      if (role !== "master" || master === undefined) continue;
      const since = early.get(server);
      if (server !== master && replicas.has(server)) early.set(server, since ?? performance.now() - INTERVAL);
      if (server === master) {
        if (since !== undefined) losses.replacedSince(since);
        early.delete(server);
        replicas.delete(server);
      }
    }
    await sleep(INTERVAL);
  }
}
