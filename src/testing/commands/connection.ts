/**
 * The connection itself: HELLO, AUTH, PING, RESET.
 *
 * @module
 */
import { hashPassword } from "../acl/sha256.ts";
import { forget } from "../disconnect.ts";
import { parseInteger } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, ErrorReply, MapReply, OK, type ReplyValue, Simple, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import { VERSION } from "../version.ts";
import { onDenied } from "../acl/check.ts";

/** Logs a client in; `word` is the name of its command. Returns whether that was right. */
export function authenticate(session: Session, name: string, password: string, word: string): boolean {
  const user = session.server.users.byName.get(name);
  const right = user !== undefined && user.enabled &&
    (user.noPassword || user.passwords.includes(hashPassword(password)));
  if (!right) {
    onDenied.report(session, { reason: "auth", object: name, word });
    return false;
  }
  session.user = user;
  session.authenticated = true;
  return true;
}

const WRONGPASS = new ErrorReply("WRONGPASS invalid username-password pair or user is disabled.");

function auth(session: Session, args: string[]): ReplyValue {
  if (args.length > 3) throw SYNTAX;
  if (args.length === 2 && session.server.users.defaultUser.noPassword) {
    throw err(
      "AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    );
  }
  const [name, password] = args.length === 2 ? ["default", args[1]!] : [args[1]!, args[2]!];
  if (!authenticate(session, name, password, args[0]!)) throw WRONGPASS;
  return OK;
}

/** @throws {ErrorReply} if a client name contains spaces or unprintable characters. */
export function checkName(name: string, message: string): void {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 33 || code > 126) throw err(message);
  }
}

const NAME_FAULT = "Client names cannot contain spaces, newlines or special characters.";

function hello(session: Session, args: string[]): ReplyValue {
  let protocol = session.protocol;
  if (args.length > 1) {
    const wanted = parseInteger(args[1]!);
    if (wanted === undefined) throw err("Protocol version is not an integer or out of range");
    if (wanted !== 2 && wanted !== 3) throw new ErrorReply("NOPROTO unsupported protocol version");
    protocol = wanted;
  }
  let name: string | undefined;
  for (let i = 2; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    if (word === "AUTH" && i + 2 < args.length) {
      if (!authenticate(session, args[i + 1]!, args[i + 2]!, args[0]!)) throw WRONGPASS;
      i += 2;
    } else if (word === "SETNAME" && i + 1 < args.length) {
      checkName(args[i + 1]!, NAME_FAULT);
      name = args[++i]!;
    } else {
      throw err(`Syntax error in HELLO option '${args[i]}'`);
    }
  }
  if (!session.authenticated) {
    throw new ErrorReply(
      "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
    );
  }
  if (name !== undefined) session.name = name;
  session.protocol = protocol;
  return new MapReply([
    "server",
    "redis",
    "version",
    VERSION,
    "proto",
    protocol,
    "id",
    session.id,
    "mode",
    session.server.config.flag("cluster-enabled") ? "cluster" : "standalone",
    "role",
    session.server.replication.master === undefined ? "master" : "replica",
    "modules",
    [],
  ]);
}

function ping(session: Session, args: string[]): ReplyValue {
  if (args.length > 2) throw err("wrong number of arguments for 'ping' command");
  if (session.protocol === 2 && session.subscriptions + session.shards.size > 0) {
    return ["pong", args[1] ?? ""];
  }
  return args.length === 2 ? args[1]! : new Simple("PONG");
}

/** The connection. */
export const connection: CommandGroup = {
  auth,
  hello,
  ping,
  echo: (_, args) => args[1]!,
  quit(session) {
    session.closing = true;
    return OK;
  },
  reset(session) {
    forget(session);
    session.db = session.server.databases[0]!;
    session.user = session.server.users.defaultUser;
    session.authenticated = session.user.openToAll;
    session.name = "";
    session.protocol = 2;
    // The reply of RESET itself may be one to skip.
    if (session.replies !== "skipping") session.replies = "on";
    session.asking = session.readOnly = false;
    return new Simple("RESET");
  },
};
