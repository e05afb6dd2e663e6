/**
 * Ids of stream entries as arguments.
 *
 * @module
 */
import { err, type ErrorReply } from "./reply.ts";
import { makeId, MAX_ID } from "./types/stream.ts";

const MOST = 18446744073709551615n;

/** The error for an invalid id. */
export const BAD_ID: ErrorReply = err("Invalid stream ID specified as stream command argument");

/** A part of an id: an integer, or whatever else `strtoull` reads to its end. */
function part(text: string): bigint {
  const found = /^[ \t\n\v\f\r]*([+-]?)(\d+)$/.exec(text);
  if (found === null || /^-[1-9]/.test(text)) throw BAD_ID;
  const value = BigInt(found[2]!);
  if (value > MOST) throw BAD_ID;
  return found[1] === "-" ? BigInt.asUintN(64, -value) : value;
}

/** An id; where it has no second part, that is `missing`. `-` and `+` are the first and the last, unless `strict`.
 *
 * @throws {ErrorReply} where it is none. */
export function parseId(text: string, missing: bigint = 0n, strict: boolean = false): bigint {
  if (!strict && text === "-") return 0n;
  if (!strict && text === "+") return MAX_ID;
  const dash = text.indexOf("-");
  if (dash < 0) return makeId(part(text), missing);
  return makeId(part(text.slice(0, dash)), part(text.slice(dash + 1)));
}

/** The start of a range: `(` excludes it.
 *
 * @throws {ErrorReply} where it is none. */
export function parseStart(text: string): bigint {
  if (text[0] !== "(") return parseId(text);
  const id = parseId(text.slice(1), 0n, true);
  if (id === MAX_ID) throw err("invalid start ID for the interval");
  return id + 1n;
}

/** The end of a range: `(` excludes it.
 *
 * @throws {ErrorReply} where it is none. */
export function parseEnd(text: string): bigint {
  if (text[0] !== "(") return parseId(text, MOST);
  const id = parseId(text.slice(1), MOST, true);
  if (id === 0n) throw err("invalid end ID for the interval");
  return id - 1n;
}

/** The id of a new entry, as XADD takes it. */
export interface NewId {
  /** The first part; `undefined` for `*`. */
  readonly ms: bigint | undefined;
  /** The second part; `undefined` for `*`. */
  readonly sequence: bigint | undefined;
}

/** `*`, `5-*`, `5-1` or `5`.
 *
 * @throws {ErrorReply} where it is none. */
export function parseNewId(text: string): NewId {
  if (text === "*") return { ms: undefined, sequence: undefined };
  const dash = text.indexOf("-");
  if (dash < 0) return { ms: part(text), sequence: 0n };
  const rest = text.slice(dash + 1);
  return { ms: part(text.slice(0, dash)), sequence: rest === "*" ? undefined : part(rest) };
}
