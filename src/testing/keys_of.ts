/**
 * The keys among the words of a command.
 *
 * @module
 */
import type { Command } from "./state.ts";
import type { KeySpec } from "./key_spec.ts";

/** A key, and how a command uses it. */
export interface FoundKey {
  /** The key. */
  readonly key: string;
  /** Its place among the words. */
  readonly index: number;
  /** The flags of its specification. */
  readonly flags: readonly string[];
}

/** Whether a command only reads and has keys, as client tracking understands it. */
export function readsKeys(command: Command): boolean {
  return command.flags.has("readonly") && (command.specs.length > 0 || command.flags.has("movablekeys"));
}

function places(spec: KeySpec, args: readonly string[]): number[] | undefined {
  let first: number;
  const begin = spec.begin;
  if (begin[0] === "i") {
    first = Number(begin.slice(1));
  } else if (begin[0] === "k") {
    const split = begin.lastIndexOf(".");
    const word = begin.slice(1, split).toUpperCase();
    let from = Number(begin.slice(split + 1));
    const step = from < 0 ? -1 : 1;
    if (from < 0) from += args.length;
    first = -1;
    for (let i = from; i > 0 && i < args.length; i += step) {
      if (args[i]!.toUpperCase() !== word) continue;
      first = i + 1;
      break;
    }
    if (first < 0) return [];
  } else {
    return undefined;
  }
  const [a, b, c] = spec.find.slice(1).split(".").map(Number) as [number, number, number];
  let [last, step] = [0, 1];
  if (spec.find[0] === "r") {
    step = b;
    last = a >= 0 ? first + a : args.length + a;
    if (a < 0 && c > 1) last = first + Math.floor((args.length - first) / c) - 1;
  } else if (spec.find[0] === "n") {
    // As `atoi` reads it.
    const count = Number(/^\s*[+-]?\d+/.exec(args[first + a] ?? "")?.[0] ?? 0);
    if (count < 0) return [];
    first += b;
    step = c;
    last = first + (count - 1) * step;
  } else {
    return undefined;
  }
  const found: number[] = [];
  for (let i = first; i <= last; i += step) {
    if (i >= args.length) return [];
    found.push(i);
  }
  return found;
}

/** SORT, whose STORE can stand anywhere. */
function sortStore(args: readonly string[]): number[] {
  let place: number | undefined;
  for (let i = 2; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    if (word === "LIMIT") i += 2;
    else if (word === "GET" || word === "BY") i++;
    else if (word === "STORE" && i + 1 < args.length) place = i + 1;
  }
  return place === undefined ? [] : [place];
}

/** SET without GET does not read; BITFIELD with nothing but GET does not write. */
function variableFlags(name: string, args: readonly string[]): readonly string[] {
  const words = args.slice(name === "set" ? 3 : 2).map((word) => word.toUpperCase());
  if (name === "set") return words.includes("GET") ? ["RW", "access", "update"] : ["OW", "update"];
  return words.includes("SET") || words.includes("INCRBY") ? ["RW", "access", "update"] : ["RO", "access"];
}

/** All keys of a command. */
export function keysOf(command: Command, args: readonly string[]): FoundKey[] {
  const found: FoundKey[] = [];
  for (const spec of command.specs) {
    if (spec.flags.includes("not_key")) continue;
    let indexes = places(spec, args);
    if (indexes === undefined) {
      indexes = command.name === "sort" && spec.flags.includes("OW") ? sortStore(args) : [];
    }
    const flags = spec.flags.includes("variable_flags") ? variableFlags(command.name, args) : spec.flags;
    for (const index of indexes) found.push({ key: args[index]!, index, flags });
  }
  return found;
}
