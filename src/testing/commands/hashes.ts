/**
 * Hashes.
 *
 * @module
 */
import { changedWith, created, expireFields, removeEmpty } from "../keyspace.ts";
import { addDecimals } from "../long_double.ts";
import { bigInteger, INT64_MAX, INT64_MIN, narrow, parseInteger, readDouble } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, MapReply, NOT_FLOAT, NOT_INTEGER, OK, type ReplyValue, SYNTAX, wrongArity } from "../reply.ts";
import type { Session } from "../state.ts";
import { Hash } from "../types/hash.ts";

/** The hash of a key, without fields that have expired. */
export function readHash(session: Session, key: string): Hash | undefined {
  const hash = session.db.read(key, "hash");
  if (hash?.expires === undefined) return hash;
  return expireFields(session.server, session.db, key) ? hash : undefined;
}

/** The same, to be changed; made if it is not there. */
export function writeHash(session: Session, key: string): Hash {
  const hash = readHash(session, key);
  if (hash !== undefined) {
    session.db.keep(key);
    return hash;
  }
  const made = new Hash();
  session.db.set(key, made);
  created(session, key);
  return made;
}

/** Sets a field, and looks whether the hash has outgrown its compact encoding. */
export function setField(session: Session, hash: Hash, field: string, value: string): boolean {
  const fresh = hash.set(field, value);
  if (!hash.big) {
    const { config } = session.server;
    const most = config.number("hash-max-listpack-value");
    hash.big = hash.fields.size > config.number("hash-max-listpack-entries") || field.length > most ||
      value.length > most;
  }
  return fresh;
}

function hset(session: Session, args: string[], name: string): number {
  if (args.length % 2 !== 0) throw wrongArity(name);
  const hash = writeHash(session, args[1]!);
  let fresh = 0;
  for (let i = 2; i < args.length; i += 2) if (setField(session, hash, args[i]!, args[i + 1]!)) fresh++;
  changedWith(session, args[1]!, "h", "hset");
  return fresh;
}

function hincrby(session: Session, [, key, field, by]: string[]): ReplyValue {
  const step = bigInteger(by!);
  const old = parseInteger(readHash(session, key!)?.fields.get(field!) ?? "0");
  if (old === undefined) throw err("hash value is not an integer");
  const sum = BigInt(old) + step;
  if (sum > INT64_MAX || sum < INT64_MIN) throw err("increment or decrement would overflow");
  updateField(session, key!, field!, String(sum));
  changedWith(session, key!, "h", "hincrby");
  return narrow(sum);
}

/** Sets a field, and keeps its time to live. */
function updateField(session: Session, key: string, field: string, value: string): void {
  const hash = writeHash(session, key);
  const at = hash.expires?.get(field);
  setField(session, hash, field, value);
  if (at !== undefined) hash.expire(field, at);
}

function hincrbyfloat(session: Session, [, key, field, by]: string[]): ReplyValue {
  if (readDouble(by!) === undefined) throw NOT_FLOAT;
  if (/inf/i.test(by!)) throw err("value is NaN or Infinity");
  const old = readHash(session, key!)?.fields.get(field!) ?? "0";
  if (readDouble(old) === undefined) throw err("hash value is not a float");
  const sum = addDecimals(old, by!);
  if (sum === undefined) throw err("increment would produce NaN or Infinity");
  updateField(session, key!, field!, sum);
  session.effects = [["HSET", key!, field!, sum]];
  changedWith(session, key!, "h", "hincrbyfloat");
  return sum;
}

function flat(session: Session, key: string): string[] {
  return readHash(session, key)?.fields.nodes().flatMap(({ key: field, value }) => [field, value]) ?? [];
}

function hrandfield(session: Session, args: string[]): ReplyValue {
  const pick = (size: number): number => Math.floor(session.server.time.random() * size);
  if (args.length === 2) {
    const hash = readHash(session, args[1]!);
    return hash === undefined ? null : hash.fields.at(pick(hash.fields.size)).key;
  }
  const number = parseInteger(args[2]!);
  if (number === undefined) throw NOT_INTEGER;
  if (number === INT64_MIN) {
    throw err("value is out of range, value must between -9223372036854775807 and 9223372036854775807");
  }
  if (args.length > 4 || (args.length === 4 && args[3]!.toUpperCase() !== "WITHVALUES")) throw SYNTAX;
  const withValues = args.length === 4;
  if (withValues && (number < -(2n ** 62n) || number > 2n ** 62n)) throw err("value is out of range");
  const hash = readHash(session, args[1]!);
  if (hash === undefined || number === 0) return [];
  const chosen = choose(hash.fields.size, Number(number), pick);
  const nodes = chosen.map((index) => hash.fields.at(index));
  if (!withValues) return nodes.map(({ key }) => key);
  return session.protocol === 3
    ? nodes.map(({ key, value }) => [key, value])
    : nodes.flatMap(({ key, value }) => [key, value]);
}

/** Places at random: `count` different ones, or `-count` that may repeat. */
export function choose(size: number, count: number, pick: (size: number) => number): number[] {
  if (count < 0) return Array.from({ length: -count }, () => pick(size));
  if (count >= size) return Array.from({ length: size }, (_, index) => index);
  const moved = new Map<number, number>();
  const chosen: number[] = [];
  for (let left = size; chosen.length < count; left--) {
    const at = pick(left);
    chosen.push(moved.get(at) ?? at);
    moved.set(at, moved.get(left - 1) ?? left - 1);
  }
  return chosen;
}

/** Hashes. */
export const hashes: CommandGroup = {
  hset: (session, args) => hset(session, args, "hset"),
  hmset(session, args) {
    hset(session, args, "hmset");
    return OK;
  },
  hsetnx(session, args) {
    if (readHash(session, args[1]!)?.fields.has(args[2]!)) return 0;
    return hset(session, args, "hsetnx");
  },
  hget: (session, args) => readHash(session, args[1]!)?.fields.get(args[2]!) ?? null,
  hmget(session, args) {
    const hash = readHash(session, args[1]!);
    return args.slice(2).map((field) => hash?.fields.get(field) ?? null);
  },
  hgetall: (session, args) => new MapReply(flat(session, args[1]!)),
  hkeys: (session, args) => readHash(session, args[1]!)?.fields.keys() ?? [],
  hvals: (session, args) => readHash(session, args[1]!)?.fields.nodes().map(({ value }) => value) ?? [],
  hlen: (session, args) => readHash(session, args[1]!)?.fields.size ?? 0,
  hexists: (session, args) => readHash(session, args[1]!)?.fields.has(args[2]!) ? 1 : 0,
  hstrlen: (session, args) => readHash(session, args[1]!)?.fields.get(args[2]!)?.length ?? 0,
  hdel(session, args) {
    const hash = readHash(session, args[1]!);
    if (hash === undefined) return 0;
    session.db.keep(args[1]!);
    let gone = 0;
    for (let i = 2; i < args.length; i++) if (hash.delete(args[i]!)) gone++;
    if (gone === 0) return 0;
    changedWith(session, args[1]!, "h", "hdel");
    if (hash.fields.size === 0) removeEmpty(session, args[1]!);
    return gone;
  },
  hincrby,
  hincrbyfloat,
  hrandfield,
};
