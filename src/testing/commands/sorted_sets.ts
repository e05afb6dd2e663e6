/**
 * Sorted sets: members and scores.
 *
 * @module
 */
import { changedWith, created, removeEmpty } from "../keyspace.ts";
import { double, formatDouble, INT64_MIN, integer, parseInteger } from "../numbers.ts";
import { lexRange, type Places, rankRange, scoreRange } from "../ranges.ts";
import type { CommandGroup } from "../registry.ts";
import { Double, err, NOT_INTEGER, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import { SortedSet } from "../types/sorted_set.ts";
import { choose } from "./hashes.ts";

/** Sets a score, and looks whether the set has outgrown its compact encoding. */
export function setScore(session: Session, set: SortedSet, member: string, score: number): void {
  if (!set.big && set.score(member) === undefined) {
    const { config } = session.server;
    set.big = set.size >= config.number("zset-max-listpack-entries") ||
      member.length > config.number("zset-max-listpack-value");
  }
  // A small set is a list of numbers, which has no negative zero.
  set.set(member, score === 0 && !set.big ? 0 : score);
}

interface AddOptions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
  ch: boolean;
  incr: boolean;
}

/** Adds scores; returns the reply of ZADD, or the new score with INCR. */
export function addScores(
  session: Session,
  key: string,
  pairs: readonly (readonly [number, string])[],
  options: Partial<AddOptions>,
  event: string,
): ReplyValue {
  let set = session.db.write(key, "zset");
  if (set === undefined) {
    if (options.xx) return options.incr ? null : 0;
    set = new SortedSet();
  }
  const fresh = set.size === 0;
  let [added, updated] = [0, 0];
  let result: number | undefined;
  for (const [given, member] of pairs) {
    const old = set.score(member);
    if (old === undefined ? options.xx : options.nx) continue;
    let score = given;
    if (options.incr && old !== undefined) {
      score += old;
      if (Number.isNaN(score)) throw err("resulting score is not a number (NaN)");
    }
    if (old !== undefined && ((options.gt && score <= old) || (options.lt && score >= old))) continue;
    result = score;
    if (old === score) continue;
    if (old === undefined) added++;
    else updated++;
    setScore(session, set, member, score);
  }
  if (fresh && set.size > 0) {
    session.db.set(key, set);
    created(session, key);
  }
  if (added + updated > 0) changedWith(session, key, "z", event);
  if (options.incr) return result === undefined ? null : new Double(result);
  return options.ch ? added + updated : added;
}

function zadd(session: Session, args: string[]): ReplyValue {
  const options: AddOptions = { nx: false, xx: false, gt: false, lt: false, ch: false, incr: false };
  let at = 2;
  for (; at < args.length; at++) {
    const word = args[at]!.toLowerCase();
    if (!(word in options)) break;
    options[word as keyof AddOptions] = true;
  }
  const rest = args.length - at;
  if (rest === 0 || rest % 2 !== 0) throw SYNTAX;
  if (options.nx && options.xx) throw err("XX and NX options at the same time are not compatible");
  if ((options.gt && options.nx) || (options.lt && options.nx) || (options.gt && options.lt)) {
    throw err("GT, LT, and/or NX options at the same time are not compatible");
  }
  if (options.incr && rest > 2) throw err("INCR option supports a single increment-element pair");
  const pairs: [number, string][] = [];
  for (; at < args.length; at += 2) pairs.push([double(args[at]!), args[at + 1]!]);
  return addScores(session, args[1]!, pairs, options, options.incr ? "zincr" : "zadd");
}

/** Takes the members at places out. Returns how many. */
function removePlaces(session: Session, key: string, places: Places, event: string): ReplyValue {
  const set = session.db.write(key, "zset");
  if (set === undefined) return 0;
  const [from, to] = places(set);
  const gone = set.order.slice(from, to - 1);
  for (const { member } of gone) set.delete(member);
  if (gone.length === 0) return 0;
  changedWith(session, key, "z", event);
  if (set.size === 0) removeEmpty(session, key);
  return gone.length;
}

/** A range's size. */
function count(session: Session, key: string, places: Places): ReplyValue {
  const set = session.db.read(key, "zset");
  if (set === undefined) return 0;
  const [from, to] = places(set);
  return Math.max(0, to - from);
}

function zrank(reverse: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    const set = session.db.read(args[1]!, "zset");
    const rank = set?.rank(args[2]!);
    if (rank === undefined) return null;
    return reverse ? set!.size - 1 - rank : rank;
  };
}

function zrandmember(session: Session, args: string[]): ReplyValue {
  const pick = (size: number): number => Math.floor(session.server.time.random() * size);
  if (args.length === 2) {
    const set = session.db.read(args[1]!, "zset");
    return set === undefined ? null : set.scores.at(pick(set.size)).key;
  }
  const number = parseInteger(args[2]!);
  if (number === undefined) throw NOT_INTEGER;
  if (number === INT64_MIN) {
    throw err("value is out of range, value must between -9223372036854775807 and 9223372036854775807");
  }
  if (args.length > 4 || (args.length === 4 && args[3]!.toUpperCase() !== "WITHSCORES")) throw SYNTAX;
  const withScores = args.length === 4;
  if (withScores && (number < -(2n ** 62n) || number > 2n ** 62n)) throw err("value is out of range");
  const set = session.db.read(args[1]!, "zset");
  if (set === undefined || number === 0) return [];
  const nodes = choose(set.size, Number(number), pick).map((place) => set.scores.at(place));
  return scored(session, nodes.map(({ key, value }) => ({ member: key, score: value })), withScores);
}

/** Members with their scores, as the protocol of the client has them. */
export function scored(
  session: Session,
  nodes: readonly { readonly member: string; readonly score: number }[],
  withScores: boolean,
): ReplyValue {
  if (!withScores) return nodes.map(({ member }) => member);
  if (session.protocol === 3) return nodes.map(({ member, score }) => [member, new Double(score)]);
  return nodes.flatMap(({ member, score }) => [member, formatDouble(score)]);
}

/** Sorted sets. */
export const sortedSets: CommandGroup = {
  zadd,
  zincrby(session, args) {
    if (/^(?:nx|xx|gt|lt|ch|incr)$/i.test(args[2]!)) throw SYNTAX;
    return addScores(session, args[1]!, [[double(args[2]!), args[3]!]], { incr: true }, "zincr");
  },
  zrem(session, args) {
    const set = session.db.write(args[1]!, "zset");
    if (set === undefined) return 0;
    let gone = 0;
    for (let i = 2; i < args.length; i++) if (set.delete(args[i]!)) gone++;
    if (gone === 0) return 0;
    changedWith(session, args[1]!, "z", "zrem");
    if (set.size === 0) removeEmpty(session, args[1]!);
    return gone;
  },
  zcard: (session, args) => session.db.read(args[1]!, "zset")?.size ?? 0,
  zscore(session, args) {
    const score = session.db.read(args[1]!, "zset")?.score(args[2]!);
    return score === undefined ? null : new Double(score);
  },
  zmscore(session, args) {
    const set = session.db.read(args[1]!, "zset");
    return args.slice(2).map((member) => {
      const score = set?.score(member);
      return score === undefined ? null : new Double(score);
    });
  },
  zrank: zrank(false),
  zrevrank: zrank(true),
  zcount: (session, args) => count(session, args[1]!, scoreRange(args[2]!, args[3]!)),
  zlexcount: (session, args) => count(session, args[1]!, lexRange(args[2]!, args[3]!)),
  zremrangebyrank: (session, args) =>
    removePlaces(
      session,
      args[1]!,
      rankRange(integer(args[2]!), integer(args[3]!), false),
      "zremrangebyrank",
    ),
  zremrangebyscore: (session, args) =>
    removePlaces(session, args[1]!, scoreRange(args[2]!, args[3]!), "zremrangebyscore"),
  zremrangebylex: (session, args) =>
    removePlaces(session, args[1]!, lexRange(args[2]!, args[3]!), "zremrangebylex"),
  zrandmember,
};
