/**
 * A client that shows all that a server sends as texts: replies and pushes, in order, with their types.
 *
 * @module
 */
import { connect, type Socket } from "node:net";

/** A frame: a text, or the type and the items of an aggregate. */
export type Frame = string | { readonly type: string; readonly items: readonly Frame[] };

/** Reads a frame at a place. Returns it and the place behind it; `undefined` if it is not complete. */
function readFrame(bytes: Buffer, at: number): [Frame, number] | undefined {
  const end = bytes.indexOf("\r\n", at, "latin1");
  if (end < 0) return undefined;
  const type = String.fromCharCode(bytes[at]!);
  const line = bytes.toString("latin1", at + 1, end);
  let next = end + 2;
  if (/[-+:,#_(]/.test(type)) return [type + line, next];
  const count = Number(line);
  if (count < 0) return [type + line, next];
  if (/[$=!]/.test(type)) {
    if (bytes.length < next + count + 2) return undefined;
    const text = JSON.stringify(bytes.toString("latin1", next, next + count));
    return [type === "$" ? text : type + text, next + count + 2];
  }
  const items: Frame[] = [];
  for (let left = /[%|]/.test(type) ? count * 2 : count; left > 0; left--) {
    const found = readFrame(bytes, next);
    if (found === undefined) return undefined;
    items.push(found[0]);
    next = found[1];
  }
  return [{ type, items }, next];
}

/** Returns a frame as a text; `sorted`: with the items of all aggregates in order. */
export function showFrame(frame: Frame, sorted: boolean = false): string {
  if (typeof frame === "string") return frame;
  let items = frame.items.map((one) => showFrame(one, sorted));
  if (frame.type === "%") {
    items = items.flatMap((item, index) => index % 2 === 0 ? [`${item} => ${items[index + 1]}`] : []);
  }
  if (sorted) items.sort();
  return `${frame.type}[${items.join(", ")}]`;
}

/** A command as bytes; each character is one. */
export function commandBytes(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${word.length}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join("")}`, "latin1");
}

/** A connection whose frames wait until they are taken. */
export class TextClient {
  /** Whether it has ended. */
  closed = false;
  /** CLIENT ID. */
  id = 0;
  /** The port of this side. */
  readonly port: number;
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  readonly #frames: Frame[] = [];
  #wake: (() => void) | undefined;

  /** Use {@linkcode textClient}. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.localPort ?? 0;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#wake?.();
    });
  }

  /** Sends commands at once. */
  send(...commands: readonly (readonly string[])[]): void {
    this.#socket.write(Buffer.concat(commands.map(commandBytes)));
  }

  /** Takes all frames that have arrived. */
  takeAll(): Frame[] {
    return this.#frames.splice(0);
  }

  /** Takes the given number of frames as soon as they have arrived, or the connection has ended. */
  async take(count: number): Promise<Frame[]> {
    while (this.#frames.length < count && !this.closed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#frames.splice(0, count);
  }

  /** Sends a command and returns its reply. */
  async ask(...words: string[]): Promise<Frame> {
    this.send(words);
    return (await this.take(1))[0] ?? "closed";
  }

  /** Ends the connection. */
  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    let at = 0;
    while (at < this.#bytes.length) {
      const found = readFrame(this.#bytes, at);
      if (found === undefined) break;
      this.#frames.push(found[0]);
      at = found[1];
    }
    this.#bytes = this.#bytes.subarray(at);
    this.#wake?.();
  }
}

/** Connects to a port of this machine. */
export function textClient(port: number): Promise<TextClient> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.setNoDelay(true);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(new TextClient(socket));
    });
  });
}
