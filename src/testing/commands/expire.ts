/**
 * Times to live of keys.
 *
 * @module
 */
import { changedWith, remove } from "../keyspace.ts";
import { INT64_MAX, INT64_MIN, parseInteger } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, NOT_INTEGER, type ReplyValue } from "../reply.ts";
import type { Handler, Session } from "../state.ts";

interface Conditions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
}

/**
 * Parses NX, XX, GT and LT.
 *
 * @throws {ErrorReply} for other arguments and for contradictions.
 */
export function readConditions(args: readonly string[]): Conditions {
  const found = { nx: false, xx: false, gt: false, lt: false };
  for (const arg of args) {
    const word = arg.toLowerCase();
    if (!(word in found)) throw err(`Unsupported option ${arg}`);
    found[word as keyof Conditions] = true;
  }
  if (found.nx && (found.xx || found.gt || found.lt)) {
    throw err("NX and XX, GT or LT options at the same time are not compatible");
  }
  if (found.gt && found.lt) throw err("GT and LT options at the same time are not compatible");
  return found;
}

/** Whether a new time may replace the old one; 0 is none, which counts as never. */
export function conditionsHold({ nx, xx, gt, lt }: Conditions, old: number, at: number): boolean {
  if (nx && old !== 0) return false;
  if (xx && old === 0) return false;
  if (gt && (old === 0 || at <= old)) return false;
  return !(lt && old !== 0 && at >= old);
}

function expire(seconds: boolean, relative: boolean, name: string): Handler {
  return (session, args) => {
    const key = args[1]!;
    const { db, server } = session;
    const conditions = readConditions(args.slice(3));
    const value = parseInteger(args[2]!);
    if (value === undefined) throw NOT_INTEGER;
    let ms = BigInt(value) * (seconds ? 1000n : 1n);
    if (ms > INT64_MAX || ms < INT64_MIN) throw err(`invalid expire time in '${name}' command`);
    if (relative) ms += BigInt(server.now);
    if (ms > INT64_MAX || ms < INT64_MIN) throw err(`invalid expire time in '${name}' command`);
    const entry = db.find(key);
    if (entry === undefined) return 0;
    const at = Number(ms);
    if (!conditionsHold(conditions, entry.expireAt, at)) return 0;
    if (at <= server.now) {
      session.effects = [["DEL", key]];
      remove(session, key);
      return 1;
    }
    db.expire(key, at);
    session.effects = [["PEXPIREAT", key, String(at)]];
    changedWith(session, key, "g", "expire");
    return 1;
  };
}

function ttl(session: Session, key: string, seconds: boolean, absolute: boolean): ReplyValue {
  const entry = session.db.look(key);
  if (entry === undefined) return -2;
  if (entry.expireAt === 0) return -1;
  const left = absolute ? entry.expireAt : Math.max(0, entry.expireAt - session.server.now);
  return seconds ? Math.floor((left + 500) / 1000) : left;
}

/** Times to live. */
export const expiry: CommandGroup = {
  expire: expire(true, true, "expire"),
  pexpire: expire(false, true, "pexpire"),
  expireat: expire(true, false, "expireat"),
  pexpireat: expire(false, false, "pexpireat"),
  ttl: (session, args) => ttl(session, args[1]!, true, false),
  pttl: (session, args) => ttl(session, args[1]!, false, false),
  expiretime: (session, args) => ttl(session, args[1]!, true, true),
  pexpiretime: (session, args) => ttl(session, args[1]!, false, true),
  persist(session, args) {
    const entry = session.db.find(args[1]!);
    if (entry === undefined || entry.expireAt === 0) return 0;
    session.db.expire(args[1]!, 0);
    changedWith(session, args[1]!, "g", "persist");
    return 1;
  },
};
