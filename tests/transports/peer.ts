/**
 * The other ends for the tests of the transports: servers of `node:net` and `node:tls`, which all runtimes have, and a
 * recorder for what a socket tells.
 *
 * @module
 */

import { createHash } from "node:crypto";
import net from "node:net";
import tls from "node:tls";
import type { SocketHandlers } from "../../src/transport.ts";

/** A server that a test talks to. */
export interface Peer extends AsyncDisposable {
  /** The port on which it listens; 0 for a Unix socket. */
  readonly port: number;
  /** The next connection that comes, or one that came and was not asked for yet. */
  next(): Promise<net.Socket>;
}

function wrap(server: net.Server, event: "connection" | "secureConnection"): Omit<Peer, "port"> {
  const open = new Set<net.Socket>();
  const arrived: net.Socket[] = [];
  const waiting: ((socket: net.Socket) => void)[] = [];
  server.on("connection", (socket: net.Socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
  });
  server.on(event, (socket: net.Socket) => {
    socket.on("error", () => {});
    const taker = waiting.shift();
    if (taker === undefined) arrived.push(socket);
    else taker(socket);
  });
  // The server reports a client that refuses its certificate as an error; tests cause that on purpose.
  server.on("tlsClientError", () => {});
  return {
    next() {
      const socket = arrived.shift();
      return socket === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(socket);
    },
    [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listening(server: net.Server, where: net.ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

/** A plain server. It ends a connection when the client does, unless it `stays`; `greeting` is what it says first. */
export async function peer(
  where: net.ListenOptions = { host: "127.0.0.1", port: 0 },
  { stays = false, greeting }: { readonly stays?: boolean; readonly greeting?: string } = {},
): Promise<Peer> {
  const server = net.createServer({ allowHalfOpen: stays });
  if (greeting !== undefined) server.on("connection", (socket) => socket.write(greeting));
  const parts = wrap(server, "connection");
  return { ...parts, port: await listening(server, where) };
}

/** A server that uses TLS. */
export async function tlsPeer(options: tls.TlsOptions): Promise<Peer> {
  const server = tls.createServer(options);
  const parts = wrap(server, "secureConnection");
  return { ...parts, port: await listening(server, { host: "127.0.0.1", port: 0 }) };
}

/** Sends back whatever comes. */
export function echo(socket: net.Socket): void {
  socket.on("data", (chunk) => socket.write(chunk));
}

/** Reads a peer's socket to its end. */
export function drain(socket: net.Socket): Promise<{ readonly length: number; readonly hash: string }> {
  const hash = createHash("sha256");
  let length = 0;
  socket.on("data", (chunk: Uint8Array) => {
    length += chunk.length;
    hash.update(chunk);
  });
  socket.resume();
  return new Promise((resolve) => socket.once("end", () => resolve({ length, hash: hash.digest("hex") })));
}

/** Waits for one event of an emitter. */
export function event(socket: net.Socket, name: string): Promise<unknown> {
  return new Promise((resolve) => socket.once(name, resolve));
}

/** Lets the event loop go round, so that what is about to happen does. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Bytes without a pattern that a lost or doubled piece would fit. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 0x9e3779b9;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** The hash that {@linkcode drain} gives for these bytes. */
export function hashOf(...parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Handlers that record their calls. */
export class Recorder implements SocketHandlers {
  /** Bytes that have come. */
  length = 0;
  /** The number of calls of `close`. */
  closes = 0;
  /** Calls of `data` after `close`. */
  late = 0;
  /** Called for each chunk, before it is counted. */
  onData: ((chunk: Uint8Array) => void) | undefined;
  readonly #hash = createHash("sha256");
  readonly #closed = Promise.withResolvers<Error | undefined>();
  #text = "";
  #wanted: { readonly length: number; readonly resolve: () => void } | undefined;

  /** The argument of `close`. */
  get closed(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  /** All bytes so far, as text. */
  get text(): string {
    return this.#text;
  }

  /** The hash of all bytes so far. Ends the recording. */
  get hash(): string {
    return this.#hash.digest("hex");
  }

  /** Resolves when the given number of bytes has arrived in all. */
  until(length: number): Promise<void> {
    if (this.length >= length) return Promise.resolve();
    return new Promise((resolve) => this.#wanted = { length, resolve });
  }

  data(chunk: Uint8Array): void {
    if (this.closes > 0) this.late++;
    this.onData?.(chunk);
    this.length += chunk.length;
    this.#hash.update(chunk);
    if (this.#text.length < 1_000) this.#text += new TextDecoder().decode(chunk);
    if (this.#wanted !== undefined && this.length >= this.#wanted.length) {
      this.#wanted.resolve();
      this.#wanted = undefined;
    }
  }

  close(error?: Error): void {
    this.closes++;
    this.#closed.resolve(error);
  }
}
