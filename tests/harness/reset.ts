/**
 * Ends a socket by RST.
 *
 * @module
 */
import type { Socket } from "node:net";

/**
 * Sends an RST and closes, as soon as that is possible: while a FIN is on its way Node refuses it (EINVAL), and the
 * socket would then neither be closed nor ever say so.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  const finishing = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (finishing) setImmediate(() => resetSocket(socket));
  else socket.resetAndDestroy();
}
