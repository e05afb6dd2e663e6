/**
 * Compares rows: what is best, where another client is ahead, which aims are met.
 *
 * @module
 */
import type { Row } from "../row.ts";
import { rounded } from "../statistics.ts";
import type { Aim, Loss, Part, Verdict } from "./part.ts";

const OURS = "keywire";
const PEERS: ReadonlySet<string> = new Set([
  "ioredis",
  "ioredis, autopipelined",
  "node-redis",
  "valkey-glide",
  "Bun.RedisClient",
]);
/** Within this, runs differ. */
const NOISE = 1.03;
/** A figure of nothing, such as memory that did not grow, counts as this. */
const SMALLEST = 0.001;

/** The rows of one thing on one runtime. */
export interface Group {
  readonly runtime: string;
  readonly what: string;
  readonly detail: string | undefined;
  readonly rows: readonly Row[];
}

/** Groups rows, in the order in which they first appear. */
export function groupRows(rows: readonly Row[]): Group[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.runtime} ${row.what}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()].map((rows) => {
    const { runtime, what, detail } = rows[0]!;
    return { runtime, what, detail, rows };
  });
}

/** Keywire's figure and the best one of others; undefined where one of them is missing. */
export interface Pair {
  readonly ours: number;
  readonly best: number;
  readonly peer: string;
  /** Ours by theirs. */
  readonly ratio: number;
}

/** Compares Keywire with the best of some contenders. */
export function compareWith(
  { rows }: Group,
  metric: string,
  lessIsBetter: boolean,
  beside: Aim["beside"] = "peers",
): Pair | undefined {
  const ours = rows.find(({ contender }) => contender === OURS)?.values[metric];
  if (ours === undefined) return undefined;
  const pairs = rows.flatMap(({ contender, values }): Pair[] => {
    const best = values[metric];
    const isBeside = beside === "peers" ? PEERS.has(contender) : beside.includes(contender);
    if (best === undefined || !isBeside) return [];
    // The throughput has the median of the ratios within rounds, which noise hits less.
    const ratio = values.ratio ?? (ours === best ? 1 : ours / Math.max(best, SMALLEST));
    return [{ ours, best, peer: contender, ratio }];
  });
  return pairs.toSorted((a, b) => lessIsBetter ? b.ratio - a.ratio : a.ratio - b.ratio)[0];
}

/** Whether another client is ahead by more than what runs differ by. */
export function isLoss({ ratio }: Pair, lessIsBetter: boolean): boolean {
  return lessIsBetter ? ratio > NOISE : ratio < 1 / NOISE;
}

/** Returns where another client is ahead. */
export function findLosses(part: Part, rows: readonly Row[]): Loss[] {
  return groupRows(rows).flatMap((group) => {
    const { runtime, what } = group;
    return comparedMetrics(part, what).flatMap((metric): Loss[] => {
      const pair = compareWith(group, metric, part.lessIsBetter);
      if (pair === undefined || !isLoss(pair, part.lessIsBetter)) return [];
      return [{ runtime, what, metric, keywire: pair.ours, peer: pair.peer, best: pair.best }];
    });
  });
}

/** Returns the names of the metrics by which a row is compared. */
export function comparedMetrics(part: Part, what: string): readonly string[] {
  return part.listed?.test(what) === true ? [] : part.compared ?? [part.metrics[0]!.name];
}

function judge(part: Part, aim: Aim, runtime: string, groups: readonly Group[]): Verdict[] {
  const metric = aim.metric ?? part.metrics[0]!.name;
  const figures = groups.flatMap((group) => {
    if (group.runtime !== runtime || aim.what?.test(group.what) === false) return [];
    if (aim.beside !== undefined) {
      const pair = compareWith(group, metric, part.lessIsBetter, aim.beside);
      return pair === undefined ? [] : [{ what: group.what, figure: rounded(pair.ratio) }];
    }
    const figure = group.rows.find(({ contender }) => contender === OURS)?.values[metric];
    return figure === undefined ? [] : [{ what: group.what, figure }];
  });
  if (figures.length === 0) return [];
  const worst = figures.toSorted((a, b) => part.lessIsBetter ? b.figure - a.figure : a.figure - b.figure)[0]!;
  const met = figures.filter(({ figure }) => part.lessIsBetter ? figure <= aim.limit : figure >= aim.limit);
  return [{
    aim: aim.text,
    runtime,
    met: met.length,
    of: figures.length,
    worst: worst.figure,
    what: worst.what,
  }];
}

/** Judges all aims. */
export function judgeAims(part: Part, rows: readonly Row[]): Verdict[] {
  const groups = groupRows(rows);
  const runtimes = [...new Set(rows.map(({ runtime }) => runtime))];
  return part.aims.flatMap((aim) =>
    runtimes.filter((runtime) => aim.runtimes?.includes(runtime) ?? true)
      .flatMap((runtime) => judge(part, aim, runtime, groups))
  );
}
