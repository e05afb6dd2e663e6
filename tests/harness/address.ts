/**
 * The default addresses of tests: `KEYWIRE_TEST_ADDRESS` selects whether `server.url` uses `tcp` (default), `tls` or
 * `unix`. `scripts/server_matrix/matrix.ts` runs the same tests over all of them.
 *
 * @module
 */
import process from "node:process";
import type { Server, ServerOptions } from "./types.ts";

const KINDS: readonly string[] = ["tcp", "tls", "unix"];

function kind(): string {
  const chosen = process.env.KEYWIRE_TEST_ADDRESS || "tcp";
  if (!KINDS.includes(chosen)) {
    throw new Error(`KEYWIRE_TEST_ADDRESS is ${chosen}, not one of ${KINDS.join(", ")}`);
  }
  return chosen;
}

/** The options of a server that listens where the tests will look for it. Nodes and sentinels stay as they are. */
export function matrixOptions(options: ServerOptions): ServerOptions {
  if (options.cluster === true || options.sentinel === true) return options;
  if (kind() === "tls" && !options.tls) return { ...options, tls: true };
  if (kind() === "unix") return { ...options, unix: true };
  return options;
}

/** The URL of a server, without credentials. */
export function matrixUrl(
  { host, port, path, tlsPort, certificates }: Pick<
    Server,
    "host" | "port" | "path" | "tlsPort" | "certificates"
  >,
): string {
  if (kind() === "unix" && path !== undefined) return `unix://${path}`;
  if (kind() !== "tls" || tlsPort === undefined) return `redis://${host}:${port}`;
  return `rediss://${host}:${tlsPort}?tls.ca=${encodeURIComponent(certificates!.caFile)}`;
}
