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
    name: "top",
    summary: "Shows the load of a server, or of each node of a cluster, every second",
    load: async () => (await import("./commands/top.ts")).top,
  },
  {
    name: "bench",
    summary: "Measures PING, SET and GET against a server",
    load: async () => (await import("./commands/bench.ts")).bench,
  },
  {
    name: "serve",
    summary: "Runs a Redis-compatible server in memory, for development and tests",
    load: async () => (await import("./commands/serve.ts")).serve,
  },
  {
    name: "completion",
    summary: "Prints a script by which bash, zsh or fish completes commands and options",
    load: async () => (await import("./commands/completion.ts")).completionOf(COMMANDS),
  },
];
