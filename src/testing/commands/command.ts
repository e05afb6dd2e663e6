/**
 * COMMAND.
 *
 * @module
 */
import { lookup } from "../dispatch.ts";
import { matches } from "../glob.ts";
import { keysOf } from "../keys_of.ts";
import type { CommandGroup } from "../registry.ts";
import { err, ErrorReply, MapReply, type ReplyValue, SetReply, Simple, SYNTAX } from "../reply.ts";
import type { Command, Session } from "../state.ts";
import type { KeySpec } from "../key_spec.ts";
import { DOCS_ROWS } from "../table/docs_rows.ts";

function simple(words: readonly string[]): SetReply {
  return new SetReply(words.map((word) => new Simple(word)));
}

function showSpec({ flags, begin, find }: KeySpec): ReplyValue {
  const numbers = find.slice(1).split(".").map(Number) as [number, number, number];
  const split = begin.lastIndexOf(".");
  const start = begin[0] === "i"
    ? ["index", new MapReply(["index", Number(begin.slice(1))])]
    : begin[0] === "k"
    ? [
      "keyword",
      new MapReply(["keyword", begin.slice(1, split), "startfrom", Number(begin.slice(split + 1))]),
    ]
    : ["unknown", new MapReply([])];
  const rest = find[0] === "r"
    ? ["range", new MapReply(["lastkey", numbers[0], "keystep", numbers[1], "limit", numbers[2]])]
    : find[0] === "n"
    ? ["keynum", new MapReply(["keynumidx", numbers[0], "firstkey", numbers[1], "keystep", numbers[2]])]
    : ["unknown", new MapReply([])];
  return new MapReply([
    "flags",
    simple(flags),
    "begin_search",
    new MapReply(["type", start[0]!, "spec", start[1]!]),
    "find_keys",
    new MapReply(["type", rest[0]!, "spec", rest[1]!]),
  ]);
}

function describe(command: Command): ReplyValue {
  return [
    command.name,
    command.arity,
    simple([...command.flags]),
    ...command.range,
    simple(command.categories.map((one) => `@${one}`)),
    new SetReply([...command.tips]),
    new SetReply(command.specs.map(showSpec)),
    command.subcommands === undefined ? new SetReply([]) : [...command.subcommands.values()].map(describe),
  ];
}

function find(session: Session, name: string): Command | undefined {
  const [first, sub, more] = name.toLowerCase().split("|") as [string, string?, string?];
  if (more !== undefined) return undefined;
  const command = session.server.commands.get(first);
  return sub === undefined ? command : command?.subcommands?.get(sub);
}

function list(session: Session, args: string[]): ReplyValue {
  const all = [...session.server.commands.values()].flatMap((
    one,
  ) => [one, ...one.subcommands?.values() ?? []]);
  if (args.length === 2) return all.map(({ name }) => name);
  if (args.length !== 5 || args[2]!.toUpperCase() !== "FILTERBY") throw SYNTAX;
  const value = args[4]!;
  switch (args[3]!.toUpperCase()) {
    case "MODULE":
      return [];
    case "ACLCAT":
      return all.filter(({ categories }) => categories.includes(value.toLowerCase())).map(({ name }) => name);
    case "PATTERN":
      return all.filter(({ name }) => matches(value, name, true)).map(({ name }) => name);
    default:
      throw SYNTAX;
  }
}

function getKeys(session: Session, args: string[], withFlags: boolean): ReplyValue {
  const words = args.slice(2);
  const command = lookup(session.server, words);
  if (command instanceof ErrorReply) throw err("Invalid command specified");
  if (command.specs.length === 0) throw err("The command has no key arguments");
  const { arity } = command;
  if (arity > 0 ? words.length !== arity : words.length < -arity) {
    throw err("Invalid number of arguments specified for command");
  }
  const keys = keysOf(command, words);
  if (
    command.name.startsWith("z") && keys.length < 2 &&
    command.specs.some(({ find }) => find[0] === "n") && command.specs.length > 1
  ) throw err("Invalid arguments specified for command");
  if (keys.length === 0 && !command.specs.some(({ find }) => find[0] === "n")) {
    throw err("Invalid arguments specified for command");
  }
  if (keys.length === 0 && command.flags.has("movablekeys") && !/^(eval|fcall)/.test(command.name)) {
    throw err("Invalid arguments specified for command");
  }
  return withFlags ? keys.map(({ key, flags }) => [key, simple(flags)]) : keys.map(({ key }) => key);
}

let docs: Map<string, string[]> | undefined;

/** Returns the reply of COMMAND DOCS. Of the arguments it contains only the keys. */
function document(command: Command): MapReply {
  docs ??= new Map(
    DOCS_ROWS.trim().split("\n").map((line) => {
      const [name, since, group, ...summary] = line.split(";");
      return [name!, [summary.join(";"), since!, group!]];
    }),
  );
  const [summary = "", since = "", group = ""] = docs.get(command.name) ?? [];
  const keys = command.specs.map((_, index) =>
    new MapReply(["name", "key", "type", "key", "key_spec_index", index])
  );
  const subcommands = [...command.subcommands?.values() ?? []].flatMap((sub) => [sub.name, document(sub)]);
  return new MapReply([
    ...["summary", summary, "since", since, "group", group],
    ...keys.length === 0 ? [] : ["arguments", keys],
    ...subcommands.length === 0 ? [] : ["subcommands", new MapReply(subcommands)],
  ]);
}

/** COMMAND. */
export const commandCommands: CommandGroup = {
  command: (session) => [...session.server.commands.values()].map(describe),
  "command|count": (session) => session.server.commands.size,
  "command|info"(session, args) {
    const names = args.length === 2 ? [...session.server.commands.keys()] : args.slice(2);
    return names.map((name) => {
      const command = find(session, name);
      return command === undefined ? null : describe(command);
    });
  },
  "command|list": list,
  "command|getkeys": (session, args) => getKeys(session, args, false),
  "command|getkeysandflags": (session, args) => getKeys(session, args, true),
  "command|docs"(session, args) {
    const names = args.length === 2 ? [...session.server.commands.keys()] : args.slice(2);
    return new MapReply(names.flatMap((name) => {
      const command = find(session, name);
      return command === undefined ? [] : [command.name, document(command)];
    }));
  },
};
