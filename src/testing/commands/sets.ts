/**
 * Sets.
 *
 * @module
 */
import { changed, changedWith, created, notify, removeEmpty } from "../keyspace.ts";
import { integerIn, parseInteger } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, NOT_INTEGER, type ReplyValue, SetReply, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import { SetValue } from "../types/set.ts";
import { choose } from "./hashes.ts";

function most(session: Session): number {
  return session.server.config.number("set-max-intset-entries");
}

/** A new set of members, encoded as they allow. */
export function makeSet(session: Session, members: Iterable<string>): SetValue {
  const set = new SetValue();
  for (const member of members) set.add(member, most(session));
  return set;
}

function sadd(session: Session, args: string[]): ReplyValue {
  const key = args[1]!;
  let set = session.db.write(key, "set");
  const fresh = set === undefined;
  if (set === undefined) session.db.set(key, set = new SetValue(parseInteger(args[2]!) !== undefined));
  let added = 0;
  for (let i = 2; i < args.length; i++) if (set.add(args[i]!, most(session))) added++;
  if (fresh) created(session, key);
  if (added > 0) changedWith(session, key, "s", "sadd");
  return added;
}

function srem(session: Session, args: string[]): ReplyValue {
  const set = session.db.write(args[1]!, "set");
  if (set === undefined) return 0;
  let gone = 0;
  for (let i = 2; i < args.length; i++) if (set.delete(args[i]!)) gone++;
  if (gone === 0) return 0;
  changedWith(session, args[1]!, "s", "srem");
  if (set.size === 0) removeEmpty(session, args[1]!);
  return gone;
}

function smove(session: Session, [, from, to, member]: string[]): ReplyValue {
  if (session.db.find(from!) === undefined) return 0;
  const source = session.db.write(from!, "set")!;
  const target = session.db.write(to!, "set");
  if (source === target) return source.has(member!) ? 1 : 0;
  if (!source.delete(member!)) return 0;
  notify(session.server, session.db, "s", "srem", from!);
  if (source.size === 0) removeEmpty(session, from!);
  changed(session, from!);
  const set = target ?? new SetValue(parseInteger(member!) !== undefined);
  if (target === undefined) {
    session.db.set(to!, set);
    created(session, to!);
  }
  if (set.add(member!, most(session))) {
    changed(session, to!);
    notify(session.server, session.db, "s", "sadd", to!);
  }
  return 1;
}

function spop(session: Session, args: string[]): ReplyValue {
  const [, key] = args as [string, string];
  if (args.length > 3) throw SYNTAX;
  const counted = args.length === 3;
  const count = counted ? integerIn(args[2]!, 0, Infinity, "value is out of range, must be positive") : 1;
  const set = session.db.write(key, "set");
  if (set === undefined || count === 0) return counted ? new SetReply([]) : null;
  const places = choose(set.size, count, (size) => Math.floor(session.server.time.random() * size));
  const members = places.map((place) => set.dict.at(place).key);
  for (const member of members) set.delete(member);
  session.effects = set.size === 0 ? [["DEL", key]] : [["SREM", key, ...members]];
  changedWith(session, key, "s", "spop");
  if (set.size === 0) removeEmpty(session, key);
  return counted ? new SetReply(members) : members[0]!;
}

function srandmember(session: Session, args: string[]): ReplyValue {
  if (args.length > 3) throw SYNTAX;
  const pick = (size: number): number => Math.floor(session.server.time.random() * size);
  if (args.length === 2) {
    const set = session.db.read(args[1]!, "set");
    return set === undefined ? null : set.dict.at(pick(set.size)).key;
  }
  const count = parseInteger(args[2]!);
  if (count === undefined) throw NOT_INTEGER;
  if (count === -9223372036854775808n) {
    throw err("value is out of range, value must between -9223372036854775807 and 9223372036854775807");
  }
  const set = session.db.read(args[1]!, "set");
  if (set === undefined || count === 0) return [];
  return choose(set.size, Number(count), pick).map((place) => set.dict.at(place).key);
}

/** Returns the intersection. */
export function intersect(sets: readonly (SetValue | undefined)[], limit: number = 0): string[] {
  if (sets.some((set) => set === undefined)) return [];
  const sorted = (sets as SetValue[]).toSorted((a, b) => a.size - b.size);
  const found: string[] = [];
  for (const member of sorted[0]!.intset ? sorted[0]!.members() : sorted[0]!.dict.keys()) {
    if (!sorted.every((set) => set.has(member))) continue;
    found.push(member);
    if (limit > 0 && found.length >= limit) break;
  }
  return found;
}

function combine(kind: "inter" | "union" | "diff", sets: readonly (SetValue | undefined)[]): string[] {
  if (kind === "inter") return intersect(sets);
  if (kind === "union") return [...new Set(sets.flatMap((set) => set?.members() ?? []))];
  const [first, ...others] = sets;
  return (first?.members() ?? []).filter((member) => !others.some((set) => set?.has(member)));
}

function readAll(session: Session, keys: readonly string[]): (SetValue | undefined)[] {
  return keys.map((key) => session.db.read(key, "set"));
}

function plain(kind: "inter" | "union" | "diff") {
  return (session: Session, args: string[]): ReplyValue =>
    new SetReply(combine(kind, readAll(session, args.slice(1))));
}

function store(kind: "inter" | "union" | "diff") {
  return (session: Session, args: string[]): ReplyValue => {
    const key = args[1]!;
    const members = combine(kind, readAll(session, args.slice(2)));
    if (members.length === 0) {
      if (session.db.delete(key)) changedWith(session, key, "g", "del");
      return 0;
    }
    session.db.set(key, makeSet(session, members));
    created(session, key);
    changedWith(session, key, "s", `s${kind}store`);
    return members.length;
  };
}

function sintercard(session: Session, args: string[]): ReplyValue {
  const count = integerIn(args[1]!, 1, Infinity, "numkeys should be greater than 0");
  if (args.length < 2 + count) throw err("Number of keys can't be greater than number of args");
  let limit = 0;
  for (let i = 2 + count; i < args.length; i++) {
    if (args[i]!.toUpperCase() !== "LIMIT" || i + 1 >= args.length) throw SYNTAX;
    limit = integerIn(args[++i]!, 0, Infinity, "LIMIT can't be negative");
  }
  return intersect(readAll(session, args.slice(2, 2 + count)), limit).length;
}

/** Sets. */
export const sets: CommandGroup = {
  sadd,
  srem,
  smove,
  spop,
  srandmember,
  sismember: (session, args) => session.db.read(args[1]!, "set")?.has(args[2]!) ? 1 : 0,
  smismember(session, args) {
    const set = session.db.read(args[1]!, "set");
    return args.slice(2).map((member) => set?.has(member) ? 1 : 0);
  },
  smembers: (session, args) => new SetReply(session.db.read(args[1]!, "set")?.members() ?? []),
  scard: (session, args) => session.db.read(args[1]!, "set")?.size ?? 0,
  sinter: plain("inter"),
  sunion: plain("union"),
  sdiff: plain("diff"),
  sinterstore: store("inter"),
  sunionstore: store("union"),
  sdiffstore: store("diff"),
  sintercard,
};
