/**
 * Finds the properties of raw commands, so `redis.command("OBJECT", "ENCODING", key)` has flags and keys, too.
 *
 * Importing single commands does not import this module.
 *
 * @module
 */
import { isBytes } from "../resp/arguments.ts";
import type { Arg } from "../resp/types.ts";
import { CommandFlag, type CommandSpec } from "./command.ts";
import { readRows, type Row } from "./rows.ts";

/** The result of `lookupCommand`. */
export interface FoundCommand {
  /** The properties of the command; for unknown commands the flag `opaque` and no keys. */
  readonly spec: CommandSpec;
  /** The words behind the name. */
  readonly args: readonly Arg[];
}

let byName: Map<string, Row> | undefined;
let containers: Set<string>;

function index(): Map<string, Row> {
  byName = new Map();
  containers = new Set();
  for (const row of readRows()) {
    const { name } = row;
    byName.set(name, row);
    if (name.includes(" ")) containers.add(name.slice(0, name.indexOf(" ")));
  }
  return byName;
}

const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder();

function word(arg: Arg): string {
  return typeof arg === "string" ? arg : arg instanceof Uint8Array ? decoder.decode(arg) : String(arg);
}

/** Returns the spec of an unknown command. Its name is sent as given. */
function unknown(arg: Arg): CommandSpec {
  const bytes = arg instanceof Uint8Array ? arg : encoder.encode(word(arg));
  const prefix = encoder.encode(`$${bytes.length}\r\n`);
  const head = new Uint8Array(prefix.length + bytes.length + 2);
  head.set(prefix);
  head.set(bytes, prefix.length);
  head[head.length - 2] = 13;
  head[head.length - 1] = 10;
  return { name: word(arg), head, words: 1, flags: CommandFlag.opaque, keys: [] };
}

/**
 * Finds a command by its words in upper or lower case, including a subcommand.
 *
 * @throws {TypeError} if there is no word, or the first is not text.
 */
export function lookupCommand(words: readonly Arg[]): FoundCommand {
  if (words.length === 0) {
    throw new TypeError("Cannot look up a command: its name is missing; give at least one word");
  }
  if (typeof words[0] !== "string" && !isBytes(words[0])) throw badName(words[0]);
  const table = byName ?? index();
  const first = word(words[0]!).toUpperCase();
  if (words.length > 1 && containers.has(first)) {
    const row = table.get(`${first} ${word(words[1]!).toUpperCase()}`);
    if (row !== undefined) return { spec: row.spec, args: words.slice(2) };
  }
  return { spec: table.get(first)?.spec ?? unknown(words[0]!), args: words.slice(1) };
}

/** Whether there is a command of this name in the table. */
export function isKnownCommand(name: string): boolean {
  return (byName ?? index()).has(name);
}

function badName(name: unknown): TypeError {
  const got = Array.isArray(name) ? "an array: spread it (...)" : name === null ? "null" : typeof name;
  return new TypeError(`Cannot look up a command: its name must be text, but it is ${got}`);
}
