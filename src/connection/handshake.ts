/**
 * What a connection says before its first command: all in one flight, and a second one for old servers.
 *
 * @module
 */
import { AuthenticationError, ConnectionError, ReplyError } from "../errors.ts";
import type { Arg, Reply } from "../resp/types.ts";

/** Who and what a connection introduces itself as. */
export interface Introduction {
  /** Pins the version of the protocol; without it 3 is tried and 2 is the fallback. */
  readonly protocol?: 2 | 3;
  /** The user; without one, the password is that of `default`. */
  readonly username?: string;
  /** The password; a user without one authenticates with an empty one. */
  readonly password?: string;
  /** The name for CLIENT SETNAME. */
  readonly clientName?: string;
  /** The database to SELECT. */
  readonly db: number;
  /** For CLIENT SETINFO; `false` sends none. */
  readonly libName: string | false;
  /** For CLIENT SETINFO. */
  readonly libVersion?: string;
  /** Further commands of the same flight that must succeed (READONLY on a cluster's replica, ...). */
  readonly setup: readonly (readonly Arg[])[];
}

/** What the server made of it. */
export interface Welcome {
  /** The version of the protocol that is spoken. */
  readonly protocol: 2 | 3;
  /** The connection's id at the server (CLIENT ID), where HELLO told it. */
  readonly id: number | undefined;
  /** The server's own words about itself, as HELLO gave them (version, mode, role, ...). */
  readonly server: Readonly<Record<string, Reply>>;
}

/** Sends a flight of commands and resolves with their replies, errors in place. */
export type SendFlight = (commands: readonly (readonly Arg[])[]) => Promise<readonly Reply[]>;

/**
 * Introduces the connection.
 *
 * @throws {AuthenticationError} when the credentials are refused.
 * @throws {ConnectionError} when the server refuses anything else that matters: with code `REFUSED` where trying again
 * cannot help (no such database, no right), else `HANDSHAKE`.
 */
export async function shakeHands(send: SendFlight, who: Introduction, where: string): Promise<Welcome> {
  if (who.protocol !== 2) {
    const flight = [hello(who), ...session(who)];
    const replies = await send(flight);
    const answer = replies[0];
    if (!(answer instanceof ReplyError)) {
      const refused = replies.slice(1).find((reply, index) => isRefusal(reply, flight[index + 1]!));
      if (refused !== undefined) throw refusal(refused as ReplyError, where);
      return welcome(answer);
    }
    if (who.protocol === 3 || !lacksHello(answer)) throw refusal(answer, where);
  }
  // A server from before HELLO (Redis 5), or one that is to speak RESP2: a flight without it. What the first
  // one may have done already (SELECT, CLIENT SETNAME) does no harm when it is said twice.
  const flight = [...credentials(who), ...session(who)];
  if (who.clientName !== undefined) flight.push(["CLIENT", "SETNAME", who.clientName]);
  if (flight.length > 0) {
    const replies = await send(flight);
    const refused = replies.find((reply, index) => isRefusal(reply, flight[index]!));
    if (refused !== undefined) throw refusal(refused as ReplyError, where);
  }
  return { protocol: 2, id: undefined, server: {} };
}

/** AUTH, where there is something to say. */
export function credentials(who: Pick<Introduction, "username" | "password">): Arg[][] {
  if (who.username !== undefined) return [["AUTH", who.username, who.password ?? ""]];
  return who.password === undefined ? [] : [["AUTH", who.password]];
}

function hello(who: Introduction): Arg[] {
  const words: Arg[] = ["HELLO", 3];
  if (who.username !== undefined || who.password !== undefined) {
    words.push("AUTH", who.username ?? "default", who.password ?? "");
  }
  if (who.clientName !== undefined) words.push("SETNAME", who.clientName);
  return words;
}

function session(who: Introduction): (readonly Arg[])[] {
  const flight: (readonly Arg[])[] = [];
  if (who.db !== 0) flight.push(["SELECT", who.db]);
  if (who.libName !== false) {
    flight.push(["CLIENT", "SETINFO", "LIB-NAME", who.libName]);
    if (who.libVersion !== undefined) flight.push(["CLIENT", "SETINFO", "LIB-VER", who.libVersion]);
  }
  flight.push(...who.setup);
  return flight;
}

/** Names and library info are courtesies: servers before 7.2, proxies and ACLs may refuse them. */
function isRefusal(reply: Reply, command: readonly Arg[]): boolean {
  return reply instanceof ReplyError && command[0] !== "CLIENT";
}

function lacksHello(answer: ReplyError): boolean {
  return answer.code === "NOPROTO" || /unknown command|unsupported|syntax error/i.test(answer.message);
}

function welcome(answer: Reply | undefined): Welcome {
  const server = answer !== null && typeof answer === "object" && !(answer instanceof Map)
    ? answer as Record<string, Reply>
    : {};
  const id = typeof server.id === "number" ? server.id : undefined;
  return { protocol: server.proto === 2 ? 2 : 3, id, server };
}

function refusal(cause: ReplyError, where: string): Error {
  const credentials = cause.code === "WRONGPASS" || cause.code === "NOAUTH" ||
    /invalid password|without any password configured|no password is set|AUTH <password>/i.test(
      cause.message,
    );
  if (credentials) {
    return new AuthenticationError(
      `Cannot connect to ${where}: the server refused the credentials (${cause.code})`,
      { code: "AUTHENTICATION", executed: "no", cause },
    );
  }
  const message = `Cannot connect to ${where}: the server refused the handshake: ${cause.message}`;
  // A database that does not exist and a right that is missing will not come by trying again.
  const forGood = cause.code === "NOPERM" ||
    /DB index is out of range|invalid DB index|SELECT is not allowed in cluster mode/i.test(cause.message);
  return new ConnectionError(message, { code: forGood ? "REFUSED" : "HANDSHAKE", executed: "no", cause });
}
