/**
 * Fields of hashes that expire, as Redis 7.4 and 8.0 have them.
 *
 * @module
 */
import { expiryOf } from "../expiry_options.ts";
import { changedWith, notify, removeEmpty } from "../keyspace.ts";
import { INT64_MAX, integerIn, parseInteger } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, NOT_INTEGER, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import type { Hash } from "../types/hash.ts";
import { conditionsHold } from "./expire.ts";
import { readHash, setField, writeHash } from "./hashes.ts";

/** `FIELDS n field...` from a place on. */
function readFields(args: readonly string[], from: number, step: number = 1): string[] {
  if (args[from]?.toUpperCase() !== "FIELDS") {
    throw err("Mandatory argument FIELDS is missing or not at the right position");
  }
  const count = integerIn(
    args[from + 1] ?? "",
    1,
    2147483647,
    "Parameter `numFields` should be greater than 0",
  );
  const fields = args.slice(from + 2);
  if (fields.length !== count * step) {
    throw err("The `numfields` parameter must match the number of arguments");
  }
  return fields;
}

/** Takes fields out that have expired just now, and the hash if it is empty. */
function drop(session: Session, key: string, hash: Hash, fields: readonly string[], event: string): void {
  for (const field of fields) hash.delete(field);
  if (fields.length > 0) {
    session.effects = [["HDEL", key, ...fields]];
    changedWith(session, key, "h", event);
  }
  if (hash.fields.size === 0) removeEmpty(session, key);
}

function hexpire(seconds: boolean, relative: boolean, name: string) {
  return (session: Session, args: string[]): ReplyValue => {
    const key = args[1]!;
    const { server } = session;
    const value = parseInteger(args[2]!);
    if (value === undefined) throw NOT_INTEGER;
    if (value < 0) throw err(`invalid expire time, must be >= 0`);
    let ms = BigInt(value) * (seconds ? 1000n : 1n);
    if (relative) ms += BigInt(server.now);
    if (ms > INT64_MAX >> 18n) throw err(`invalid expire time in '${name}' command`);
    const at = Number(ms);
    const conditions = { nx: false, xx: false, gt: false, lt: false };
    let from = 3;
    const word = args[3]!.toLowerCase();
    if (word in conditions) {
      conditions[word as "nx"] = true;
      from++;
    }
    const fields = readFields(args, from);
    const hash = readHash(session, key);
    if (hash === undefined) return fields.map(() => -2);
    session.db.keep(key);
    const gone: string[] = [];
    let set = false;
    const reply = fields.map((field) => {
      if (!hash.fields.has(field)) return -2;
      if (!conditionsHold(conditions, hash.expires?.get(field) ?? 0, at)) return 0;
      if (at <= server.now) {
        gone.push(field);
        return 2;
      }
      hash.expire(field, at);
      set = true;
      return 1;
    });
    if (set) {
      session.db.watchFields(key, hash.nextExpiry());
      session.effects = [["HPEXPIREAT", key, String(at), ...args.slice(3)]];
      changedWith(session, key, "h", "hexpire");
    }
    if (gone.length > 0) drop(session, key, hash, gone, "hdel");
    return reply;
  };
}

function httl(seconds: boolean, absolute: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    const fields = readFields(args, 2);
    const hash = readHash(session, args[1]!);
    return fields.map((field) => {
      if (hash === undefined || !hash.fields.has(field)) return -2;
      const at = hash.expires?.get(field);
      if (at === undefined) return -1;
      const left = absolute ? at : at - session.server.now;
      return seconds ? Math.floor((left + 999) / 1000) : left;
    });
  };
}

function hpersist(session: Session, args: string[]): ReplyValue {
  const fields = readFields(args, 2);
  const hash = readHash(session, args[1]!);
  if (hash === undefined) return fields.map(() => -2);
  session.db.keep(args[1]!);
  const reply = fields.map((field) => !hash.fields.has(field) ? -2 : hash.persist(field) ? 1 : -1);
  if (reply.includes(1)) changedWith(session, args[1]!, "h", "hpersist");
  return reply;
}

type Unit = "EX" | "PX" | "EXAT" | "PXAT";
const UNITS = new Set(["EX", "PX", "EXAT", "PXAT"]);

function hgetex(session: Session, args: string[]): ReplyValue {
  const key = args[1]!;
  const { server } = session;
  let [at, persist, from] = [0, false, 2];
  const word = args[2]!.toUpperCase();
  if (UNITS.has(word)) {
    at = expiryOf(args[3] ?? "", word as Unit, server.now, "hgetex");
    from = 4;
  } else if (word === "PERSIST") {
    persist = true;
    from = 3;
  }
  const fields = readFields(args, from);
  const hash = readHash(session, key);
  const reply = fields.map((field) => hash?.fields.get(field) ?? null);
  if (hash === undefined || (at === 0 && !persist)) return reply;
  session.db.keep(key);
  const found = [...new Set(fields)].filter((field) => hash.fields.has(field));
  if (found.length === 0) return reply;
  if (persist) {
    if (found.filter((field) => hash.persist(field)).length > 0) changedWith(session, key, "h", "hpersist");
  } else if (at <= server.now) {
    drop(session, key, hash, found, "hdel");
  } else {
    for (const field of found) hash.expire(field, at);
    session.db.watchFields(key, at);
    session.effects = [["HPEXPIREAT", key, String(at), "FIELDS", String(found.length), ...found]];
    changedWith(session, key, "h", "hexpire");
  }
  return reply;
}

function hsetex(session: Session, args: string[]): ReplyValue {
  const key = args[1]!;
  const { server } = session;
  let [at, keep, from] = [0, false, 2];
  let condition = "";
  for (; from < args.length; from++) {
    const word = args[from]!.toUpperCase();
    if (word === "FIELDS") break;
    if ((word === "FNX" || word === "FXX") && condition === "") condition = word;
    else if (word === "KEEPTTL" && at === 0) keep = true;
    else if (UNITS.has(word) && at === 0 && !keep) {
      at = expiryOf(args[++from] ?? "", word as Unit, server.now, "hsetex");
    } else throw SYNTAX;
  }
  const pairs = readFields(args, from, 2);
  const old = readHash(session, key);
  for (let i = 0; condition !== "" && i < pairs.length; i += 2) {
    if ((old?.fields.has(pairs[i]!) ?? false) !== (condition === "FXX")) return 0;
  }
  const hash = writeHash(session, key);
  for (let i = 0; i < pairs.length; i += 2) {
    const before = hash.expires?.get(pairs[i]!);
    setField(session, hash, pairs[i]!, pairs[i + 1]!);
    if (keep && before !== undefined) hash.expire(pairs[i]!, before);
    if (at !== 0) hash.expire(pairs[i]!, at);
  }
  changedWith(session, key, "h", "hset");
  const fields = pairs.filter((_, index) => index % 2 === 0);
  if (at !== 0 && at <= server.now) drop(session, key, hash, fields, "hdel");
  else if (at !== 0) {
    session.db.watchFields(key, at);
    session.effects = [
      ["HSET", key, ...pairs],
      ["HPEXPIREAT", key, String(at), "FIELDS", String(fields.length), ...fields],
    ];
    notify(server, session.db, "h", "hexpire", key);
  }
  return 1;
}

/** Fields that expire. */
export const hashExpiry: CommandGroup = {
  hexpire: hexpire(true, true, "hexpire"),
  hpexpire: hexpire(false, true, "hpexpire"),
  hexpireat: hexpire(true, false, "hexpireat"),
  hpexpireat: hexpire(false, false, "hpexpireat"),
  httl: httl(true, false),
  hpttl: httl(false, false),
  hexpiretime: httl(true, true),
  hpexpiretime: httl(false, true),
  hpersist,
  hgetex,
  hsetex,
  hgetdel(session, args) {
    const fields = readFields(args, 2);
    const hash = readHash(session, args[1]!);
    const reply = fields.map((field) => hash?.fields.get(field) ?? null);
    if (hash === undefined) return reply;
    session.db.keep(args[1]!);
    const found = [...new Set(fields)].filter((field) => hash.fields.has(field));
    if (found.length > 0) drop(session, args[1]!, hash, found, "hdel");
    return reply;
  },
};
