/**
 * Numbers as Redis reads and writes them.
 *
 * @module
 */
import { err, NOT_FLOAT, NOT_INTEGER } from "./reply.ts";

/** The bounds of an integer of 64 bits. */
export const INT64_MAX: bigint = 9223372036854775807n;
/** The other one. */
export const INT64_MIN: bigint = -9223372036854775808n;

/** A canonical integer of 64 bits as a number where that is exact, else as a bigint; `undefined` for anything else. */
export function parseInteger(text: string): number | bigint | undefined {
  const { length } = text;
  if (length === 0 || length > 20) return undefined;
  let at = 0;
  const negative = text.charCodeAt(0) === 45;
  if (negative && ++at === length) return undefined;
  const first = text.charCodeAt(at);
  if (first === 48) return length === 1 ? 0 : undefined;
  if (length - at > 15) {
    for (; at < length; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) return undefined;
    }
    const big = BigInt(text);
    if (big > INT64_MAX || big < INT64_MIN) return undefined;
    const number = Number(big);
    return Number.isSafeInteger(number) ? number : big;
  }
  let value = 0;
  for (; at < length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/**
 * Parses an integer argument. Beyond 2^53 the last digits are lost.
 *
 * @throws {ErrorReply} if it is not an integer.
 */
export function integer(text: string, message?: string): number {
  const value = parseInteger(text);
  if (value === undefined) throw message === undefined ? NOT_INTEGER : err(message);
  return Number(value);
}

/** An integer argument within bounds.
 *
 * @throws {ErrorReply} where it is not. */
export function integerIn(text: string, least: number, most: number, message: string): number {
  const value = parseInteger(text);
  if (value === undefined || value < least || value > most) throw err(message);
  return Number(value);
}

/** An integer argument, exact. */
export function bigInteger(text: string, message?: string): bigint {
  const value = parseInteger(text);
  if (value === undefined) throw message === undefined ? NOT_INTEGER : err(message);
  return BigInt(value);
}

/** A bigint as a number where that is exact. */
export function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const FLOAT = /^[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf(?:inity)?)$/i;
const HEX = /^([+-]?)0x([0-9a-f]+)(?:\.([0-9a-f]*))?(?:p([+-]?\d+))?$/i;

/** A double as `string2d` reads it: `undefined` for what is none, NaN, and what is too large or too small for one. */
export function parseDouble(text: string): number | undefined {
  const value = readDouble(text);
  if (value === undefined) return undefined;
  if (!Number.isFinite(value) && !/inf/i.test(text)) return undefined;
  return value === 0 && /^[^ep]*[1-9]/i.test(text) && !/^[+-]?0x0*$/i.test(text) ? undefined : value;
}

/** A double as `strtod` reads it, whole: what is too large is infinite; `undefined` for what is none, and NaN. */
export function readDouble(text: string): number | undefined {
  if (FLOAT.test(text)) {
    if (/inf/i.test(text)) return text[0] === "-" ? -Infinity : Infinity;
    return Number(text);
  }
  const hex = HEX.exec(text);
  if (hex === null) return undefined;
  const [, sign, whole, fraction = "", power = "0"] = hex;
  const value = (parseInt(whole! + fraction, 16) / 16 ** fraction.length) * 2 ** Number(power);
  return sign === "-" ? -value : value;
}

/** A double argument.
 *
 * @throws {ErrorReply} where it is none. */
export function double(text: string, message?: string): number {
  const value = parseDouble(text);
  if (value === undefined || Number.isNaN(value)) throw message === undefined ? NOT_FLOAT : err(message);
  return value;
}

/** A double as `%.17g` writes it: 17 significant digits, without zeros at the end. */
export function formatDouble(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? "-0" : String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e17) return String(BigInt(value));
  if (value === Infinity) return "inf";
  if (value === -Infinity) return "-inf";
  if (Number.isNaN(value)) return "nan";
  return general(value, 17);
}

/** `%.Ng`. */
export function general(value: number, digits: number): string {
  const [mantissa, power] = value.toExponential(digits - 1).split("e") as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= digits) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa}e${
      exponent < 0 ? "-" : "+"
    }${size}`;
  }
  const fixed = value.toFixed(Math.min(100, Math.max(0, digits - 1 - exponent)));
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
}
