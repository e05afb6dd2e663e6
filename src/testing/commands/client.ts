/**
 * CLIENT.
 *
 * @module
 */
import { clientType, describeClient, killClient } from "../clients.ts";
import { integer, integerIn, parseInteger } from "../numbers.ts";
import { pause, unpause } from "../pause.ts";
import type { CommandGroup } from "../registry.ts";
import {
  err,
  ErrorReply,
  MapReply,
  OK,
  type ReplyValue,
  SENT,
  SetReply,
  SYNTAX,
  Verbatim,
} from "../reply.ts";
import type { Session } from "../state.ts";
import { deadlineOfMs } from "../waiting.ts";
import { checkName } from "./connection.ts";

const NAME_FAULT = "Client names cannot contain spaces, newlines or special characters.";
const TYPES = new Set(["normal", "master", "replica", "slave", "pubsub"]);

function list(session: Session, args: string[]): ReplyValue {
  let clients = [...session.server.sessions.values()];
  if (args.length > 2) {
    const word = args[2]!.toUpperCase();
    if (word === "TYPE" && args.length === 4) {
      const type = args[3]!.toLowerCase();
      if (!TYPES.has(type)) throw err(`Unknown client type '${args[3]}'`);
      clients = clients.filter((one) => clientType(one) === type);
    } else if (word === "ID" && args.length > 3) {
      const ids = args.slice(3).map((id) => integer(id, "Invalid client ID"));
      clients = ids.flatMap((id) => session.server.sessions.get(id) ?? []);
    } else throw SYNTAX;
  }
  return new Verbatim(clients.map((one) => describeClient(one) + "\n").join(""));
}

function kill(session: Session, args: string[]): ReplyValue {
  const { server } = session;
  if (args.length === 3) {
    const found = [...server.sessions.values()].find((one) => one.link?.address === args[2]);
    if (found === undefined) throw err("No such client");
    killClient(found, session);
    return OK;
  }
  const tests: ((one: Session) => boolean)[] = [];
  let skipMe = true;
  if (args.length % 2 !== 0) throw SYNTAX;
  for (let i = 2; i < args.length; i += 2) {
    const [word, value] = [args[i]!.toUpperCase(), args[i + 1]!];
    if (word === "ID") {
      const id = integerIn(value, 1, Infinity, "client-id should be greater than 0");
      tests.push((one) => one.id === id);
    } else if (word === "TYPE") {
      const type = value.toLowerCase();
      if (!TYPES.has(type)) throw err(`Unknown client type '${value}'`);
      tests.push((one) => clientType(one) === type);
    } else if (word === "ADDR") tests.push((one) => one.link?.address === value);
    else if (word === "LADDR") tests.push((one) => one.link?.localAddress === value);
    else if (word === "USER") {
      if (!server.users.byName.has(value)) throw err(`No such user '${value}'`);
      tests.push((one) => one.user.name === value);
    } else if (word === "SKIPME" && /^(yes|no)$/i.test(value)) skipMe = value.toLowerCase() === "yes";
    else throw SYNTAX;
  }
  const found = [...server.sessions.values()].filter((one) =>
    !(skipMe && one === session) && tests.every((test) => test(one))
  );
  for (const one of found) killClient(one, session);
  return found.length;
}

function unblock(session: Session, args: string[]): ReplyValue {
  const reason = args[3]?.toUpperCase() ?? "TIMEOUT";
  if (reason !== "TIMEOUT" && reason !== "ERROR") {
    throw err("CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const { blocking, sessions } = session.server;
  const waiter = sessions.get(integer(args[2]!))?.blocked;
  if (waiter === undefined || !blocking.waits(waiter)) return 0;
  blocking.finish(
    waiter,
    reason === "ERROR" ? new ErrorReply("UNBLOCKED client unblocked via CLIENT UNBLOCK") : waiter.expired(),
  );
  return 1;
}

function reply(session: Session, args: string[]): ReplyValue {
  switch (args[2]!.toLowerCase()) {
    case "on":
      session.replies = "on";
      return OK;
    case "off":
      session.replies = "off";
      return SENT;
    case "skip":
      if (session.replies !== "off") session.replies = session.replies === "on" ? "skip" : "skipping on";
      return SENT;
    default:
      throw SYNTAX;
  }
}

/** CLIENT. */
export const client: CommandGroup = {
  "client|id": (session) => session.id,
  "client|getname": (session) => session.name === "" ? null : session.name,
  "client|setname"(session, args) {
    checkName(args[2]!, NAME_FAULT);
    session.name = args[2]!;
    return OK;
  },
  "client|setinfo"(session, args) {
    const [word, value] = [args[2]!.toLowerCase(), args[3]!];
    if (word !== "lib-name" && word !== "lib-ver") throw err(`Unrecognized option '${args[2]}'`);
    checkName(value, `${word} cannot contain spaces, newlines or special characters.`);
    if (word === "lib-name") session.libName = value;
    else session.libVersion = value;
    return OK;
  },
  "client|list": list,
  "client|info": (session) => new Verbatim(describeClient(session) + "\n"),
  "client|kill": kill,
  "client|unblock": unblock,
  "client|pause"(session, args) {
    const mode = args[3]?.toLowerCase() ?? "all";
    if (args.length > 4) throw SYNTAX;
    if (mode !== "all" && mode !== "write") throw err("CLIENT PAUSE mode must be WRITE or ALL");
    if (parseInteger(args[2]!) === undefined) throw err("timeout is not an integer or out of range");
    const until = deadlineOfMs(session, args[2]!);
    pause(session.server, until === 0 ? session.server.now : until, mode === "write");
    return OK;
  },
  "client|unpause"(session) {
    unpause(session.server);
    return OK;
  },
  "client|reply": reply,
  "client|no-evict"(session, args) {
    const word = args[2]!.toLowerCase();
    if (word !== "on" && word !== "off") throw SYNTAX;
    session.noEvict = word === "on";
    return OK;
  },
  "client|getredir": (session) => session.tracking === undefined ? -1 : session.tracking.redirect,
  "client|trackinginfo"(session) {
    const mode = session.tracking;
    const flags = mode === undefined ? ["off"] : ["on"];
    if (mode?.broadcast) flags.push("bcast");
    if (mode?.optIn) flags.push("optin");
    if (mode?.optIn && mode.caching) flags.push("caching-yes");
    if (mode?.optOut) flags.push("optout");
    if (mode?.optOut && mode.caching === false) flags.push("caching-no");
    if (mode?.noLoop) flags.push("noloop");
    if (mode?.broken) flags.push("broken_redirect");
    return new MapReply([
      "flags",
      new SetReply(flags),
      "redirect",
      mode === undefined ? -1 : mode.redirect,
      "prefixes",
      [...mode?.prefixes ?? []].filter((prefix) =>
        prefix !== "" || (mode!.prefixes.length > 0 && mode!.broadcast)
      ),
    ]);
  },
};
