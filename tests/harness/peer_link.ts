/**
 * The basis of a scripted peer: its end of a memory connection, or of a TCP one.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { MemoryDirection, MemoryPeer } from "../../transports/memory.ts";
import { resetSocket } from "./reset.ts";

/** The direction of bytes, as seen from the peer; default: both. */
export type Direction = MemoryDirection;

/** One end of a connection. */
export interface PeerLink {
  /** Sends bytes. */
  write(bytes: Uint8Array): void;
  /** Ends it as a server that closes: behind the bytes. */
  close(): void;
  /** Ends it with an error for the client: behind the bytes. */
  reset(): void;
  /** Goes away without telling the client. */
  vanish(): void;
  /** Stops bytes. */
  freeze(direction?: Direction): void;
  /** Resumes the direction. */
  thaw(direction?: Direction): void;
}

/** The callbacks of a link. */
export interface LinkHandlers {
  /** Bytes came. */
  readonly data: (chunk: Uint8Array) => void;
  /** The client has ended it. */
  readonly close: () => void;
}

/** The end of a memory connection. */
export function memoryLink(peer: MemoryPeer, handlers: LinkHandlers): PeerLink {
  peer.ondata = handlers.data;
  peer.onclose = handlers.close;
  return {
    write: (bytes) => peer.write(bytes),
    close: () => peer.close(),
    reset: () => peer.reset(undefined, "flushed"),
    vanish: () => peer.vanish(),
    freeze: (direction) => peer.freeze(direction),
    thaw: (direction) => peer.thaw(direction),
  };
}

/** The end of a TCP connection. `vanish` only falls silent: a process cannot make its kernel forget a socket. */
export function tcpLink(socket: Socket, handlers: LinkHandlers): PeerLink {
  /** The data that `freeze("toClient")` holds back: bytes, and possibly an end. */
  let held: (() => void)[] | undefined;
  let vanished = false;
  const now = (act: () => void): void => {
    if (held === undefined) act();
    else held.push(act);
  };
  socket.setNoDelay(true);
  socket.on("data", (chunk: Uint8Array) => vanished || handlers.data(chunk));
  socket.on("error", () => {}); // a client may reset; "close" follows
  socket.on("close", () => handlers.close());
  return {
    write: (bytes) => now(() => void socket.write(bytes)),
    close: () => now(() => socket.end(() => socket.destroy())),
    // An empty write calls back when all before it has gone to the kernel.
    reset: () => now(() => void socket.write(new Uint8Array(0), () => resetSocket(socket))),
    vanish: () => {
      vanished = true;
      held ??= [];
    },
    freeze: (direction) => {
      if (direction !== "toClient") socket.pause();
      if (direction !== "toPeer") held ??= [];
    },
    thaw: (direction) => {
      if (direction !== "toClient") socket.resume();
      if (direction === "toPeer" || vanished) return;
      const acts = held ?? [];
      held = undefined;
      for (const act of acts) act();
    },
  };
}
