/**
 * A minimal RESP2 client for tests, independent of the tested library and of redis-cli. One command at a time, text
 * only.
 *
 * @module
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** A reply as text. */
export type RawReply = string | number | null | RawReply[];

/** The address and credentials. */
export interface RawAddress {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Either this or `path`. */
  readonly port?: number;
  /** A Unix socket. */
  readonly path?: string;
  /** Speak TLS and trust this authority (PEM). */
  readonly ca?: string;
  /** Sent as AUTH before anything else. */
  readonly password?: string;
  /** The user of the password. Default: the default user. */
  readonly username?: string;
}

/** Raised for a reply that is an error; the message is the reply's text. */
export class RawError extends Error {}

function open(address: RawAddress): Socket {
  const host = address.host ?? "127.0.0.1";
  if (address.path !== undefined) return connectTcp({ path: address.path });
  if (address.port === undefined) throw new TypeError("An address needs a port or a path.");
  if (address.ca === undefined) return connectTcp({ host, port: address.port });
  return connectTls({ host, port: address.port, ca: address.ca, checkServerIdentity: () => undefined });
}

function encode(args: readonly (string | number)[]): string {
  return args.reduce<string>((text, arg) => {
    return `${text}$${new TextEncoder().encode(String(arg)).length}\r\n${arg}\r\n`;
  }, `*${args.length}\r\n`);
}

/** Reads one reply at `at`; `undefined` while it is incomplete. */
function decode(bytes: Buffer, at: number): { reply: RawReply | RawError; next: number } | undefined {
  const end = bytes.indexOf("\r\n", at);
  if (end < 0) return undefined;
  const line = bytes.toString("utf8", at + 1, end);
  const next = end + 2;
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case "+":
      return { reply: line, next };
    case "-":
      return { reply: new RawError(line), next };
    case ":":
      return { reply: Number(line), next };
    case "$": {
      const length = Number(line);
      if (length < 0) return { reply: null, next };
      if (bytes.length < next + length + 2) return undefined;
      return { reply: bytes.toString("utf8", next, next + length), next: next + length + 2 };
    }
    case "*": {
      const items: RawReply[] = [];
      let position = next;
      for (let left = Number(line); left > 0; left--) {
        const item = decode(bytes, position);
        if (item === undefined) return undefined;
        items.push(item.reply instanceof RawError ? item.reply.message : item.reply);
        position = item.next;
      }
      return { reply: Number(line) < 0 ? null : items, next: position };
    }
    default:
      throw new Error(`Cannot read a reply that begins with ${JSON.stringify(line.slice(0, 40))}.`);
  }
}

/**
 * Sends commands over one new connection, one after another, and resolves with the replies.
 *
 * @throws {RawError} at the first error reply.
 */
export async function rawCommands(
  address: RawAddress,
  commands: readonly (readonly (string | number)[])[],
): Promise<RawReply[]> {
  const login = address.username === undefined
    ? ["AUTH", address.password ?? ""]
    : ["AUTH", address.username, address.password ?? ""];
  const all = address.password === undefined ? commands : [login, ...commands];
  const socket = open(address);
  try {
    const replies = await new Promise<RawReply[]>((resolve, reject) => {
      const got: RawReply[] = [];
      let bytes = Buffer.alloc(0);
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("The server closed the connection before it replied.")));
      socket.on("data", (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk]);
        try {
          for (let item = decode(bytes, 0); item !== undefined; item = decode(bytes, 0)) {
            if (item.reply instanceof RawError) throw item.reply;
            bytes = bytes.subarray(item.next);
            got.push(item.reply);
            if (got.length === all.length) return resolve(got);
          }
        } catch (error) {
          reject(error);
        }
      });
      socket.write(all.map(encode).join(""));
    });
    return replies.slice(all.length - commands.length);
  } finally {
    socket.destroy();
  }
}

/** Sends one command over a new connection and resolves with its reply. */
export async function rawCommand(address: RawAddress, ...args: (string | number)[]): Promise<RawReply> {
  const [reply] = await rawCommands(address, [args]);
  return reply ?? null;
}
