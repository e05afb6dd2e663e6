/**
 * The types of option values. Each checks a value of an object and parses a value of a URL.
 *
 * @module
 */
import { outOfRange, wrongType } from "./option_errors.ts";

/** One kind of value. */
export interface Kind {
  /** Returns the value to use. Throws a `TypeError` or `RangeError` that names the option. */
  check(value: unknown, name: string): unknown;
  /** Parses the value of a URL, before `check`. Absent if a URL cannot contain it. */
  parse?(text: string, name: string): unknown;
  /** The names that may follow a dot. */
  readonly fields?: Readonly<Record<string, Kind>>;
}

/** The longest time that a timer takes, 24.8 days. */
const LONGEST = 2_147_483_647;

const TRUE: readonly string[] = ["true", "on", "yes", "1"];
const FALSE: readonly string[] = ["false", "off", "no", "0"];

/** Reads a boolean as URLs spell it; anything else is `undefined`. */
export function parseFlag(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (TRUE.includes(word)) return true;
  return FALSE.includes(word) ? false : undefined;
}

/** True for the words that switch an option off. */
export function isOff(text: string): boolean {
  return text.toLowerCase() === "none" || parseFlag(text) === false;
}

/** A whole number. */
export function integer(from: number, to: number, wanted = `a whole number from ${from} to ${to}`): Kind {
  return {
    check(value, name) {
      if (typeof value !== "number") throw wrongType(name, wanted, value);
      if (!(Number.isInteger(value) || value === to) || value < from || value > to) {
        throw outOfRange(name, wanted, value);
      }
      return value;
    },
    parse(text, name) {
      if (text === "Infinity") return Infinity;
      // Digits only: no sign, exponent, hexadecimal, blank or leading zero that would be read one way here and another there.
      if (!/^(0|-?[1-9]\d*|-?\d+\.\d+)$/.test(text)) throw wrongType(name, wanted, text);
      return Number(text);
    },
  };
}

/** Milliseconds; with `off`, 0 (in a URL also `none` or `off`) means none. */
export function duration(off: string): Kind {
  const wanted = `whole milliseconds (a second is 1000) from 0 (${off}) to ${LONGEST}`;
  const { check, parse } = integer(0, LONGEST, wanted);
  return {
    check,
    parse: (text, name) => text !== "" && isOff(text) ? 0 : parse!(text, name),
  };
}

/** True or false. */
export const flag: Kind = {
  check(value, name) {
    if (typeof value !== "boolean") throw wrongType(name, "true or false", value);
    return value;
  },
  parse(text, name) {
    const value = parseFlag(text);
    if (value === undefined) {
      throw wrongType(name, "true, false, on, off, yes, no, 1 or 0", text);
    }
    return value;
  },
};

/** Text of at least one character that matches a pattern. */
export function text(wanted: string, pattern: RegExp, secret = false): Kind {
  return {
    check(value, name) {
      if (typeof value !== "string") throw wrongType(name, wanted, value, secret);
      if (!pattern.test(value)) throw outOfRange(name, wanted, value, secret);
      return value;
    },
    parse: (value) => value,
  };
}

/** One of a few values. */
export function choice(...values: readonly (string | number)[]): Kind {
  const wanted = `one of ${
    values.map((value) => typeof value === "string" ? `"${value}"` : value).join(", ")
  }`;
  return {
    check(value, name) {
      if (values.includes(value as string)) return value;
      throw values.some((known) => typeof known === typeof value)
        ? outOfRange(name, wanted, value)
        : wrongType(name, wanted, value);
    },
    parse: (word) =>
      values.every((value) => typeof value === "number") && /^\d+$/.test(word) ? Number(word) : word,
  };
}

/** A function, or a class whose instances have a certain method. Not for URLs. */
export function callable(wanted: string, method?: string): Kind {
  return {
    check(value, name) {
      const fits = typeof value === "function" &&
        (method === undefined || typeof value.prototype?.[method] === "function");
      if (!fits) throw wrongType(name, wanted, value);
      return value;
    },
  };
}

/** An object that has certain methods. Not for URLs. */
export function having(wanted: string, ...methods: readonly string[]): Kind {
  return {
    check(value, name) {
      const has = (method: string) => typeof (value as Record<string, unknown>)[method] === "function";
      if (typeof value !== "object" || value === null || !methods.every(has)) {
        throw wrongType(name, wanted, value);
      }
      return value;
    },
  };
}
