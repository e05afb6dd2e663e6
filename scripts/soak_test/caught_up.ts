/**
 * Waits for replication. A link that is up is not enough, because writes during a full synchronization are sent up to
 * a second later.
 *
 * @module
 */
import type { Server } from "../../tests/harness/types.ts";
import { field, waitFor } from "../../tests/harness/wait.ts";

/** Resolves when each replica among these servers has what its master has now. */
export async function caughtUp(servers: readonly Server[]): Promise<void> {
  const replication = async (server: Server): Promise<string> =>
    String(await server.cli("INFO", "replication"));
  for (const server of servers) {
    let followed: number | undefined;
    let wanted = 0;
    await waitFor("a replica to have what its master has", async () => {
      // Roles change while this waits.
      const own = await replication(server);
      const port = Number(field(own, "master_port"));
      const master = servers.find((one) => one.port === port);
      if (field(own, "role") === "master" || master === undefined) return undefined;
      if (port !== followed) wanted = Number(field(await replication(master), "master_repl_offset"));
      followed = port;
      const offset = Number(field(own, "slave_repl_offset"));
      return offset >= wanted ? undefined : `it is at ${offset} of ${wanted}`;
    });
  }
}
