/**
 * Sorted sets: unions, intersections, differences.
 *
 * @module
 */
import { integerIn, parseDouble, parseInteger } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, NOT_INTEGER, type ReplyValue, SYNTAX, WRONGTYPE } from "../reply.ts";
import type { Session } from "../state.ts";
import { SortedSet } from "../types/sorted_set.ts";
import { scored } from "./sorted_sets.ts";
import { storeScores } from "./sorted_sets_range.ts";

type Kind = "union" | "inter" | "diff";
type Scores = ReadonlyMap<string, number>;

/** The members of a sorted set, or of a set, whose scores are 1. */
function scoresOf(session: Session, key: string): Scores {
  const value = session.db.find(key)?.value;
  if (value === undefined) return new Map();
  if (typeof value === "string" || (value.type !== "set" && value.type !== "zset")) throw WRONGTYPE;
  return value.type === "set"
    ? new Map(value.dict.nodes().map(({ key: member }) => [member, 1]))
    : new Map(value.scores.nodes().map(({ key: member, value: score }) => [member, score]));
}

function aggregate(how: string, a: number, b: number): number {
  if (how === "MIN") return b < a ? b : a;
  if (how === "MAX") return b > a ? b : a;
  const sum = a + b;
  return Number.isNaN(sum) ? 0 : sum;
}

function weighted(score: number, weight: number): number {
  const product = score * weight;
  return Number.isNaN(product) ? 0 : product;
}

interface Query {
  readonly inputs: readonly Scores[];
  readonly weights: readonly number[];
  readonly how: string;
  readonly withScores: boolean;
  readonly limit: number;
}

/** Parses `numkeys key...` and the options. */
function readQuery(
  session: Session,
  args: readonly string[],
  from: number,
  name: string,
  kind: Kind,
  store: boolean,
  card: boolean,
): Query {
  const number = parseInteger(args[from]!);
  if (number === undefined) throw NOT_INTEGER;
  if (number < 1) throw err(`at least 1 input key is needed for '${name}' command`);
  const count = Number(number);
  if (count > args.length - from - 1) throw SYNTAX;
  const inputs = args.slice(from + 1, from + 1 + count).map((key) => scoresOf(session, key));
  const weights: number[] = inputs.map(() => 1);
  let [how, withScores, limit] = ["SUM", false, 0];
  for (let i = from + 1 + count; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    const left = args.length - i - 1;
    if (kind !== "diff" && !card && word === "WEIGHTS" && left >= count) {
      for (let k = 0; k < count; k++) {
        const weight = parseDouble(args[++i]!);
        if (weight === undefined) throw err("weight value is not a float");
        weights[k] = weight;
      }
    } else if (kind !== "diff" && !card && word === "AGGREGATE" && left >= 1) {
      how = args[++i]!.toUpperCase();
      if (how !== "SUM" && how !== "MIN" && how !== "MAX") throw SYNTAX;
    } else if (!store && !card && word === "WITHSCORES") {
      withScores = true;
    } else if (card && word === "LIMIT" && left >= 1) {
      limit = integerIn(args[++i]!, 0, Infinity, "LIMIT can't be negative");
    } else throw SYNTAX;
  }
  return { inputs, weights, how, withScores, limit };
}

function combine(kind: Kind, { inputs, weights, how, limit }: Query): Map<string, number> {
  const result = new Map<string, number>();
  if (kind === "diff") {
    for (const [member, score] of inputs[0]!) {
      if (!inputs.slice(1).some((other) => other.has(member))) result.set(member, score);
    }
    return result;
  }
  const order = inputs.map((_, index) => index).sort((a, b) => inputs[a]!.size - inputs[b]!.size);
  if (kind === "inter") {
    const [smallest, ...others] = order as [number, ...number[]];
    for (const [member, score] of inputs[smallest]!) {
      if (!others.every((index) => inputs[index]!.has(member))) continue;
      let total = weighted(score, weights[smallest]!);
      for (const index of others) {
        // Redis does not look for infinity times 0 here, only in the sum.
        total = aggregate(how, total, inputs[index]!.get(member)! * weights[index]!);
      }
      result.set(member, total);
      if (limit > 0 && result.size >= limit) break;
    }
    return result;
  }
  for (const index of order) {
    for (const [member, score] of inputs[index]!) {
      const value = weighted(score, weights[index]!);
      const old = result.get(member);
      result.set(member, old === undefined ? value : aggregate(how, old, value));
    }
  }
  return result;
}

function plain(kind: Kind) {
  return (session: Session, args: string[]): ReplyValue => {
    const query = readQuery(session, args, 1, `z${kind}`, kind, false, false);
    const sorted = new SortedSet();
    for (const [member, score] of combine(kind, query)) sorted.set(member, score);
    return scored(session, sorted.order.slice(0, sorted.size - 1), query.withScores);
  };
}

function store(kind: Kind) {
  return (session: Session, args: string[]): ReplyValue => {
    const query = readQuery(session, args, 2, `z${kind}store`, kind, true, false);
    return storeScores(session, args[1]!, combine(kind, query), `z${kind}store`);
  };
}

/** Combinations of sorted sets. */
export const sortedSetCombinations: CommandGroup = {
  zunion: plain("union"),
  zinter: plain("inter"),
  zdiff: plain("diff"),
  zunionstore: store("union"),
  zinterstore: store("inter"),
  zdiffstore: store("diff"),
  zintercard: (session, args) =>
    combine("inter", readQuery(session, args, 1, "zintercard", "inter", false, true)).size,
};
