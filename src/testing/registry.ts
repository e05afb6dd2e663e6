/**
 * All commands: their properties and their handlers. A group is an object from names to handlers, one file in
 * `commands/`. A name without a row in the table, or a row without a handler, does not exist for clients.
 *
 * @module
 */
import type { Command, Handler } from "./state.ts";
import type { KeySpec } from "./key_spec.ts";
import { COMMAND_ROWS } from "./table/command_rows.ts";
import { SENTINEL_ROWS } from "./table/sentinel_rows.ts";

/** Handlers by name in lower case; `client|kill` for a subcommand. */
export type CommandGroup = Readonly<Record<string, Handler>>;

/** Flags that COMMAND does not show. */
const MAY_REPLICATE = /^(?:eval|evalsha|fcall|publish|spublish|pfcount)$/;
/** Commands that write, but look their keys up to read them. */
const READS =
  /^(?:sort|[sz](?:inter|union|diff)store|zrangestore|bitop|pfmerge|copy|getset|getdel|getex|set|xack|xreadgroup|xclaim|xautoclaim|migrate|georadius(?:bymember)?|geosearchstore)$/;
const LUA = /^(?:eval|evalsha|fcall)(?:_ro)?$|^script\|load$|^function\|(?:load|restore)$/;

interface Row {
  readonly name: string;
  readonly text: string;
}

function readSpec(text: string): KeySpec {
  const [flags = "", begin = "u", find = "u"] = text.split("@");
  return { flags: flags.split(" "), begin, find };
}

function words(text: string | undefined): string[] {
  return text ? text.split(" ") : [];
}

function readRow(
  { name, text }: Row,
  id: number,
  run: Handler | undefined,
  subcommands: Command["subcommands"],
): Command {
  const [, arity, flags, range, categories, tips, specs] = text.split(";");
  const set = new Set(words(flags));
  return {
    name,
    label: name.replace("|", " ").toUpperCase(),
    arity: Number(arity),
    flags: set,
    range: (range ?? "0,0,0").split(",").map(Number) as [number, number, number],
    categories: words(categories),
    tips: words(tips),
    specs: specs ? specs.split("&").map(readSpec) : [],
    subcommands,
    id,
    write: set.has("write"),
    reads: !set.has("write") || READS.test(name),
    mayReplicate: MAY_REPLICATE.test(name),
    lua: LUA.test(name),
    run,
    stats: { calls: 0, usec: 0, rejected: 0, failed: 0 },
  };
}

const read: WeakMap<readonly CommandGroup[], readonly Command[]> = new WeakMap();

/** Returns all commands of the groups, containers before their subcommands. Called once. */
function readAll(groups: readonly CommandGroup[]): readonly Command[] {
  const handlers = new Map(groups.flatMap((group) => Object.entries(group)));
  const containers = new Set(
    [...handlers.keys()].filter((name) => name.includes("|") && !name.endsWith("|help")).map((name) =>
      name.split("|")[0]!
    ),
  );
  const commands: Command[] = [];
  for (const text of (COMMAND_ROWS + SENTINEL_ROWS.trimStart()).trim().split("\n")) {
    const name = text.slice(0, text.indexOf(";"));
    const [container, sub] = name.split("|") as [string, string | undefined];
    const run = handlers.get(name);
    if (run === undefined && !containers.has(name)) continue;
    if (sub !== undefined && !containers.has(container)) continue;
    const subcommands = containers.has(name) ? new Map<string, Command>() : undefined;
    commands.push(readRow({ name, text }, commands.length, run, subcommands));
  }
  return commands;
}

/** Makes a server's own table of the commands that the groups have. */
export function makeCommands(groups: readonly CommandGroup[]): Map<string, Command> {
  let all = read.get(groups);
  if (all === undefined) read.set(groups, all = readAll(groups));
  const commands = new Map<string, Command>();
  for (const base of all) {
    const command: Command = {
      ...base,
      subcommands: base.subcommands && new Map(),
      stats: { calls: 0, usec: 0, rejected: 0, failed: 0 },
    };
    const split = base.name.indexOf("|");
    if (split < 0) commands.set(base.name, command);
    else commands.get(base.name.slice(0, split))!.subcommands!.set(base.name.slice(split + 1), command);
  }
  return commands;
}

/** The names of all commands, in capitals, subcommands behind a space. */
export function listCommands(commands: Map<string, Command>): string[] {
  return [...commands.values()].flatMap((command) => [
    ...(command.run === undefined ? [] : [command.name]),
    ...[...command.subcommands?.values() ?? []].map((sub) => sub.name),
  ]).map((name) => name.replace("|", " ").toUpperCase()).sort();
}
