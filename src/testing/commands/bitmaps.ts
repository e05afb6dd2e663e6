/**
 * Bitmaps.
 *
 * @module
 */
import { changedWith, created } from "../keyspace.ts";
import { integer, parseInteger } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import { Bytes, toBytes, toText } from "../types/bytes.ts";
import { bytesOf, stringEntry } from "./strings.ts";

/** A bit's place; with `#`, in units of `bits`.
 *
 * @throws {ErrorReply} where it is none, or too far. */
export function bitOffset(session: Session, text: string, bits: number = 0): number {
  const fault = err("bit offset is not an integer or out of range");
  const hash = bits > 0 && text[0] === "#";
  const value = parseInteger(hash ? text.slice(1) : text);
  if (value === undefined) throw fault;
  const offset = Number(value) * (hash ? bits : 1);
  if (offset < 0 || Math.floor(offset / 8) >= session.server.config.number("proto-max-bulk-len")) throw fault;
  return offset;
}

/** The bytes of a string, to be read only. */
export function readBytes(session: Session, key: string): Uint8Array | undefined {
  const value = stringEntry(session, key)?.value;
  return value === undefined ? undefined : value instanceof Bytes ? value.view : toBytes(value as string);
}

function setbit(session: Session, [, key, at, to]: string[]): ReplyValue {
  const offset = bitOffset(session, at!);
  if (to !== "0" && to !== "1") throw err("bit is not an integer or out of range");
  const bytes = bytesOf(session, key!);
  const place = Math.floor(offset / 8);
  const grown = bytes.length <= place;
  bytes.grow(place + 1);
  const mask = 128 >> (offset % 8);
  const { view } = bytes;
  const old = (view[place]! & mask) === 0 ? 0 : 1;
  if (String(old) === to && !grown) return old;
  if (to === "1") view[place]! |= mask;
  else view[place]! &= ~mask;
  changedWith(session, key!, "$", "setbit");
  return old;
}

const COUNTS = new Uint8Array(256).map((_, byte) => byte.toString(2).replaceAll("0", "").length);

interface BitRange {
  readonly from: number;
  readonly to: number;
}

/** `start end [BYTE|BIT]` as bits, both included; `undefined` where there is nothing in it. */
function bitRange(
  args: readonly string[],
  at: number,
  length: number,
  position: boolean = false,
): BitRange | undefined {
  const start = integer(args[at]!);
  const unit = args[at + 2]?.toUpperCase() ?? "BYTE";
  const known = unit === "BYTE" || unit === "BIT";
  // BITPOS looks at the unit before the end, BITCOUNT behind an empty range.
  if (position && !known) throw SYNTAX;
  let end = args.length > at + 1 ? integer(args[at + 1]!) : -1;
  let from = start;
  if (!position && from < 0 && end < 0 && from > end) return undefined;
  if (!known) throw SYNTAX;
  const total = unit === "BIT" ? length * 8 : length;
  if (from < 0) from = Math.max(0, from + total);
  if (end < 0) end = Math.max(0, end + total);
  end = Math.min(end, total - 1);
  if (from > end) return undefined;
  return unit === "BIT" ? { from, to: end } : { from: from * 8, to: end * 8 + 7 };
}

function bitcount(session: Session, args: string[]): ReplyValue {
  const bytes = readBytes(session, args[1]!);
  if (bytes === undefined) return 0;
  if (args.length === 3 || args.length > 5) throw SYNTAX;
  const range = args.length > 2 ? bitRange(args, 2, bytes.length) : { from: 0, to: bytes.length * 8 - 1 };
  if (range === undefined) return 0;
  const [first, last] = [Math.floor(range.from / 8), Math.floor(range.to / 8)];
  let count = 0;
  for (let i = first; i <= last; i++) {
    let byte = bytes[i]!;
    if (i === first) byte &= 255 >> (range.from % 8);
    if (i === last) byte &= 255 << (7 - range.to % 8);
    count += COUNTS[byte & 255]!;
  }
  return count;
}

function bitpos(session: Session, args: string[]): ReplyValue {
  const bit = integer(args[2]!);
  if (bit !== 0 && bit !== 1) throw err("The bit argument must be 1 or 0.");
  const bytes = readBytes(session, args[1]!);
  if (bytes === undefined) return bit === 1 ? -1 : 0;
  if (args.length > 6) throw SYNTAX;
  const range = args.length > 3
    ? bitRange(args, 3, bytes.length, true)
    : { from: 0, to: bytes.length * 8 - 1 };
  if (range === undefined || range.to < range.from) return -1;
  const skip = bit === 1 ? 0 : 255;
  for (let at = range.from; at <= range.to;) {
    if (at % 8 === 0 && bytes[at / 8] === skip && at + 7 <= range.to) {
      at += 8;
      continue;
    }
    if (((bytes[Math.floor(at / 8)]! >> (7 - at % 8)) & 1) === bit) return at;
    at++;
  }
  // A string is followed by zeros, unless the end was given.
  return bit === 0 && args.length < 5 ? bytes.length * 8 : -1;
}

function bitop(session: Session, args: string[]): ReplyValue {
  const operation = args[1]!.toUpperCase();
  if (!["AND", "OR", "XOR", "NOT"].includes(operation)) throw SYNTAX;
  if (operation === "NOT" && args.length !== 4) {
    throw err("BITOP NOT must be called with a single source key.");
  }
  const sources = args.slice(3).map((key) => readBytes(session, key) ?? new Uint8Array(0));
  const length = Math.max(...sources.map((source) => source.length));
  const result = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    let byte = sources[0]![i] ?? 0;
    if (operation === "NOT") byte = ~byte;
    for (let k = 1; k < sources.length; k++) {
      const other = sources[k]![i] ?? 0;
      byte = operation === "AND" ? byte & other : operation === "OR" ? byte | other : byte ^ other;
    }
    result[i] = byte;
  }
  const key = args[2]!;
  if (length === 0) {
    if (session.db.delete(key)) changedWith(session, key, "g", "del");
    return 0;
  }
  session.db.set(key, toText(result)).raw = true;
  created(session, key);
  changedWith(session, key, "$", "set");
  return length;
}

/** Bitmaps. */
export const bitmaps: CommandGroup = {
  setbit,
  getbit(session, args) {
    const offset = bitOffset(session, args[2]!);
    const bytes = stringEntry(session, args[1]!)?.value;
    if (bytes === undefined) return 0;
    const place = Math.floor(offset / 8);
    const byte = bytes instanceof Bytes ? bytes.view[place] ?? 0 : (bytes as string).charCodeAt(place) || 0;
    return (byte >> (7 - offset % 8)) & 1;
  },
  bitcount,
  bitpos,
  bitop,
};
