/**
 * Lists.
 *
 * @module
 */
import { changedWith, created, removeEmpty } from "../keyspace.ts";
import { integer, integerIn, parseInteger } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, NO_KEY, NULL_ARRAY, OK, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import { List } from "../types/list.ts";

/** LEFT or RIGHT; whether it is LEFT. */
export function sideOf(text: string): boolean {
  const word = text.toUpperCase();
  if (word !== "LEFT" && word !== "RIGHT") throw SYNTAX;
  return word === "LEFT";
}

/** Adds elements to a list, made if it is not there. Returns its length. */
export function push(session: Session, key: string, elements: readonly string[], left: boolean): number {
  let list = session.db.write(key, "list");
  if (list === undefined) session.db.set(key, list = new List());
  for (const element of elements) list.push(element, left);
  if (list.size === elements.length) created(session, key);
  changedWith(session, key, "l", left ? "lpush" : "rpush");
  return list.size;
}

/** Takes up to `count` elements from a list that is there. */
export function pop(session: Session, key: string, count: number, left: boolean): string[] {
  const list = session.db.write(key, "list")!;
  const elements: string[] = [];
  while (elements.length < count && list.size > 0) elements.push(list.pop(left));
  if (elements.length === 0) return elements;
  changedWith(session, key, "l", left ? "lpop" : "rpop");
  if (list.size === 0) removeEmpty(session, key);
  return elements;
}

function popCommand(left: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    if (args.length > 3) throw err(`wrong number of arguments for '${left ? "lpop" : "rpop"}' command`);
    const counted = args.length === 3;
    const count = counted ? integerIn(args[2]!, 0, Infinity, "value is out of range, must be positive") : 1;
    const list = session.db.read(args[1]!, "list");
    if (list === undefined) return counted ? NULL_ARRAY : null;
    const elements = pop(session, args[1]!, count, left);
    return counted ? elements : elements[0]!;
  };
}

/** Start and stop of a range within a length; `undefined` where nothing is in it. */
export function rangeOf(start: number, stop: number, length: number): [number, number] | undefined {
  if (start < 0) start = Math.max(0, start + length);
  if (stop < 0) stop += length;
  if (start > stop || start >= length) return undefined;
  return [start, Math.min(stop, length - 1)];
}

function lset(session: Session, [, key, at, element]: string[]): ReplyValue {
  const list = session.db.write(key!, "list");
  if (list === undefined) throw NO_KEY;
  let index = integer(at!);
  if (index < 0) index += list.size;
  if (index < 0 || index >= list.size) throw err("index out of range");
  list.set(index, element!);
  changedWith(session, key!, "l", "lset");
  return OK;
}

function linsert(session: Session, [, key, where, pivot, element]: string[]): ReplyValue {
  const word = where!.toUpperCase();
  if (word !== "BEFORE" && word !== "AFTER") throw SYNTAX;
  const list = session.db.write(key!, "list");
  if (list === undefined) return 0;
  for (let i = 0; i < list.size; i++) {
    if (list.at(i) !== pivot) continue;
    list.insert(word === "BEFORE" ? i : i + 1, element!);
    changedWith(session, key!, "l", "linsert");
    return list.size;
  }
  return -1;
}

function lrem(session: Session, [, key, count, element]: string[]): ReplyValue {
  const wanted = integer(count!);
  const list = session.db.write(key!, "list");
  if (list === undefined) return 0;
  const most = wanted === 0 ? Infinity : Math.abs(wanted);
  const gone = new Set<number>();
  for (let i = 0; i < list.size && gone.size < most; i++) {
    const at = wanted < 0 ? list.size - 1 - i : i;
    if (list.at(at) === element) gone.add(at);
  }
  if (gone.size === 0) return 0;
  list.retain((_, index) => !gone.has(index));
  changedWith(session, key!, "l", "lrem");
  if (list.size === 0) removeEmpty(session, key!);
  return gone.size;
}

function ltrim(session: Session, [, key, from, to]: string[]): ReplyValue {
  const [start, stop] = [integer(from!), integer(to!)];
  const list = session.db.write(key!, "list");
  if (list === undefined) return OK;
  const range = rangeOf(start, stop, list.size);
  const drop = range === undefined ? [list.size, 0] as const : [range[0], list.size - 1 - range[1]] as const;
  for (let i = 0; i < drop[0]; i++) list.pop(true);
  for (let i = 0; i < drop[1]; i++) list.pop(false);
  changedWith(session, key!, "l", "ltrim");
  if (list.size === 0) removeEmpty(session, key!);
  return OK;
}

function lpos(session: Session, args: string[]): ReplyValue {
  const [, key, element] = args as [string, string, string];
  let [rank, count, most] = [1, -1, 0];
  for (let i = 3; i < args.length; i += 2) {
    const word = args[i]!.toUpperCase();
    if (i + 1 >= args.length) throw SYNTAX;
    if (word === "RANK") {
      const value = parseInteger(args[i + 1]!);
      if (value === undefined) throw err("value is not an integer or out of range");
      // Redis cannot negate the least integer, and takes it for -1.
      rank = Number(value) === -(2 ** 63) ? -1 : Number(value);
      if (rank === 0) {
        throw err(
          "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
        );
      }
    } else if (word === "COUNT") {
      count = integerIn(args[i + 1]!, 0, Infinity, "COUNT can't be negative");
    } else if (word === "MAXLEN") {
      most = integerIn(args[i + 1]!, 0, Infinity, "MAXLEN can't be negative");
    } else throw SYNTAX;
  }
  const list = session.db.read(key, "list");
  const found: number[] = [];
  const wanted = count < 0 ? 1 : count === 0 ? Infinity : count;
  let skip = Math.abs(rank) - 1;
  const size = list?.size ?? 0;
  for (let i = 0; i < size && (most === 0 || i < most) && found.length < wanted; i++) {
    const at = rank < 0 ? size - 1 - i : i;
    if (list!.at(at) !== element) continue;
    if (skip > 0) skip--;
    else found.push(at);
  }
  return count < 0 ? found[0] ?? null : found;
}

/** Moves an element from one list that is there to another. */
export function moveElement(
  session: Session,
  from: string,
  to: string,
  fromLeft: boolean,
  toLeft: boolean,
): string {
  session.db.read(to, "list");
  const list = session.db.write(from, "list")!;
  const element = list.pop(fromLeft);
  if (from === to) {
    list.push(element, toLeft);
    changedWith(session, to, "l", toLeft ? "lpush" : "rpush");
    changedWith(session, from, "l", fromLeft ? "lpop" : "rpop");
    return element;
  }
  push(session, to, [element], toLeft);
  changedWith(session, from, "l", fromLeft ? "lpop" : "rpop");
  if (list.size === 0) removeEmpty(session, from);
  return element;
}

function pushCommand(left: boolean, onlyExisting: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    if (onlyExisting && session.db.read(args[1]!, "list") === undefined) return 0;
    return push(session, args[1]!, args.slice(2), left);
  };
}

function move(session: Session, from: string, to: string, fromLeft: boolean, toLeft: boolean): ReplyValue {
  if (session.db.read(from, "list") === undefined) return null;
  return moveElement(session, from, to, fromLeft, toLeft);
}

/** Lists. */
export const lists: CommandGroup = {
  lpush: pushCommand(true, false),
  rpush: pushCommand(false, false),
  lpushx: pushCommand(true, true),
  rpushx: pushCommand(false, true),
  lpop: popCommand(true),
  rpop: popCommand(false),
  llen: (session, args) => session.db.read(args[1]!, "list")?.size ?? 0,
  lindex(session, args) {
    const list = session.db.read(args[1]!, "list");
    if (list === undefined) return null;
    let index = integer(args[2]!);
    if (index < 0) index += list.size;
    return index >= 0 && index < list.size ? list.at(index) : null;
  },
  lset,
  lrange(session, args) {
    const [start, stop] = [integer(args[2]!), integer(args[3]!)];
    const list = session.db.read(args[1]!, "list");
    const range = rangeOf(start, stop, list?.size ?? 0);
    return range === undefined ? [] : list!.range(range[0], range[1]);
  },
  ltrim,
  lrem,
  linsert,
  lpos,
  rpoplpush: (session, args) => move(session, args[1]!, args[2]!, false, true),
  lmove: (session, args) => {
    const [fromLeft, toLeft] = [sideOf(args[3]!), sideOf(args[4]!)];
    return move(session, args[1]!, args[2]!, fromLeft, toLeft);
  },
};
