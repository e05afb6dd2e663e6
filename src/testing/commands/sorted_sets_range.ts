/**
 * Sorted sets: ranges.
 *
 * @module
 */
import { changedWith, created } from "../keyspace.ts";
import { integer } from "../numbers.ts";
import { lexRange, type Places, rankRange, scoreRange } from "../ranges.ts";
import type { CommandGroup } from "../registry.ts";
import { err, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import type { SkipNode } from "../types/skiplist.ts";
import { SortedSet } from "../types/sorted_set.ts";
import { scored, setScore } from "./sorted_sets.ts";

type By = "rank" | "score" | "lex";

interface Query {
  readonly places: Places;
  readonly reverse: boolean;
  readonly offset: number;
  readonly limit: number;
  readonly withScores: boolean;
}

/** Parses `min max` and the options. `by` and `reverse` are fixed for the older commands. */
function readQuery(
  args: readonly string[],
  from: number,
  by?: By,
  reverse?: boolean,
  store: boolean = false,
): Query {
  let [kind, rev, withScores, offset, limit] = [by, reverse, false, 0, -1];
  for (let i = from + 2; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    if (!store && word === "WITHSCORES") withScores = true;
    else if (word === "LIMIT" && i + 2 < args.length) {
      [offset, limit] = [integer(args[i + 1]!), integer(args[i + 2]!)];
      i += 2;
    } else if (rev === undefined && word === "REV") rev = true;
    else if (kind === undefined && word === "BYLEX") kind = "lex";
    else if (kind === undefined && word === "BYSCORE") kind = "score";
    else throw SYNTAX;
  }
  kind ??= "rank";
  rev ??= false;
  if (limit !== -1 && kind === "rank") {
    throw err("syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  if (withScores && kind === "lex") {
    throw err("syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  const [a, b] = [args[from]!, args[from + 1]!];
  const [min, max] = rev && kind !== "rank" ? [b, a] : [a, b];
  const places = kind === "rank"
    ? rankRange(integer(a), integer(b), rev)
    : kind === "score"
    ? scoreRange(min, max)
    : lexRange(min, max);
  // Redis takes LIMIT with -1 elements by rank, too, and ignores it.
  return { places, reverse: rev, offset: kind === "rank" ? 0 : offset, limit, withScores };
}

function select(set: SortedSet, { places, reverse, offset, limit }: Query): SkipNode[] {
  let [from, to] = places(set);
  if (offset < 0) return [];
  if (reverse) {
    to -= offset;
    if (limit >= 0) from = Math.max(from, to - limit);
  } else {
    from += offset;
    if (limit >= 0) to = Math.min(to, from + limit);
  }
  return set.order.slice(from, to - 1, reverse);
}

function range(by?: By, reverse?: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    const query = readQuery(args, 2, by, reverse);
    const set = session.db.read(args[1]!, "zset");
    return set === undefined ? [] : scored(session, select(set, query), query.withScores);
  };
}

/** Stores members under a key, or deletes it where there are none. Returns how many. */
export function storeScores(
  session: Session,
  key: string,
  members: Iterable<readonly [string, number]>,
  event: string,
): number {
  const made = new SortedSet();
  const { config } = session.server;
  const pairs = [...members];
  made.big = pairs.length > config.number("zset-max-listpack-entries") ||
    pairs.some(([member]) => member.length > config.number("zset-max-listpack-value"));
  for (const [member, score] of pairs) setScore(session, made, member, score);
  if (made.size === 0) {
    if (session.db.delete(key)) changedWith(session, key, "g", "del");
    return 0;
  }
  // As in Redis, clients that wait for a key are not told when another value is replaced.
  const fresh = !session.db.keys.has(key);
  session.db.set(key, made);
  if (fresh) created(session, key);
  changedWith(session, key, "z", event);
  return made.size;
}

/** Ranges of sorted sets. */
export const sortedSetRanges: CommandGroup = {
  zrange: range(),
  zrevrange: range("rank", true),
  zrangebyscore: range("score", false),
  zrevrangebyscore: range("score", true),
  zrangebylex: range("lex", false),
  zrevrangebylex: range("lex", true),
  zrangestore(session, args) {
    const query = readQuery(args, 3, undefined, undefined, true);
    const set = session.db.read(args[2]!, "zset");
    const nodes = set === undefined ? [] : select(set, query);
    return storeScores(
      session,
      args[1]!,
      nodes.map(({ member, score }) => [member, score] as const),
      "zrangestore",
    );
  },
};
