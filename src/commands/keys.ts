/**
 * Finds the keys of a command.
 *
 * @module
 */
import type { Arg } from "../resp/types.ts";
import type { Command, KeySpec } from "./command.ts";

const decoder = /* @__PURE__ */ new TextDecoder();

/** Whether an argument is this word (in capitals), however it is written. */
export function isWord(arg: Arg | undefined, word: string): boolean {
  if (arg instanceof Uint8Array) return arg.length === word.length && isWord(decoder.decode(arg), word);
  return typeof arg === "string" && arg.length === word.length && arg.toUpperCase() === word;
}

function isEmpty(arg: Arg): boolean {
  return arg === "" || (arg instanceof Uint8Array && arg.length === 0);
}

/** The place behind `keyword`, searched from `from` on; a negative `from` counts from the end and searches backwards. */
function behind(args: readonly Arg[], keyword: string, from: number): number {
  const step = from < 0 ? -1 : 1;
  for (let i = from < 0 ? args.length + from : from; i >= 0 && i < args.length; i += step) {
    if (isWord(args[i], keyword)) return i + 1;
  }
  return -1;
}

/** Adds what `values` has where the keys are among the arguments. */
function collect<T>(found: T[], args: readonly Arg[], values: readonly T[], spec: KeySpec): void {
  let first: number, last: number;
  if ("count" in spec) {
    const count = args[spec.count];
    first = spec.first;
    last = first + (Number(count instanceof Uint8Array ? decoder.decode(count) : count ?? 0) - 1) * spec.step;
  } else if ("keyword" in spec) {
    first = behind(args, spec.keyword, spec.from);
    if (first < 0) return;
    last = spec.last < 0 ? args.length + spec.last : first + spec.last;
    if (spec.limit > 1) last = first + Math.floor((last - first + 1) / spec.limit) - 1;
  } else {
    first = spec.first;
    last = spec.last < 0 ? args.length + spec.last : spec.last;
  }
  for (let i = first; i <= last && i < args.length; i += spec.step) found.push(values[i]!);
}

/**
 * The keys of a command, in the order of its arguments. The channels of sharded pub/sub count as keys, since they have a slot.
 */
export function keysOf(command: Command): Arg[] {
  const { spec, args } = command;
  const keys: Arg[] = [];
  for (const one of spec.keys) collect(keys, args, args, one);
  // MIGRATE with KEYS has an empty string where its only key would be.
  return spec.name === "MIGRATE" ? keys.filter((key) => !isEmpty(key)) : keys;
}

/** The places of a command's keys among its arguments. */
export function keyPlaces({ spec, args }: Command): number[] {
  const places: number[] = [];
  const all = args.map((_, place) => place);
  for (const one of spec.keys) collect(places, args, all, one);
  return spec.name === "MIGRATE" ? places.filter((place) => !isEmpty(args[place]!)) : places;
}
