/**
 * A tiny client of its own on `node:net`, for looking at a server from the side while the library is under
 * test. One command after another, no reconnecting, nothing clever.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { encodeCommand, ErrorReply, type Plain, plain, Push, RespReader, type Wire } from "./resp.ts";

/** The address of a server. A `Server` of the harness has this type; with a port and a path, the port is used. */
export interface RawClientAddress {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Either this or `path`. */
  readonly port?: number;
  /** A Unix socket. */
  readonly path?: string;
}

/** An argument of a command. */
export type RawArg = string | number | Uint8Array;

interface Pending {
  readonly resolve: (value: Wire) => void;
  readonly reject: (error: Error) => void;
}

/** A connection to a server. */
export class RawClient {
  /** Push frames of RESP3 that have arrived, oldest first. */
  readonly pushes: Plain[] = [];
  /** Resolves when the connection has ended on either side. */
  readonly closed: Promise<void>;

  readonly #socket: Socket;
  readonly #reader = new RespReader();
  readonly #pending: Pending[] = [];
  #ended: Error | undefined;

  /** Use {@linkcode rawClient}. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Uint8Array) => this.#take(chunk));
    socket.on("error", (error) => this.#end(error));
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#end(new Error("The raw connection was closed"));
        resolve();
      });
    });
  }

  /** Sends a command; its reply as plain texts, numbers, arrays and objects. Rejects with the server's error. */
  async call(...args: RawArg[]): Promise<Plain> {
    return plain(await this.wire(...args));
  }

  /** Sends a command; its reply as it came, bulk strings as bytes. Rejects with the server's error. */
  async wire(...args: RawArg[]): Promise<Wire> {
    const reply = await this.send(encodeCommand(args));
    if (reply instanceof ErrorReply) throw new Error(reply.message);
    return reply;
  }

  /** Sends bytes as they are, and waits for one reply; an error reply is a value here. */
  send(bytes: Uint8Array): Promise<Wire> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      this.#socket.write(bytes);
    });
  }

  /** Ends the connection; commands that wait reject. */
  async close(): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  /** The same, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #take(chunk: Uint8Array): void {
    let values: Wire[];
    try {
      values = this.#reader.read(chunk);
    } catch (error) {
      this.#end(error as Error);
      this.#socket.destroy();
      return;
    }
    for (const value of values) {
      if (value instanceof Push) this.pushes.push(plain(value));
      else this.#pending.shift()?.resolve(value);
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const one of this.#pending.splice(0)) one.reject(this.#ended);
  }
}

/** Connects to a server; rejects when it cannot be reached. */
export function rawClient(address: RawClientAddress): Promise<RawClient> {
  return new Promise((resolve, reject) => {
    const { host = "127.0.0.1", port, path = "" } = address;
    const socket = port === undefined ? connect({ path }) : connect({ host, port });
    socket.setNoDelay(true);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(new RawClient(socket));
    });
  });
}

/** Asks one command on a connection of its own. */
export async function ask(address: RawClientAddress, ...args: RawArg[]): Promise<Plain> {
  const client = await rawClient(address);
  try {
    return await client.call(...args);
  } finally {
    await client.close();
  }
}
