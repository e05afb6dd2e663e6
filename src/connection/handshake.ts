/**
 * The handshake: HELLO and its companions in one batch, and a second batch for old servers.
 *
 * @module
 */
import { AuthenticationError, ConnectionError, ReplyError } from "../errors.ts";
import { type Arg, DecodeMode, type Reply } from "../resp/types.ts";

/** The identity and the settings of a connection. */
export interface HandshakeOptions {
  /** Pins the version of the protocol. Without it the handshake tries 3 and falls back to 2. */
  readonly protocol?: 2 | 3;
  /** The user; without one, the password is that of `default`. */
  readonly username?: string;
  /** The password; a user without one authenticates with an empty one. */
  readonly password?: string;
  /** The name for CLIENT SETNAME. */
  readonly clientName?: string;
  /** The database to SELECT. */
  readonly db: number;
  /** The library name for CLIENT SETINFO; `false`: not sent. */
  readonly libName: string | false;
  /** The library version for CLIENT SETINFO. */
  readonly libVersion?: string;
  /** Further commands of the same batch that must succeed (READONLY on a cluster's replica, ...). */
  readonly setup: readonly (readonly Arg[])[];
}

/** The server's answers. */
export interface HandshakeResult {
  /** The version of the protocol in use. */
  readonly protocol: 2 | 3;
  /** The connection's id at the server (CLIENT ID), if HELLO returned it. */
  readonly id: number | undefined;
  /** The fields of HELLO's reply (version, mode, role, ...). */
  readonly server: Readonly<Record<string, Reply>>;
}

/** Sends commands together and resolves with their replies, errors in place. */
export type SendBatch = (commands: readonly (readonly Arg[])[]) => Promise<readonly Reply[]>;

/**
 * Performs the handshake.
 *
 * @throws {AuthenticationError} when the server refuses the credentials.
 * @throws {ConnectionError} when the server refuses another required command: with code `REFUSED` if a retry cannot
 * help (no such database, no permission), else `HANDSHAKE`.
 */
export async function performHandshake(
  send: SendBatch,
  options: HandshakeOptions,
  where: string,
): Promise<HandshakeResult> {
  if (options.protocol !== 2) {
    const batch = [hello(options), ...sessionCommands(options)];
    const replies = await send(batch);
    const answer = replies[0];
    if (!(answer instanceof ReplyError)) {
      const refused = replies.slice(1).find((reply, index) => isRefusal(reply, batch[index + 1]!));
      if (refused !== undefined) throw refusal(refused as ReplyError, where, options);
      return resultOf(answer);
    }
    if (options.protocol === 3 || !lacksHello(answer)) throw refusal(answer, where, options);
  }
  // A server from before HELLO (Redis 5), or RESP2 is pinned. The first batch may have run SELECT and
  // CLIENT SETNAME already; repeating them is harmless.
  const batch = [...credentials(options), ...sessionCommands(options)];
  if (options.clientName !== undefined) batch.push(["CLIENT", "SETNAME", options.clientName]);
  if (batch.length > 0) {
    const replies = await send(batch);
    const refused = replies.find((reply, index) => isRefusal(reply, batch[index]!));
    if (refused !== undefined) throw refusal(refused as ReplyError, where, options);
  }
  return { protocol: 2, id: undefined, server: {} };
}

/** Returns AUTH, if there are credentials. */
export function credentials(options: Pick<HandshakeOptions, "username" | "password">): Arg[][] {
  if (options.username !== undefined) return [["AUTH", options.username, options.password ?? ""]];
  return options.password === undefined ? [] : [["AUTH", options.password]];
}

function hello(options: HandshakeOptions): Arg[] {
  const words: Arg[] = ["HELLO", 3];
  if (options.username !== undefined || options.password !== undefined) {
    words.push("AUTH", options.username ?? "default", options.password ?? "");
  }
  if (options.clientName !== undefined) words.push("SETNAME", options.clientName);
  return words;
}

function sessionCommands(options: HandshakeOptions): (readonly Arg[])[] {
  const batch: (readonly Arg[])[] = [];
  if (options.db !== 0) batch.push(["SELECT", options.db]);
  if (options.libName !== false) {
    batch.push(["CLIENT", "SETINFO", "LIB-NAME", options.libName]);
    if (options.libVersion !== undefined) batch.push(["CLIENT", "SETINFO", "LIB-VER", options.libVersion]);
  }
  batch.push(...options.setup);
  return batch;
}

/** Names and library info are optional: servers before 7.2, proxies and ACLs may refuse them. */
function isOptional(command: readonly Arg[]): boolean {
  return command[0] === "CLIENT";
}

/** Returns the `DecodeMode` bits for the reply to the command at `index` of a batch. */
export function replyMode(command: readonly Arg[], index: number): number {
  // The first reply may refuse the connection.
  return index > 0 && isOptional(command) ? DecodeMode.noErrors : DecodeMode.text;
}

function isRefusal(reply: Reply, command: readonly Arg[]): boolean {
  return reply instanceof ReplyError && !isOptional(command);
}

function lacksHello(answer: ReplyError): boolean {
  return answer.code === "NOPROTO" || /unknown command|unsupported|syntax error/i.test(answer.message);
}

function resultOf(answer: Reply | undefined): HandshakeResult {
  const server = answer !== null && typeof answer === "object" && !(answer instanceof Map)
    ? answer as Record<string, Reply>
    : {};
  const id = typeof server.id === "number" ? server.id : undefined;
  return { protocol: server.proto === 2 ? 2 : 3, id, server };
}

function refusal(cause: ReplyError, where: string, { password }: HandshakeOptions): Error {
  const isAuthentication = cause.code === "WRONGPASS" || cause.code === "NOAUTH" ||
    /invalid password|without any password configured|no password is set|AUTH <password>/i.test(
      cause.message,
    );
  if (isAuthentication) {
    const why = cause.code === "NOAUTH" && password === undefined
      ? "the server requires a password; none was given"
      : `the server refused the credentials (${cause.code})`;
    return new AuthenticationError(`Cannot connect to ${where}: ${why}`, {
      code: "AUTHENTICATION",
      executed: "no",
      cause,
    });
  }
  const message = `Cannot connect to ${where}: the server refused the handshake: ${cause.message}`;
  // A retry cannot fix a missing database or a missing permission.
  const isFinal = cause.code === "NOPERM" ||
    /DB index is out of range|invalid DB index|SELECT is not allowed in cluster mode/i.test(cause.message);
  return new ConnectionError(message, { code: isFinal ? "REFUSED" : "HANDSHAKE", executed: "no", cause });
}
