/**
 * A real server for a test, on a free port and with a folder of its own.
 *
 * ```ts
 * await using server = await startServer({ unix: true, password: "secret" });
 * await server.cli("SET", "k", "v");
 * await server.kill("SIGSTOP");
 * ```
 *
 * @module
 */
import process from "node:process";
import { type Binary, findBinary, inspectBinary } from "./binaries.ts";
import { borrowServer } from "./borrowed.ts";
import { startContainer } from "./containers.ts";
import { startLocal } from "./local.ts";
import { startTestServer } from "./test_server.ts";
import type { Server, ServerOptions } from "./types.ts";

export type { Server, ServerOptions };

/** Whether the test server of the library stands in for a server of which nothing special is asked. */
export const inProcess = { wanted: false };

/** Returns whether an existing server can satisfy the options. */
function isOrdinary(options: ServerOptions): boolean {
  return Object.values(options).every((value) => value === undefined || value === false);
}

/** The program for these options, unless there is none. */
export function chooseBinary(options: ServerOptions): Binary | undefined {
  return options.binary === undefined ? findBinary() : inspectBinary(options.binary);
}

/**
 * Starts a server. The choice: the one at `KEYWIRE_TEST_URL` (whose data is erased!) if that is set and nothing
 * special is asked for; else a program on this machine; else a container.
 */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const address = process.env.KEYWIRE_TEST_URL;
  if (address && isOrdinary(options)) return await borrowServer(address);
  if (inProcess.wanted && isOrdinary({ ...options, password: undefined })) {
    return await startTestServer(options);
  }
  const binary = chooseBinary(options);
  return binary === undefined ? await startContainer(options) : await startLocal(binary, options);
}
