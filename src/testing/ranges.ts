/**
 * Ranges of scores and of members, as ZRANGE and its kin take them.
 *
 * @module
 */
import { readDouble } from "./numbers.ts";
import { cString, err } from "./reply.ts";
import type { SortedSet } from "./types/sorted_set.ts";

interface Bound {
  readonly value: number;
  readonly open: boolean;
}

function scoreBound(text: string): Bound {
  const open = text[0] === "(";
  const rest = cString(open ? text.slice(1) : text);
  const value = rest === "" ? 0 : readDouble(rest.replace(/^[ \t\n\v\f\r]+/, ""));
  if (value === undefined) throw err("min or max is not a float");
  return { value, open };
}

/** The places of the members with scores in a range: from, and behind the last. */
export type Places = (set: SortedSet) => [number, number];

/** A range of scores.
 *
 * @throws {ErrorReply} where a bound is none. */
export function scoreRange(min: string, max: string): Places {
  const [low, high] = [scoreBound(min), scoreBound(max)];
  return ({ order }) => [
    order.countWhere(({ score }) => low.open ? score <= low.value : score < low.value),
    order.countWhere(({ score }) => high.open ? score < high.value : score <= high.value),
  ];
}

function lexBelow(text: string, upper: boolean): (member: string) => boolean {
  if (text === "-") return () => false;
  if (text === "+") return () => true;
  const bound = text.slice(1);
  if (text[0] === "(") return upper ? (member) => member < bound : (member) => member <= bound;
  if (text[0] === "[") return upper ? (member) => member <= bound : (member) => member < bound;
  throw err("min or max not valid string range item");
}

/** A range of members, all of which have the same score.
 *
 * @throws {ErrorReply} where a bound is none. */
export function lexRange(min: string, max: string): Places {
  const [low, high] = [lexBelow(min, false), lexBelow(max, true)];
  return ({ order }) => [
    order.countWhere(({ member }) => low(member)),
    order.countWhere(({ member }) => high(member)),
  ];
}

/** A range of places, negative ones from the end; `reverse` counts from the highest score. */
export function rankRange(start: number, stop: number, reverse: boolean): Places {
  return ({ size }) => {
    let from = start < 0 ? Math.max(0, start + size) : start;
    let to = stop < 0 ? stop + size : Math.min(stop, size - 1);
    if (from > to || from >= size) return [0, 0];
    if (reverse) [from, to] = [size - 1 - to, size - 1 - from];
    return [from, to + 1];
  };
}
