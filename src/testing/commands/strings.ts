/**
 * Strings: GET, SET and what belongs to them.
 *
 * @module
 */
import type { Entry } from "../database.ts";
import { expiryOf } from "../expiry_options.ts";
import { changedWith, notify, remove } from "../keyspace.ts";
import { addDecimals } from "../long_double.ts";
import { bigInteger, INT64_MAX, INT64_MIN, integer, narrow, parseInteger, readDouble } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, NOT_FLOAT, NOT_INTEGER, OK, type ReplyValue, SYNTAX, wrongArity, WRONGTYPE } from "../reply.ts";
import type { Session } from "../state.ts";
import { Bytes, toText } from "../types/bytes.ts";

type Unit = "EX" | "PX" | "EXAT" | "PXAT";
const UNITS = new Set(["EX", "PX", "EXAT", "PXAT"]);

/** The entry of a string, or none.
 *
 * @throws {ErrorReply} where the key is of another type. */
export function stringEntry(session: Session, key: string): Entry | undefined {
  const entry = session.db.find(key);
  if (entry !== undefined && typeof entry.value !== "string" && entry.value.type !== "string") {
    throw WRONGTYPE;
  }
  return entry;
}

/** @throws {ErrorReply} where a string would be longer than the server takes. */
export function checkLength(session: Session, length: number): void {
  if (length > session.server.config.number("proto-max-bulk-len")) {
    throw err("string exceeds maximum allowed size (proto-max-bulk-len)");
  }
}

/** A reply of a string value, as it is or of its bytes. */
function get(session: Session, key: string): ReplyValue {
  const entry = session.db.find(key);
  if (entry === undefined) return null;
  const { value } = entry;
  if (typeof value === "string") return value;
  if (value.type !== "string") throw WRONGTYPE;
  return value.view.slice();
}

interface SetOptions {
  nx: boolean;
  xx: boolean;
  get: boolean;
  keep: boolean;
  persist: boolean;
  unit: Unit | undefined;
  time: string;
}

function readOptions(args: readonly string[], from: number, set: boolean): SetOptions {
  const options: SetOptions = {
    nx: false,
    xx: false,
    get: false,
    keep: false,
    persist: false,
    unit: undefined,
    time: "",
  };
  for (let i = from; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    const { nx, xx, keep, persist, unit } = options;
    if (set && word === "NX" && !xx) options.nx = true;
    else if (set && word === "XX" && !nx) options.xx = true;
    else if (set && word === "GET") options.get = true;
    else if (set && word === "KEEPTTL" && unit === undefined) options.keep = true;
    else if (!set && word === "PERSIST" && unit === undefined) options.persist = true;
    else if (UNITS.has(word) && unit === undefined && !keep && !persist && i + 1 < args.length) {
      options.unit = word as Unit;
      options.time = args[++i]!;
    } else throw SYNTAX;
  }
  return options;
}

function setGeneric(
  session: Session,
  key: string,
  value: string,
  options: SetOptions,
  command: string,
): ReplyValue {
  const { db, server } = session;
  const at = options.unit === undefined ? 0 : expiryOf(options.time, options.unit, server.now, command);
  let old: ReplyValue = null;
  if (options.get) old = get(session, key);
  if (options.nx || options.xx) {
    if ((db.peek(key) !== undefined) === options.nx) return options.get ? old : null;
  }
  // A key that has expired leaves no time to live behind.
  if (options.keep) db.peek(key);
  db.set(key, value, options.keep);
  if (at !== 0) {
    db.expire(key, at);
    session.effects = [["SET", key, value, "PXAT", String(at)]];
  }
  changedWith(session, key, "$", "set");
  if (at !== 0) notify(server, db, "g", "expire", key);
  return options.get ? old : OK;
}

const PLAIN: SetOptions = {
  nx: false,
  xx: false,
  get: false,
  keep: false,
  persist: false,
  unit: undefined,
  time: "",
};

function set(session: Session, args: string[]): ReplyValue {
  if (args.length > 3) return setGeneric(session, args[1]!, args[2]!, readOptions(args, 3, true), "set");
  session.db.set(args[1]!, args[2]!);
  changedWith(session, args[1]!, "$", "set");
  return OK;
}

function getex(session: Session, args: string[]): ReplyValue {
  const key = args[1]!;
  const { db, server } = session;
  const { unit, time, persist } = readOptions(args, 2, false);
  const value = get(session, key);
  if (value === null) return null;
  if (unit !== undefined) {
    const at = expiryOf(time, unit, server.now, "getex");
    if (at <= server.now) {
      session.effects = [["DEL", key]];
      remove(session, key);
      return value;
    }
    db.expire(key, at);
    session.effects = [["PEXPIREAT", key, String(at)]];
    changedWith(session, key, "g", "expire");
  } else if (persist && db.peek(key)!.expireAt !== 0) {
    db.expire(key, 0);
    session.effects = [["PERSIST", key]];
    changedWith(session, key, "g", "persist");
  }
  return value;
}

function mset(session: Session, args: string[]): ReplyValue {
  if (args.length % 2 === 0) return wrongArity("mset");
  for (let i = 1; i < args.length; i += 2) {
    session.db.set(args[i]!, args[i + 1]!);
    changedWith(session, args[i]!, "$", "set");
  }
  return OK;
}

function msetnx(session: Session, args: string[]): ReplyValue {
  if (args.length % 2 === 0) return wrongArity("msetnx");
  for (let i = 1; i < args.length; i += 2) if (session.db.find(args[i]!) !== undefined) return 0;
  mset(session, args);
  return 1;
}

function incrementBy(session: Session, key: string, by: number | bigint): ReplyValue {
  const text = stringEntry(session, key)?.value;
  const old = text === undefined ? 0 : parseInteger(String(text));
  if (old === undefined) throw NOT_INTEGER;
  let result: number | bigint;
  if (typeof old === "number" && typeof by === "number" && Number.isSafeInteger(old + by)) {
    result = old + by;
  } else {
    const sum = BigInt(old) + BigInt(by);
    if (sum > INT64_MAX || sum < INT64_MIN) throw err("increment or decrement would overflow");
    result = narrow(sum);
  }
  session.db.set(key, String(result), true);
  changedWith(session, key, "$", "incrby");
  return result;
}

function decrby(session: Session, args: string[]): ReplyValue {
  const by = bigInteger(args[2]!);
  if (by === INT64_MIN) throw err("decrement would overflow");
  return incrementBy(session, args[1]!, narrow(-by));
}

function incrbyfloat(session: Session, args: string[]): ReplyValue {
  const [, key, by] = args as [string, string, string];
  const old = String(stringEntry(session, key)?.value ?? "0");
  const [a, b] = [readDouble(old), readDouble(by)];
  if (a === undefined || b === undefined) throw NOT_FLOAT;
  const sum = addDecimals(old, by);
  if (sum === undefined) throw err("increment would produce NaN or Infinity");
  session.db.set(key, sum, true).text = true;
  session.effects = [["SET", key, sum, "KEEPTTL"]];
  changedWith(session, key, "$", "incrbyfloat");
  return sum;
}

function append(session: Session, args: string[]): ReplyValue {
  const [, key, more] = args as [string, string, string];
  const entry = stringEntry(session, key);
  let length = more.length;
  if (entry === undefined) {
    session.db.set(key, more);
  } else {
    length += entry.value instanceof Bytes ? entry.value.length : (entry.value as string).length;
    checkLength(session, length);
    session.db.keep(key);
    if (entry.value instanceof Bytes) entry.value.write(entry.value.length, more);
    else entry.value = entry.value as string + more;
    entry.raw = true;
  }
  changedWith(session, key, "$", "append");
  return length;
}

/** The string of a key as bytes that can be changed in place, made if it is not there. */
export function bytesOf(session: Session, key: string): Bytes {
  const entry = stringEntry(session, key);
  if (entry?.value instanceof Bytes) {
    session.db.keep(key);
    entry.value.version++;
    return entry.value;
  }
  const bytes = new Bytes(entry?.value as string | undefined);
  session.db.set(key, bytes, true);
  return bytes;
}

function setrange(session: Session, args: string[]): ReplyValue {
  const [, key, at, text] = args as [string, string, string, string];
  const offset = integer(at);
  if (offset < 0) throw err("offset is out of range");
  const entry = stringEntry(session, key);
  if (text.length === 0) return entry === undefined ? 0 : String(entry.value).length;
  checkLength(session, offset + text.length);
  const bytes = bytesOf(session, key);
  bytes.write(offset, text);
  changedWith(session, key, "$", "setrange");
  return bytes.length;
}

function getrange(session: Session, args: string[]): ReplyValue {
  const [, key, from, to] = args as [string, string, string, string];
  let [start, stop] = [integer(from), integer(to)];
  const value = stringEntry(session, key)?.value;
  if (value === undefined) return "";
  const length = (value as string | Bytes).length;
  if (start < 0 && stop < 0 && start > stop) return "";
  if (start < 0) start = Math.max(0, length + start);
  if (stop < 0) stop = Math.max(0, length + stop);
  stop = Math.min(stop, length - 1);
  if (start > stop || length === 0) return "";
  return value instanceof Bytes
    ? toText(value.view.subarray(start, stop + 1))
    : (value as string).slice(start, stop + 1);
}

function setex(unit: Unit, name: string): (session: Session, args: string[]) => ReplyValue {
  return (session, args) => setGeneric(session, args[1]!, args[3]!, { ...PLAIN, unit, time: args[2]! }, name);
}

/** Strings. */
export const strings: CommandGroup = {
  get: (session, args) => get(session, args[1]!),
  set,
  setnx: (session, args) =>
    setGeneric(session, args[1]!, args[2]!, { ...PLAIN, nx: true }, "setnx") === null ? 0 : 1,
  setex: setex("EX", "setex"),
  psetex: setex("PX", "psetex"),
  getset(session, args) {
    const old = get(session, args[1]!);
    session.db.set(args[1]!, args[2]!);
    changedWith(session, args[1]!, "$", "set");
    return old;
  },
  getdel(session, args) {
    const old = get(session, args[1]!);
    if (old !== null) {
      session.effects = [["DEL", args[1]!]];
      remove(session, args[1]!);
    }
    return old;
  },
  getex,
  mget: (session, args) =>
    args.slice(1).map((key) => {
      const value = session.db.find(key)?.value;
      return typeof value === "string" ? value : value instanceof Bytes ? value.toString() : null;
    }),
  mset,
  msetnx,
  incr: (session, args) => incrementBy(session, args[1]!, 1),
  decr: (session, args) => incrementBy(session, args[1]!, -1),
  incrby: (session, args) => incrementBy(session, args[1]!, narrow(bigInteger(args[2]!))),
  decrby,
  incrbyfloat,
  append,
  strlen: (session, args) => (stringEntry(session, args[1]!)?.value as string | undefined)?.length ?? 0,
  setrange,
  getrange,
  substr: getrange,
};
