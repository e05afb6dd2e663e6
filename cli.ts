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
import type { Diagnosis } from "./src/cli/doctor/diagnosis.ts";
import type { DiagnoseOptions } from "./src/cli/doctor/options.ts";
import type { TopOptions } from "./src/cli/top/options.ts";
import { main } from "./src/cli/main.ts";
import { UsageError } from "./src/cli/usage_error.ts";
import { processInspector } from "./transports/inspector.ts";
import { importLua } from "./transports/lua.ts";
import { runtimeTransport } from "./transports/runtime.ts";
import { processOutput, processTerminal } from "./transports/terminal.ts";

export type * from "./src/cli/command.ts";
export type * from "./src/testing/listener.ts";
export type * from "./src/transport.ts";
export type { Diagnosis, Finding, LatencySummary, Verdict } from "./src/cli/doctor/diagnosis.ts";
export type * from "./src/cli/doctor/options.ts";
export type { ClientSample, WatchedClient } from "./src/cli/top/clients.ts";
export type * from "./src/cli/top/options.ts";
export type { Sample } from "./src/cli/top/sample.ts";
export type { ClientStats, LeaseInfo, PoolStats, QueueStats } from "./src/pool/stats.ts";
export type * from "./src/cli/inspector.ts";
export { main };

/**
 * Examines, step by step, what a connection needs, as `keywire doctor` does. Never rejects: what fails is a finding.
 * Nothing that it returns contains a secret.
 *
 * @example
 * ```ts
 * import { diagnose } from "@keywire/redis/cli";
 *
 * const { verdict, findings } = await diagnose("redis://localhost:6379", { pings: 10 });
 * if (verdict !== "ok") console.log(findings.filter(({ code }) => code !== undefined));
 * ```
 */
export async function diagnose(url: string | URL, options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const { transport = runtimeTransport, inspector = processInspector, pings = 1_000, timeout = 5_000 } =
    options;
  const { diagnoseWith } = await import("./src/cli/doctor/diagnose.ts");
  return await diagnoseWith(url, { transport, inspector, pings, timeout }, options.onFinding);
}

/**
 * Samples a server, or each node of a cluster, as `keywire top` does, and the pools of clients in this process. Prints
 * the samples, or gives them to `onSample`. Resolves after `count` samples, or when the signal is aborted.
 *
 * @example
 * ```ts ignore
 * import { top } from "@keywire/redis/cli";
 *
 * await top("redis://localhost:6379", { clients: { api: redis }, signal: AbortSignal.timeout(60_000) });
 * ```
 *
 * @throws {TypeError} for a URL that is wrong.
 * @throws {ConnectionError | TimeoutError | AuthenticationError} when there is no connection.
 */
export async function top(url: string | URL, options: TopOptions = {}): Promise<void> {
  const { signal = new AbortController().signal, transport = runtimeTransport } = options;
  const { interval = 1_000, count = Infinity, timeout = 2_000, clients = {} } = options;
  const { Screen, watchLoad } = await import("./src/cli/top/watch.ts");
  const screen = new Screen(processOutput);
  const { onSample = (view) => screen.show(view) } = options;
  try {
    await watchLoad(String(url), { interval, count, timeout, signal, clients, onSample, transport });
  } catch (error) {
    if (!signal.aborted) throw error instanceof UsageError ? error.cause : error;
  } finally {
    screen.end();
  }
}

/** Runs the command line with the arguments of this process, and ends the process with the exit code. */
export async function run(): Promise<void> {
  const terminal = processTerminal();
  const context: CliContext = {
    terminal,
    transport: runtimeTransport,
    inspector: processInspector,
    listener: async (address, accept) =>
      await (await import("./transports/listen.ts")).listen(address, accept),
    importLua,
  };
  terminal.exit(await main(context));
}

if (import.meta.main) void run();
