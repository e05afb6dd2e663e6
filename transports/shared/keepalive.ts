/**
 * TCP keepalive, in what detail the runtime allows.
 *
 * @module
 */

import type { Endpoint, KeepAliveOptions, SocketOptions } from "../../src/transport.ts";

/** Milliseconds of silence before the first probe. Systems wait for two hours. */
export const DEFAULT_IDLE = 15_000;

/** The part of a socket of `node:net` that matters here. */
interface Keepable {
  setKeepAlive(on: boolean, idle?: number, interval?: number, count?: number): unknown;
}

/**
 * Sets keepalive on a socket of `node:net`. Systems count in whole seconds, so times are rounded up.
 *
 * @throws {TypeError} for an interval or a count on a runtime that cannot set them.
 */
export function setKeepAlive(socket: Keepable, keepAlive: boolean | KeepAliveOptions = true): void {
  if (keepAlive === false) {
    socket.setKeepAlive(false);
    return;
  }
  const { idle = DEFAULT_IDLE, interval, count } = keepAlive === true ? {} : keepAlive;
  if (interval === undefined && count === undefined) socket.setKeepAlive(true, seconds(idle));
  else socket.setKeepAlive(true, seconds(idle), seconds(interval ?? 75_000), count ?? 9);
}

/** Refuses what {@linkcode setKeepAlive} could not honour. */
export function checkKeepAlive(socket: Keepable, keepAlive: boolean | KeepAliveOptions | undefined): void {
  if (typeof keepAlive !== "object") return;
  // Node accepts four arguments since 26.4; only the version shows whether it uses the last two.
  if (socket.setKeepAlive.length >= 4) return;
  for (const name of ["interval", "count"] as const) {
    if (keepAlive[name] !== undefined) {
      throw new TypeError(`Cannot connect: this runtime cannot set keepAlive.${name}; keepAlive.idle it can`);
    }
  }
}

function seconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1_000) * 1_000;
}

/** Whether a socket with these options ends by itself when its peer is gone: on one machine the system always knows. */
export function noticesDeadPeer(endpoint: Endpoint, { keepAlive }: SocketOptions): boolean {
  return "path" in endpoint || keepAlive !== false;
}
