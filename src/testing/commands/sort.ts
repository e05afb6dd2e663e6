/**
 * SORT and LCS.
 *
 * @module
 */
import { changedWith, created } from "../keyspace.ts";
import { integer, integerIn, parseDouble } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { cString, err, MapReply, type ReplyValue, SYNTAX, WRONGTYPE } from "../reply.ts";
import type { Session } from "../state.ts";
import { Bytes } from "../types/bytes.ts";
import { List } from "../types/list.ts";
import { readHash } from "./hashes.ts";

interface Query {
  by: string | undefined;
  readonly gets: string[];
  offset: number;
  count: number;
  descending: boolean;
  alpha: boolean;
  store: string | undefined;
}

function readQuery(args: readonly string[], readOnly: boolean): Query {
  const query: Query = {
    by: undefined,
    gets: [],
    offset: 0,
    count: -1,
    descending: false,
    alpha: false,
    store: undefined,
  };
  for (let i = 2; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    const left = args.length - i - 1;
    if (word === "ASC") query.descending = false;
    else if (word === "DESC") query.descending = true;
    else if (word === "ALPHA") query.alpha = true;
    else if (word === "LIMIT" && left >= 2) {
      [query.offset, query.count] = [integer(args[++i]!), integer(args[++i]!)];
    } else if (word === "STORE" && left >= 1 && !readOnly) query.store = args[++i]!;
    else if (word === "BY" && left >= 1) query.by = args[++i]!;
    else if (word === "GET" && left >= 1) query.gets.push(args[++i]!);
    else throw SYNTAX;
  }
  return query;
}

/** Returns the value of a pattern with an element in place of its star. */
function lookup(session: Session, pattern: string, element: string): string | undefined {
  if (pattern === "#") return element;
  const star = pattern.indexOf("*");
  if (star < 0) return undefined;
  const arrow = pattern.indexOf("->", star + 1);
  const field = arrow >= 0 && arrow + 2 < pattern.length ? pattern.slice(arrow + 2) : undefined;
  const key = pattern.slice(0, star) + element +
    pattern.slice(star + 1, field === undefined ? undefined : arrow);
  const value = session.db.find(key)?.value;
  if (field !== undefined) {
    if (value === undefined || typeof value === "string" || value.type !== "hash") return undefined;
    return readHash(session, key)?.fields.get(field);
  }
  return typeof value === "string" ? value : value instanceof Bytes ? value.toString() : undefined;
}

function elementsOf(session: Session, key: string): { elements: string[]; type: string } {
  const value = session.db.find(key)?.value;
  if (value === undefined) return { elements: [], type: "list" };
  if (typeof value === "string") throw WRONGTYPE;
  switch (value.type) {
    case "list":
      return { elements: value.range(0, value.size - 1), type: "list" };
    case "set":
      return { elements: value.members(), type: "set" };
    case "zset":
      // As in Redis, which converts it for good.
      value.big = true;
      return { elements: value.order.slice(0, value.size - 1).map(({ member }) => member), type: "zset" };
    default:
      throw WRONGTYPE;
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sorted(session: Session, elements: string[], query: Query): string[] {
  const { by, alpha, descending } = query;
  const weighted = elements.map((element) => {
    const text = by === undefined ? element : lookup(session, by, element);
    if (alpha) return { element, text, score: 0 };
    // As `strtod` has it, nothing is 0.
    const number = cString(text ?? "").replace(/^[ \t\n\v\f\r]+/, "");
    const score = number === "" && !/^\s/.test(text ?? "") ? 0 : parseDouble(number);
    if (score === undefined) throw err("One or more scores can't be converted into double");
    return { element, text, score };
  });
  weighted.sort((a, b) => {
    let order: number;
    if (!alpha) order = a.score - b.score || compareText(a.element, b.element);
    else if (a.text === undefined || b.text === undefined) {
      order = a.text === b.text ? 0 : a.text === undefined ? -1 : 1;
    } else order = compareText(a.text, b.text);
    return descending ? -order : order;
  });
  return weighted.map(({ element }) => element);
}

function sort(readOnly: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    const query = readQuery(args, readOnly);
    const { elements, type } = elementsOf(session, args[1]!);
    let plain = query.by !== undefined && !query.by.includes("*");
    if (plain && type === "set" && (query.store !== undefined || session.script)) {
      plain = false;
      query.alpha = true;
      query.by = undefined;
    }
    let chosen = elements;
    if (!plain) chosen = sorted(session, elements, query);
    else if (type !== "set" && query.descending) chosen.reverse();
    const start = Math.max(0, query.offset);
    chosen = chosen.slice(start, query.count < 0 ? undefined : start + query.count);
    const result = query.gets.length === 0
      ? chosen
      : chosen.flatMap((element) => query.gets.map((get) => lookup(session, get, element) ?? null));
    if (query.store === undefined) return result;
    const key = query.store;
    if (result.length === 0) {
      if (session.db.delete(key)) changedWith(session, key, "g", "del");
      return 0;
    }
    const list = new List();
    for (const element of result) list.push(element ?? "", false);
    // As in Redis, clients that wait for a key are not told when another value is replaced.
    const fresh = !session.db.keys.has(key);
    session.db.set(key, list);
    if (fresh) created(session, key);
    changedWith(session, key, "l", "sortstore");
    return list.size;
  };
}

function lcs(session: Session, args: string[]): ReplyValue {
  let [onlyLength, indexes, withLengths, least] = [false, false, false, 0];
  const values = [session.db.find(args[1]!)?.value, session.db.find(args[2]!)?.value];
  const texts = values.map((value) => {
    if (value === undefined) return "";
    if (typeof value !== "string" && value.type !== "string") {
      throw err("The specified keys must contain string values");
    }
    return String(value);
  });
  for (let i = 3; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    if (word === "IDX") indexes = true;
    else if (word === "LEN") onlyLength = true;
    else if (word === "WITHMATCHLEN") withLengths = true;
    else if (word === "MINMATCHLEN" && i + 1 < args.length) {
      least = Math.max(
        0,
        integerIn(args[++i]!, -Infinity, Infinity, "value is not an integer or out of range"),
      );
    } else throw SYNTAX;
  }
  if (indexes && onlyLength) {
    throw err("If you want both the length and indexes, please just use IDX.");
  }
  const [a, b] = texts as [string, string];
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      table[i * width + j] = a[i - 1] === b[j - 1]
        ? table[(i - 1) * width + j - 1]! + 1
        : Math.max(table[(i - 1) * width + j]!, table[i * width + j - 1]!);
    }
  }
  const length = table[a.length * width + b.length]!;
  if (onlyLength) return length;
  const letters: string[] = [];
  const matches: ReplyValue[] = [];
  let run: { a: number; b: number; size: number } | undefined;
  const emit = (): void => {
    if (run !== undefined && (least === 0 || run.size >= least)) {
      const range: ReplyValue[] = [[run.a, run.a + run.size - 1], [run.b, run.b + run.size - 1]];
      matches.push(withLengths ? [...range, run.size] : range);
    }
    run = undefined;
  };
  for (let i = a.length, j = b.length; i > 0 && j > 0;) {
    if (a[i - 1] === b[j - 1]) {
      letters.push(a[i - 1]!);
      if (run !== undefined && run.a === i && run.b === j) run = { a: i - 1, b: j - 1, size: run.size + 1 };
      else {
        emit();
        run = { a: i - 1, b: j - 1, size: 1 };
      }
      i--;
      j--;
    } else if (table[(i - 1) * width + j]! > table[i * width + j - 1]!) i--;
    else j--;
  }
  emit();
  if (!indexes) return letters.reverse().join("");
  return new MapReply(["matches", matches, "len", length]);
}

/** SORT and LCS. */
export const sorting: CommandGroup = {
  sort: sort(false),
  sort_ro: sort(true),
  lcs,
};
