/**
 * Converts the parameters of the generated functions to the arguments of a command. Invalid shapes throw a
 * `TypeError` that names the command, before anything is sent.
 *
 * @module
 */
import type { Arg } from "../resp/types.ts";
import type { CommandSpec } from "./command.ts";

/** A number, as JavaScript or as Redis writes it (`"(1.5"`, `"+inf"`, `"-"` where a command takes them). */
export type Num = number | bigint | string;

/** One, or a list. */
export type OneOrMany = Arg | readonly Arg[];

/** Several, one after the other or as one list. */
export type Many = Arg[] | [readonly Arg[]];

/** Pairs: a plain object, a `Map`, or anything that yields `[name, value]`. */
export type Entries<V = Arg> = Readonly<Record<string, V>> | Iterable<readonly [Arg, V]>;

/** An object with at most one of the members of `T`. */
export type AtMostOne<T> = {
  [K in keyof T]: Partial<Pick<T, K>> & { [P in Exclude<keyof T, K>]?: never };
}[keyof T];

/** Exactly one of the members of `T`. */
export type ExactlyOne<T> = {
  [K in keyof T]: Pick<T, K> & { [P in Exclude<keyof T, K>]?: never };
}[keyof T];

function refuse(spec: CommandSpec, why: string): never {
  throw new TypeError(`Cannot make ${spec.name}: ${why}`);
}

/** Adds a list of at least one; with `count`, the number of its members before it. */
export function many(spec: CommandSpec, out: Arg[], values: OneOrMany | Many, count?: unknown): Arg[] {
  if (Array.isArray(values)) {
    const list: readonly Arg[] = values.length === 1 && Array.isArray(values[0]) ? values[0] : values;
    if (list.length === 0) refuse(spec, "the list is empty, and it takes at least one");
    if (count) out.push(list.length);
    for (let i = 0; i < list.length; i++) out.push(list[i]!);
  } else {
    if (count) out.push(1);
    out.push(values as Arg);
  }
  return out;
}

/** Appends optional arguments until the first missing one; lists are flattened. */
export function rest(out: Arg[], ...values: readonly (OneOrMany | Many | undefined)[]): Arg[] {
  for (const value of values) {
    if (value === undefined) break;
    if (Array.isArray(value)) rest(out, ...value);
    else out.push(value as Arg);
  }
  return out;
}

/** Adds the pairs of an object, a `Map` or a list: at least one; with `count`, their number before them. */
export function pairs(spec: CommandSpec, out: Arg[], entries: Entries, count?: unknown): Arg[] {
  const start = out.length;
  if (count) out.push(0);
  if (typeof entries !== "object" || entries === null || ArrayBuffer.isView(entries)) {
    refuse(spec, "fields and values are an object, a Map or a list of pairs: write { field: value }");
  }
  if (Symbol.iterator in entries) {
    for (const pair of entries as Iterable<readonly [Arg, Arg]>) {
      if (!Array.isArray(pair) || pair.length !== 2) refuse(spec, "each pair must be a list of two");
      out.push(pair[0], pair[1]);
    }
  } else {
    for (const name of Object.keys(entries)) {
      const value = entries[name];
      if (value === undefined || value === null) {
        refuse(spec, `the value of ${JSON.stringify(name)} is ${value}`);
      }
      out.push(name, value);
    }
  }
  const added = (out.length - start) >> 1;
  if (added === 0) refuse(spec, "there is no pair, and it takes at least one");
  if (count) out[start] = added;
  return out;
}

/** Adds lists of `size` arguments each (0: of any size), at least one. */
export function tuples(
  spec: CommandSpec,
  out: Arg[],
  size: number,
  list: readonly (readonly Arg[])[],
): Arg[] {
  if (!Array.isArray(list) || list.length === 0) refuse(spec, "it takes a list that is not empty");
  for (const tuple of list) {
    if (!Array.isArray(tuple) || (size > 0 && tuple.length !== size)) {
      refuse(spec, `each member of the list must be a list${size > 0 ? ` of ${size}` : ""}`);
    }
    out.push(...tuple);
  }
  return out;
}

/** One option of a command, as its plan describes it. */
interface Option {
  readonly key: string;
  readonly kind: string;
  readonly words: readonly string[];
  /** The bits of the groups of which only one may be given; 0 where there is none. */
  readonly group: number;
}

const plans = new Map<string, Map<string, Option>>();

/**
 * Parses a plan: options separated by spaces, `|` between exclusive ones. The key of an option is a single token.
 * A suffix changes that: `=` is a token with a value, `*` a list (of lists), `+` a token before each item. `?` is YES
 * or NO, `#` a counted list, `{a,b}` the members of an object. `:` precedes the token if it is not the key in capitals.
 */
function readPlan(source: string): Map<string, Option> {
  const plan = new Map<string, Option>();
  let bit = 1;
  for (const group of source.split(" ")) {
    const members = group.split("|");
    for (const member of members) {
      const [, key, kind, token] = /^(\w+)([^:]*):?(.*)$/.exec(member)!;
      plan.set(key!, {
        key: key!,
        kind: kind!,
        words: (token || key!.toUpperCase()).split("/"),
        // Behind its place in one group it can stand in another, to exclude those, too.
        group: (plan.get(key!)?.group ?? 0) | (members.length > 1 ? bit : 0),
      });
    }
    bit <<= 1;
  }
  plans.set(source, plan);
  return plan;
}

function add(spec: CommandSpec, out: Arg[], option: Option, value: unknown): void {
  const { key, kind, words } = option;
  const wrong = (what: string) => refuse(spec, `the option ${key} must be ${what}`);
  if (kind === "") {
    if (typeof value !== "boolean") wrong("true or false");
    if (value) out.push(...words);
    return;
  }
  if (kind === "+") {
    for (const item of Array.isArray(value) ? value : [value]) out.push(...words, item);
    return;
  }
  out.push(...words);
  if (kind === "=") out.push(value as Arg);
  else if (kind === "?") out.push(value === true ? "YES" : value === false ? "NO" : wrong("true or false"));
  else if (kind === "*" || kind === "#") {
    many(spec, out, (Array.isArray(value) ? value.flat() : value) as OneOrMany, kind === "#");
  } else {
    if (typeof value !== "object" || value === null) wrong("an object");
    for (const name of kind.slice(1, -1).split(",")) {
      const member = (value as Record<string, Arg | undefined>)[name];
      out.push(member === undefined ? wrong(`an object with ${kind.slice(1, -1)}`) : member);
    }
  }
}

const listOf = (plan: ReadonlyMap<string, Option>): string => `there are ${[...plan.keys()].join(", ")}`;

/** Returns the error for invalid options. Often they are the words of the command as separate arguments. */
function wrongOptions(plan: ReadonlyMap<string, Option>, given: unknown): string {
  const token = String(given).toUpperCase();
  for (const { key, kind, words } of typeof given === "string" ? plan.values() : []) {
    if (words[0] === token) return `options are an object: write { ${key}: ${kind === "" ? "true" : "..."} }`;
  }
  return `the options must be an object; ${listOf(plan)}`;
}

/** Adds options; an unknown one, or two that exclude each other, are refused by name. */
export function withOptions(spec: CommandSpec, out: Arg[], source: string, given: object | undefined): Arg[] {
  if (given === undefined) return out;
  const plan = plans.get(source) ?? readPlan(source);
  if (typeof given !== "object" || given === null) refuse(spec, wrongOptions(plan, given));
  const values = given as Readonly<Record<string, unknown>>;
  const known: Option[] = [];
  let groups = 0;
  for (const key of Object.keys(values)) {
    const value = values[key];
    if (value === undefined) continue;
    const option = plan.get(key);
    if (option === undefined) {
      const meant = [...plan.keys()].find((one) => one.toLowerCase() === key.toLowerCase());
      return refuse(spec, `there is no option ${key}; ${meant ? `did you mean ${meant}?` : listOf(plan)}`);
    }
    if (value === false && option.kind === "") continue;
    if (groups & option.group) {
      const other = known.find((one) => (one.group & option.group) !== 0)!;
      refuse(spec, `the options ${other.key} and ${key} exclude each other`);
    }
    groups |= option.group;
    known.push(option);
  }
  if (known.length === 1) add(spec, out, known[0]!, values[known[0]!.key]);
  else if (known.length > 1) {
    // Where one option stands behind another matters to some commands: the order of the plan is the documented one.
    for (const option of plan.values()) {
      if (known.includes(option)) add(spec, out, option, values[option.key]);
    }
  }
  return out;
}
