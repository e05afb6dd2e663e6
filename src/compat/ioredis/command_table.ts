/**
 * The commands that the face has methods for, where their keys stand, and their encoded names.
 *
 * @module
 */
import { type Command, CommandFlag, type CommandSpec, defineCommand } from "../../commands/command.ts";
import { keyPlaces as commandKeyPlaces } from "../../commands/keys.ts";
import { readRows } from "../../commands/rows.ts";
import type { Sendable } from "../../connection/pending.ts";
import type { Arg } from "../../resp/types.ts";

/** Commands of servers that Keywire's own table does not name yet. */
const NEWER =
  "arcount ardel ardelrange arget argetrange argrep arinfo arinsert arlastitems arlen armget armset arnext arop arring " +
  "arscan arseek arset backup blmovem delex digest himport hotkeys increx lmovem sdiffcard sunioncard trimslots vrange " +
  "xackdel xcfgset xdelex xidmprecord xnack";
/** Exceptions: commands without keys, with two keys, or with keys after their number. */
const KEYLESS: ReadonlySet<string> = new Set(["backup", "hotkeys", "himport", "trimslots"]);
const PAIRS: ReadonlySet<string> = new Set(["lmovem", "blmovem"]);
const COUNTED: ReadonlySet<string> = new Set(["sdiffcard", "sunioncard"]);

interface Known {
  readonly spec: CommandSpec | undefined;
  readonly subcommands: Map<string, CommandSpec> | undefined;
}

let table: Map<string, { spec?: CommandSpec; subcommands?: Map<string, CommandSpec> }> | undefined;

function readTable(): NonNullable<typeof table> {
  const known: NonNullable<typeof table> = new Map();
  for (const { spec } of readRows()) {
    const [name, sub] = spec.name.toLowerCase().split(" ") as [string, string | undefined];
    const entry = known.get(name) ?? {};
    known.set(name, entry);
    if (sub === undefined) entry.spec = spec;
    else (entry.subcommands ??= new Map()).set(sub, spec);
  }
  for (const name of NEWER.split(" ")) {
    if (known.has(name)) continue;
    const keys = KEYLESS.has(name)
      ? []
      : COUNTED.has(name)
      ? [{ count: 0, first: 1, step: 1 }]
      : [{ first: 0, last: PAIRS.has(name) ? 1 : 0, step: 1 }];
    known.set(name, { spec: defineCommand(name.toUpperCase(), CommandFlag.opaque, keys) });
  }
  return known;
}

function find(name: string): Known | undefined {
  table ??= readTable();
  return (table.get(name) ?? table.get(name.toLowerCase())) as Known | undefined;
}

/** The names of all commands that have methods, in lower case. */
export function commandNames(): string[] {
  table ??= readTable();
  return [...table.keys()].filter((name) => name !== "monitor");
}

/** Whether there is a command of this name, in capitals or not. */
export function isKnown(name: string): boolean {
  return find(name) !== undefined;
}

/** Whether a command, in capitals or not, changes nothing. */
export function isReadOnly(name: string): boolean {
  return ((find(name)?.spec?.flags ?? 0) & CommandFlag.readonly) !== 0;
}

function textOf(arg: unknown): string {
  return arg instanceof Uint8Array ? new TextDecoder().decode(arg) : String(arg);
}

/** SORT's patterns and where it stores count as keys. */
function sortKeys(args: readonly unknown[]): number[] {
  const places = [0];
  for (let index = 1; index < args.length - 1; index++) {
    const word = typeof args[index] === "string" ? (args[index] as string).toUpperCase() : "";
    if (word !== "GET" && word !== "BY" && word !== "STORE") continue;
    index++;
    if (word !== "GET" || args[index] !== "#") places.push(index);
  }
  return places;
}

/** The places of the keys among the arguments of a command. */
export function keyPlaces(name: string, args: readonly unknown[]): number[] {
  const known = find(name);
  if (known === undefined) return [];
  const lower = name.toLowerCase();
  if (lower === "sort" || lower === "sort_ro") return sortKeys(args);
  const sub = args.length > 0 ? known.subcommands?.get(textOf(args[0]).toLowerCase()) : undefined;
  if (sub !== undefined) return placesOf(sub, args.slice(1)).map((place) => place + 1);
  return known.spec === undefined ? [] : placesOf(known.spec, args);
}

function placesOf(spec: CommandSpec, args: readonly unknown[]): number[] {
  return commandKeyPlaces({ spec, args: args as readonly Arg[], parse: undefined } as Command);
}

const utf8 = new TextEncoder();
const heads: Map<string, Sendable["spec"]> = new Map();
/** Names whose encoding is kept; programs that make up names must not fill the memory. */
const MOST_HEADS = 1_000;

/** The encoded name of a command, as it was written. */
export function specOf(name: string): Sendable["spec"] {
  const known = heads.get(name);
  if (known !== undefined) return known;
  const { length } = utf8.encode(name);
  const head = utf8.encode(`$${length}\r\n${name}\r\n`);
  const spec = { name: name.toUpperCase(), head, words: 1, flags: CommandFlag.opaque };
  if (heads.size < MOST_HEADS) heads.set(name, spec);
  return spec;
}
