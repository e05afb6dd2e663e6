/**
 * Keys of any type.
 *
 * @module
 */
import { cloneEntry, type Database, typeOf } from "../database.ts";
import { matches } from "../glob.ts";
import { changed, created, flush, notify, remove, swapped } from "../keyspace.ts";
import { parseInteger } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, NO_KEY, NOT_INT, NOT_INTEGER, OK, type ReplyValue, Simple, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";

/** A database by the text of its number.
 *
 * @throws {ErrorReply} where there is none. */
export function databaseOf(
  session: Session,
  text: string,
  message: string = "DB index is out of range",
): Database {
  const index = parseInteger(text);
  if (index === undefined) throw NOT_INTEGER;
  if (index > 2147483647 || index < -2147483648) throw NOT_INT;
  const db = session.server.databases[Number(index)];
  if (db === undefined) throw err(message);
  return db;
}

function del(session: Session, args: string[]): ReplyValue {
  let count = 0;
  for (let i = 1; i < args.length; i++) if (remove(session, args[i]!)) count++;
  return count;
}

function rename(session: Session, [, from, to]: string[], always: boolean): ReplyValue {
  const { db } = session;
  const entry = db.find(from!);
  if (entry === undefined) throw NO_KEY;
  if (from === to) return always ? OK : 0;
  if (db.find(to!) !== undefined) {
    if (!always) return 0;
    db.delete(to!);
  }
  const { value, expireAt, raw, text } = entry;
  db.delete(from!);
  Object.assign(db.set(to!, value), { raw, text });
  if (expireAt !== 0) db.expire(to!, expireAt);
  if (typeof value !== "string" && value.type === "hash") db.watchFields(to!, value.nextExpiry());
  changed(session, from!);
  changed(session, to!);
  notify(session.server, db, "g", "rename_from", from!);
  notify(session.server, db, "g", "rename_to", to!);
  created(session, to!);
  return always ? OK : 1;
}

function put(session: Session, target: Database, key: string, from: string): void {
  const copy = cloneEntry(session.db.keys.get(from)!);
  Object.assign(target.set(key, copy.value), { raw: copy.raw, text: copy.text });
  if (copy.expireAt !== 0) target.expire(key, copy.expireAt);
  if (typeof copy.value !== "string" && copy.value.type === "hash") {
    target.watchFields(key, copy.value.nextExpiry());
  }
  session.server.blocking.signal(target, key);
}

function move(session: Session, [, key, index]: string[]): ReplyValue {
  const { db, server } = session;
  const target = databaseOf(session, index!);
  if (target === db) throw err("source and destination objects are the same");
  if (db.find(key!) === undefined || target.find(key!) !== undefined) return 0;
  put(session, target, key!, key!);
  db.delete(key!);
  changed(session, key!);
  changed(session, key!, target);
  notify(server, db, "g", "move_from", key!);
  notify(server, target, "g", "move_to", key!);
  return 1;
}

function copy(session: Session, args: string[]): ReplyValue {
  const [, from, to] = args as [string, string, string];
  let target = session.db;
  let replace = false;
  for (let i = 3; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    if (word === "REPLACE") replace = true;
    else if (word === "DB" && i + 1 < args.length) target = databaseOf(session, args[++i]!);
    else throw SYNTAX;
  }
  if (target === session.db && from === to) throw err("source and destination objects are the same");
  if (session.db.find(from) === undefined) return 0;
  if (target.peek(to) !== undefined) {
    if (!replace) return 0;
    target.delete(to);
  }
  put(session, target, to, from);
  changed(session, to, target);
  notify(session.server, target, "g", "copy_to", to);
  return 1;
}

function flushCommand(all: boolean): (session: Session, args: string[]) => ReplyValue {
  return (session, args) => {
    if (args.length > 2 || (args.length === 2 && !/^(a?sync)$/i.test(args[1]!))) throw SYNTAX;
    flush(session.server, all ? session.server.databases : [session.db]);
    session.server.dirty++;
    return OK;
  };
}

function randomkey(session: Session): ReplyValue {
  const { db, server } = session;
  for (let tries = 0; db.size > 0; tries++) {
    const { key } = db.keys.at(Math.floor(server.time.random() * db.size));
    if (db.peek(key) !== undefined || (!server.expires && tries > 100)) return key;
  }
  return null;
}

/** Keys. */
export const keys: CommandGroup = {
  del,
  unlink: del,
  exists: (session, args) => args.slice(1).filter((key) => session.db.look(key) !== undefined).length,
  touch: (session, args) => args.slice(1).filter((key) => session.db.find(key) !== undefined).length,
  type(session, args) {
    const entry = session.db.look(args[1]!);
    return new Simple(entry === undefined ? "none" : typeOf(entry.value));
  },
  rename: (session, args) => rename(session, args, true),
  renamenx: (session, args) => rename(session, args, false),
  move,
  copy,
  randomkey,
  keys(session, args) {
    const found: string[] = [];
    for (const key of session.db.keys.keys()) {
      if (matches(args[1]!, key) && session.db.peek(key) !== undefined) found.push(key);
    }
    return found;
  },
  dbsize: (session) => session.db.size,
  flushdb: flushCommand(false),
  flushall: flushCommand(true),
  select(session, args) {
    session.db = databaseOf(session, args[1]!);
    return OK;
  },
  swapdb(session, args) {
    const [a, b] = [1, 2].map((i) => {
      const index = parseInteger(args[i]!);
      return index === undefined || index > 2147483647 || index < -2147483648
        ? i === 1 ? "first" : "second"
        : session.server.databases[Number(index)];
    });
    if (typeof a === "string") throw err(`invalid ${a} DB index`);
    if (typeof b === "string") throw err(`invalid ${b} DB index`);
    if (a === undefined || b === undefined) throw err("DB index is out of range");
    const touched = [...new Set([...a.keys.keys(), ...b.keys.keys()])];
    a.swap(b);
    for (const key of touched) {
      swapped(session.server, a, key);
      swapped(session.server, b, key);
    }
    session.server.dirty++;
    session.server.blocking.signalAll(a);
    session.server.blocking.signalAll(b);
    return OK;
  },
};
