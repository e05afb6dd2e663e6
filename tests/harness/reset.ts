/**
 * Ends a socket by RST.
 *
 * @module
 */
import type { Socket } from "node:net";

/**
 * Sends RST and closes as soon as possible. While a FIN is in flight, Node refuses it (EINVAL), and the socket would
 * neither close nor report an error.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  const finishing = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (finishing) setImmediate(() => resetSocket(socket));
  else socket.resetAndDestroy();
}
