/**
 * Values that stand on one line: integers, doubles, big numbers, booleans. Each function gets the whole line
 * (`start` at its type byte, `end` at its CR).
 *
 * @module
 */
import { badLine } from "./protocol.ts";

const DOUBLE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;
/** The maximum length of a 64-bit integer: a sign and 19 digits. */
const MAX_INTEGER_CHARS = 20;
/** Fifteen digits and a point: integers of this length are exact. */
const PLAIN_CHARS = 16;
const POWERS: readonly number[] = Array.from({ length: PLAIN_CHARS }, (_, power) => Number(`1e${power}`));
/** The maximum length of a bigint. Parsing takes more than linear time. */
const MAX_BIG_DIGITS = 65_536;

/** `:-12`; beyond 2^53 a bigint. */
export function readInteger(bytes: Uint8Array, start: number, end: number): number | bigint {
  let at = start + 1;
  const sign = bytes[at];
  if (sign === 45 || sign === 43) at++;
  const digits = end - at;
  if (digits < 1 || end - start - 1 > MAX_INTEGER_CHARS) throw badLine("an integer", bytes, start, end);
  let value = 0;
  for (let i = at; i < end; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) throw badLine("an integer", bytes, start, end);
    value = value * 10 + digit;
  }
  if (!Number.isSafeInteger(value)) return toBigInt(line(bytes, start, end));
  return sign === 45 && value !== 0 ? -value : value;
}

/** `,1.5`, `,inf`, `,-inf`, `,nan`. */
export function readDouble(bytes: Uint8Array, start: number, end: number): number {
  const plain = plainDecimal(bytes, start + 1, end);
  if (!Number.isNaN(plain)) return plain;
  if (end - start <= MAX_BIG_DIGITS) {
    const text = line(bytes, start, end);
    if (DOUBLE.test(text)) return Number(text);
    switch (text.toLowerCase()) {
      case "inf":
      case "+inf":
        return Infinity;
      case "-inf":
        return -Infinity;
      case "nan":
      case "-nan":
        return NaN;
    }
  }
  throw badLine("a double", bytes, start, end);
}

/** `(3492890328409238509324850943850943825024385`. */
export function readBigNumber(bytes: Uint8Array, start: number, end: number): bigint {
  if (end - start <= MAX_BIG_DIGITS) {
    const text = line(bytes, start, end);
    if (INTEGER.test(text)) return toBigInt(text);
  }
  throw badLine("a big number", bytes, start, end);
}

/**
 * A decimal of at most 15 digits without an exponent, as most scores are; NaN for all else. Both numbers of the division
 * are exact, so that its result is the double that is nearest.
 */
function plainDecimal(bytes: Uint8Array, at: number, end: number): number {
  const negative = bytes[at] === 45;
  if (negative) at++;
  if (end - at > PLAIN_CHARS) return NaN;
  let value = 0;
  let point = -1;
  for (let i = at; i < end; i++) {
    const digit = bytes[i]! - 48;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (digit === -2 && point < 0) point = i;
    else return NaN;
  }
  // A point needs digits on both sides. Numbers without a point are parsed elsewhere.
  if (end === at || point === at || point === end - 1) return NaN;
  if (point >= 0) value /= POWERS[end - point - 1]!;
  return negative ? -value : value;
}

/** `#t`, `#f`. */
export function readBoolean(bytes: Uint8Array, start: number, end: number): boolean {
  const byte = bytes[start + 1];
  if (end - start !== 2 || (byte !== 116 && byte !== 102)) throw badLine("a boolean", bytes, start, end);
  return byte === 116;
}

/** Parses a length: -1 for null, -2 for `?`. */
export function readLength(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start + 1];
  const chars = end - start - 1;
  if (first === 63 && chars === 1) return -2;
  if (first === 45 && chars === 2 && bytes[start + 2] === 49) return -1;
  let value = 0;
  for (let i = start + 1; i < end; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) throw badLine("a length", bytes, start, end);
    value = value * 10 + digit;
  }
  if (chars < 1 || chars > MAX_INTEGER_CHARS) throw badLine("a length", bytes, start, end);
  return value;
}

/** `BigInt` knows no plus sign before digits in all engines alike. */
function toBigInt(text: string): bigint {
  return BigInt(text.startsWith("+") ? text.slice(1) : text);
}

/** Returns the line after the type byte, as ASCII. */
function line(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start + 1; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
