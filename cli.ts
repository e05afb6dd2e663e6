/**
 * The command line of Keywire.
 *
 * ```sh
 * npx @keywire/redis serve --port 6380
 * bunx @keywire/redis serve --port 6380
 * deno run -A jsr:@keywire/redis/cli serve --port 6380
 * ```
 *
 * @module
 */
import type { CliContext } from "./src/cli/command.ts";
import { main } from "./src/cli/main.ts";
import { importLua } from "./transports/lua.ts";
import { runtimeTransport } from "./transports/runtime.ts";
import { processTerminal } from "./transports/terminal.ts";

export type * from "./src/cli/command.ts";
export type * from "./src/testing/listener.ts";
export type * from "./src/transport.ts";
export { main };

/** Runs the command line with the arguments of this process, and ends the process with the exit code. */
export async function run(): Promise<void> {
  const terminal = processTerminal();
  const context: CliContext = {
    terminal,
    transport: runtimeTransport,
    listener: async (address, accept) =>
      await (await import("./transports/listen.ts")).listen(address, accept),
    importLua,
  };
  terminal.exit(await main(context));
}

if (import.meta.main) void run();
