/**
 * The commands of the command line.
 *
 * @module
 */
import type { CliEntry } from "./command.ts";

/** All commands, in the order of the help. */
export const COMMANDS: readonly CliEntry[] = [
  {
    name: "doctor",
    summary: "Examines a connection step by step: network, TLS, login, latency, state of the server",
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  {
    name: "serve",
    summary: "Runs a Redis-compatible server in memory, for development and tests",
    load: async () => (await import("./commands/serve.ts")).serve,
  },
];
