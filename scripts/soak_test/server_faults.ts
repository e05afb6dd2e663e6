/**
 * Faults of any server that end without a replacement.
 *
 * @module
 */
import type { Server } from "../../tests/harness/types.ts";
import type { Dice } from "./dice.ts";
import type { Fault } from "./faults.ts";

/** Stops servers until a condition holds; `stopped` contains them. */
export function stopper<S extends Server>(
  stopped: Set<S>,
): (server: S, until: () => Promise<unknown>) => Promise<void> {
  return async (server, until) => {
    stopped.add(server);
    await server.kill("SIGSTOP");
    try {
      await until();
    } finally {
      await server.kill("SIGCONT");
      stopped.delete(server);
    }
  };
}

/** Faults of one of these servers at a time, without signals. */
export function serverFaults(servers: readonly [Server, ...Server[]], dice: Dice): Fault[] {
  // A server that has no time for the order is no failure of the client.
  const ask = async (...words: (string | number)[]): Promise<void> => {
    await dice.some(servers).cli(...words).catch(() => {});
  };
  return [
    { name: "CLIENT KILL", weight: 4, run: () => ask("CLIENT", "KILL", "TYPE", "normal") },
    {
      name: "CLIENT KILL of subscribers",
      weight: 2,
      run: () => ask("CLIENT", "KILL", "TYPE", "pubsub"),
    },
    { name: "CLIENT PAUSE", weight: 2, run: () => ask("CLIENT", "PAUSE", 200) },
  ];
}
