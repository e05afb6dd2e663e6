/**
 * Free ports for servers.
 *
 * They are below the range for outgoing connections (from 32768 on Linux), so that no client can take one before the
 * server binds it or while a killed server is down. If a server still fails to bind, the harness tries another port.
 *
 * @module
 */
import { createServer } from "node:net";

const LOWEST = 10_100;
const HIGHEST = 21_900;

/** A cluster's nodes talk on their port plus this. */
export const BUS_OFFSET = 10_000;

const given = new Set<number>();

/** Whether a server could listen there now. */
export function isFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/**
 * A port on which nothing listens, and which was not given out before in this process.
 *
 * @param options `bus`: the port of the cluster's bus must be free, too.
 */
export async function freePort(options: { readonly bus?: boolean } = {}): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || !await isFree(port)) continue;
    if (options.bus === true && !await isFree(port + BUS_OFFSET)) continue;
    given.add(port);
    return port;
  }
  throw new Error(`Cannot find a free port between ${LOWEST} and ${HIGHEST} on 127.0.0.1 in 200 attempts.`);
}
