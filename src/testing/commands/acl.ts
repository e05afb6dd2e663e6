/**
 * ACL.
 *
 * @module
 */
import { type Denial, denied, onDenied } from "../acl/check.ts";
import { applyRule, CATEGORIES, joinSelectors, RuleError, showSelector, showUser } from "../acl/rules.ts";
import { User } from "../acl/user.ts";
import { describeClient } from "../clients.ts";
import { lookup } from "../dispatch.ts";
import { integer } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { Double, err, ErrorReply, MapReply, OK, type ReplyValue, SetReply } from "../reply.ts";
import type { Command, ServerState, Session } from "../state.ts";

interface LogEntry extends Denial {
  readonly context: string;
  readonly user: string;
  readonly client: string;
  count: number;
  at: number;
}

const logs: WeakMap<ServerState, LogEntry[]> = new WeakMap();

function logOf(server: ServerState): LogEntry[] {
  let log = logs.get(server);
  if (log === undefined) logs.set(server, log = []);
  return log;
}

onDenied.report = (session, { reason, object, word }) => {
  const { server } = session;
  const log = logOf(server);
  const context = session.script
    ? "lua"
    : session.nested || session.multi !== undefined
    ? "multi"
    : "toplevel";
  const user = reason === "auth" ? object : session.user.name;
  const name = word ?? object;
  const old = log.findIndex((one) =>
    one.reason === reason && one.context === context && one.user === user && one.object === name &&
    server.now - one.at < 60_000
  );
  const entry: LogEntry = old >= 0
    ? { ...log.splice(old, 1)[0]!, client: describeClient(session) }
    : { reason, object: name, context, user, client: describeClient(session), count: 0, at: 0 };
  entry.count++;
  entry.at = server.now;
  log.unshift(entry);
  log.length = Math.min(log.length, server.config.number("acllog-max-len"));
};

function setuser(session: Session, args: string[]): ReplyValue {
  const { users, commands, sessions } = session.server;
  const name = args[2]!;
  if (/[\s\0]/.test(name)) throw err("Usernames can't contain spaces or null characters");
  const user = users.byName.get(name)?.clone() ?? new User(name);
  try {
    for (const word of joinSelectors(args.slice(3))) {
      try {
        applyRule(user, commands, word);
      } catch (error) {
        if (!(error instanceof RuleError)) throw error;
        throw err(`Error in ACL SETUSER modifier '${word}': ${error.text}`);
      }
    }
  } catch (error) {
    if (error instanceof RuleError) throw err(error.text);
    throw error;
  }
  users.byName.set(name, user);
  for (const one of sessions.values()) if (one.user.name === name) one.user = user;
  return OK;
}

function getuser(session: Session, args: string[]): ReplyValue {
  const user = session.server.users.byName.get(args[2]!);
  if (user === undefined) return null;
  const [root, ...others] = user.selectors.map(showSelector);
  return new MapReply([
    "flags",
    new SetReply([...user.flags]),
    "passwords",
    [...user.passwords],
    "commands",
    root!.commands,
    "keys",
    root!.keys,
    "channels",
    root!.channels,
    "selectors",
    others.map(({ commands, keys, channels }) =>
      new MapReply(["commands", commands, "keys", keys, "channels", channels])
    ),
  ]);
}

function cat(session: Session, args: string[]): ReplyValue {
  if (args.length === 2) return [...CATEGORIES];
  const category = args[2]!.toLowerCase();
  if (!CATEGORIES.includes(category)) throw err(`Unknown category '${args[2]}'`);
  const all: Command[] = [...session.server.commands.values()].flatMap((
    one,
  ) => [one, ...one.subcommands?.values() ?? []]);
  return all.filter(({ categories }) => categories.includes(category)).map(({ name }) => name);
}

function dryrun(session: Session, args: string[]): ReplyValue {
  const user = session.server.users.byName.get(args[2]!);
  if (user === undefined) throw err(`User '${args[2]}' not found`);
  const words = args.slice(3);
  const command = lookup(session.server, words);
  if (command instanceof ErrorReply) throw err(`Command '${words[0]}' not found`);
  const { arity } = command;
  if (arity > 0 ? words.length !== arity : words.length < -arity) {
    throw err(`wrong number of arguments for '${command.name}' command`);
  }
  const denial = denied(user, command, words);
  if (denial === undefined) return OK;
  if (denial.reason === "command") return `This user has no permissions to run the '${command.name}' command`;
  const kind = denial.reason === "key" ? "key" : "channel";
  return `This user has no permissions to access the '${denial.object}' ${kind}`;
}

/** ACL. */
export const acl: CommandGroup = {
  "acl|setuser": setuser,
  "acl|getuser": getuser,
  "acl|deluser"(session, args) {
    const { users, sessions } = session.server;
    const names = args.slice(2);
    if (names.includes("default")) throw err("The 'default' user cannot be removed");
    let count = 0;
    for (const name of names) {
      if (!users.byName.delete(name)) continue;
      count++;
      for (const one of [...sessions.values()]) {
        if (one.user.name !== name) continue;
        if (one === session) one.closing = true;
        else one.link?.close(true);
      }
    }
    return count;
  },
  "acl|list": (session) =>
    [...session.server.users.byName.values()].sort((a, b) => a.name < b.name ? -1 : 1).map(showUser),
  "acl|users": (session) => [...session.server.users.byName.keys()].sort(),
  "acl|whoami": (session) => session.user.name,
  "acl|cat": cat,
  "acl|genpass"(session, args) {
    const message =
      "ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096";
    const bits = args.length > 2 ? integer(args[2]!) : 256;
    if (bits < 1 || bits > 4096) throw err(message);
    let text = "";
    while (text.length < Math.ceil(bits / 4)) {
      text += Math.floor(session.server.time.random() * 16).toString(16);
    }
    return text;
  },
  "acl|log"(session, args) {
    const log = logOf(session.server);
    if (args.length === 3 && args[2]!.toLowerCase() === "reset") {
      log.length = 0;
      return OK;
    }
    const most = args.length > 2 ? Math.max(0, integer(args[2]!)) : 10;
    return log.slice(0, most).map((entry) =>
      new MapReply([
        "count",
        entry.count,
        "reason",
        entry.reason,
        "context",
        entry.context,
        "object",
        entry.object,
        "username",
        entry.user,
        "age-seconds",
        new Double((session.server.now - entry.at) / 1000),
        "client-info",
        entry.client,
      ])
    );
  },
  "acl|dryrun": dryrun,
  "acl|save": () =>
    err(
      "This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.",
    ),
  "acl|load": () => err("This Redis instance is not configured to use an ACL file."),
};
