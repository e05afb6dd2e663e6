/**
 * Both ends of a memory connection, and the calls of the client's handlers.
 *
 * @module
 */
import {
  type MemoryPeer,
  memoryTransport,
  type MemoryTransportOptions,
  type Socket,
} from "../../transports/memory.ts";

/** A text as bytes. */
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Bytes as text. */
export const text = (chunk: Uint8Array): string => new TextDecoder().decode(chunk);
/** An address without a server. */
export const endpoint: { readonly host: string; readonly port: number } = { host: "memory", port: 1 };

/** Both ends. */
export interface Pair {
  readonly peer: MemoryPeer;
  readonly socket: Socket;
  readonly received: string[];
  /** The arguments of `close`, for each call. */
  readonly closes: (Error | undefined)[];
  readonly closed: Promise<void>;
}

/** Connects the two. */
export async function pair(options: MemoryTransportOptions = {}): Promise<Pair> {
  let peer: MemoryPeer | undefined;
  const received: string[] = [];
  const closes: (Error | undefined)[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const socket = await memoryTransport((end) => void (peer = end), options).connect(endpoint, {}, {
    data: (chunk) => void received.push(text(chunk)),
    close: (error) => {
      closes.push(error);
      resolve();
    },
  });
  return { peer: peer!, socket, received, closes, closed };
}

/** Lets everything run that waits in microtasks: a macrotask comes after them all. */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
