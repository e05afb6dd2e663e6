/**
 * How tests reach their servers, where they do not say it themselves: `scripts/matrix.ts` runs the same tests over TLS and
 * Unix sockets, and under RESP2.
 *
 * - `KEYWIRE_TEST_ADDRESS`: what `server.url` leads to: `tcp` (default), `tls` or `unix`.
 * - `KEYWIRE_TEST_PROTOCOL`: the protocol that it asks for: `2` or `3`; default: what the client negotiates.
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
  const query = new URLSearchParams();
  const protocol = process.env.KEYWIRE_TEST_PROTOCOL;
  if (protocol) query.set("protocol", protocol);
  let base = `redis://${host}:${port}`;
  if (kind() === "unix" && path !== undefined) base = `unix://${path}`;
  if (kind() === "tls" && tlsPort !== undefined) {
    base = `rediss://${host}:${tlsPort}`;
    query.set("tls.ca", certificates!.caFile);
  }
  return query.size === 0 ? base : `${base}?${query}`;
}
