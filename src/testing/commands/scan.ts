/**
 * SCAN and its kin.
 *
 * @module
 */
import { typeOf } from "../database.ts";
import { matches } from "../glob.ts";
import { formatDouble, integer } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import type { Dict } from "../types/dict.ts";
import { readHash } from "./hashes.ts";

interface Options {
  readonly cursor: number;
  readonly count: number;
  readonly pattern: string | undefined;
  readonly type: string | undefined;
}

/** A cursor as `strtoul` reads it. */
function readCursor(text: string): bigint {
  if (text === "") return 0n;
  const found = /^([+-]?)(\d+)$/.exec(text);
  if (found === null) throw err("invalid cursor");
  const size = BigInt(found[2]!);
  if (size > 18446744073709551615n) throw err("invalid cursor");
  return found[1] === "-" ? BigInt.asUintN(64, -size) : size;
}

function readOptions(args: readonly string[], from: number, typed: boolean): Options {
  const cursor = Number(readCursor(args[from]!));
  let [count, pattern, type]: [number, string | undefined, string | undefined] = [10, undefined, undefined];
  for (let i = from + 1; i < args.length; i += 2) {
    const word = args[i]!.toUpperCase();
    if (i + 1 >= args.length) throw SYNTAX;
    if (word === "COUNT") {
      count = integer(args[i + 1]!);
      if (count < 1) throw SYNTAX;
    } else if (word === "MATCH") pattern = args[i + 1] === "*" ? undefined : args[i + 1]!;
    else if (typed && word === "TYPE") type = args[i + 1]!.toLowerCase();
    else throw SYNTAX;
  }
  return { cursor, count, pattern, type };
}

/** A cursor that no scan has given visits nothing. */
function scanDict<V>(
  dict: Dict<V>,
  { cursor, count }: Options,
  visit: (key: string, value: V) => void,
): string {
  if (cursor > dict.size && cursor > 2 ** 40) return "0";
  return String(dict.scan(cursor, count, ({ key, value }) => visit(key, value)));
}

function scan(session: Session, args: string[]): ReplyValue {
  const options = readOptions(args, 1, true);
  const { db } = session;
  const found: string[] = [];
  const cursor = scanDict(db.keys, options, (key) => found.push(key));
  const keys = found.filter((key) => {
    if (options.pattern !== undefined && !matches(options.pattern, key)) return false;
    const entry = db.peek(key);
    return entry !== undefined && (options.type === undefined || typeOf(entry.value) === options.type);
  });
  return [cursor, keys];
}

/** A part of a collection; all of it where its encoding is compact, as then Redis gives all of it. */
function scanMembers<V>(
  dict: Dict<V>,
  whole: boolean,
  options: Options,
  show: (key: string, value: V) => string[],
): ReplyValue {
  const found: string[] = [];
  const visit = (key: string, value: V): void => {
    if (options.pattern === undefined || matches(options.pattern, key)) found.push(...show(key, value));
  };
  if (!whole) return [scanDict(dict, options, visit), found];
  for (const { key, value } of dict.nodes()) visit(key, value);
  return ["0", found];
}

/** SCAN and its kin. */
export const scans: CommandGroup = {
  scan,
  hscan(session, args) {
    readCursor(args[2]!);
    const hash = readHash(session, args[1]!);
    if (hash === undefined) return ["0", []];
    const options = readOptions(args, 2, false);
    return scanMembers(hash.fields, !hash.big, options, (field, value) => [field, value]);
  },
  sscan(session, args) {
    readCursor(args[2]!);
    const set = session.db.read(args[1]!, "set");
    if (set === undefined) return ["0", []];
    const options = readOptions(args, 2, false);
    return scanMembers(set.dict, set.intset, options, (member) => [member]);
  },
  zscan(session, args) {
    readCursor(args[2]!);
    const set = session.db.read(args[1]!, "zset");
    if (set === undefined) return ["0", []];
    const options = readOptions(args, 2, false);
    if (!set.big) {
      const found: string[] = [];
      for (const { member, score } of set.order.slice(0, set.size - 1)) {
        if (options.pattern === undefined || matches(options.pattern, member)) {
          found.push(member, formatDouble(score));
        }
      }
      return ["0", found];
    }
    return scanMembers(set.scores, false, options, (member, score) => [member, formatDouble(score)]);
  },
};
