/**
 * JSON text onto Lua's stack.
 *
 * @module
 */
import { LuaError, type LuaHost } from "./lua_host.ts";
import type { Pointer } from "./lua_module.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
};
const PUNCTUATION: Readonly<Record<string, string>> = {
  "{": "T_OBJ_BEGIN",
  "}": "T_OBJ_END",
  "[": "T_ARR_BEGIN",
  "]": "T_ARR_END",
  ",": "T_COMMA",
  ":": "T_COLON",
};
const FULL_NUMBER =
  /[-+]?(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][-+]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf(?:inity)?|nan(?:\([0-9a-z_]*\))?)/iy;

/** A token: its type, where it begins, and its value. */
interface Token {
  readonly type: string;
  readonly at: number;
  readonly value?: string | number | boolean;
}

function utf8(code: number): string {
  const tail = (shift: number): number => ((code >> shift) & 0x3f) | 0x80;
  if (code <= 0x7f) return String.fromCharCode(code);
  if (code <= 0x7ff) return String.fromCharCode((code >> 6) | 0xc0, tail(0));
  if (code <= 0xffff) return String.fromCharCode((code >> 12) | 0xe0, tail(6), tail(0));
  return String.fromCharCode((code >> 18) | 0xf0, tail(12), tail(6), tail(0));
}

function hexadecimal(text: string): number {
  const [whole = "", fraction = ""] = text.replace(/^0x/i, "").split(/p/i)[0]!.split(".");
  const power = Number(/p([-+]?\d+)$/i.exec(text)?.[1] ?? 0);
  return Number(`0x${whole}${fraction}` === "0x" ? 0 : `0x${whole}${fraction}`) *
    2 ** (power - 4 * fraction.length);
}

/** Reads one text, each character a byte. */
export class JsonReader {
  readonly #host: LuaHost;
  readonly #L: Pointer;
  readonly #text: string;
  readonly #most: number;
  readonly #invalid: boolean;
  #at = 0;
  #depth = 0;

  /** `most`: levels of nesting; `invalid`: whether `inf`, `nan` and hexadecimal numbers are read. */
  constructor(host: LuaHost, L: Pointer, text: string, most: number, invalid: boolean) {
    this.#host = host;
    this.#L = L;
    this.#text = text;
    this.#most = most;
    this.#invalid = invalid;
  }

  /**
   * Parses the value and pushes it.
   *
   * @throws {LuaError} for invalid JSON.
   */
  read(): void {
    const text = this.#text;
    if (text.length >= 2 && (text[0] === "\0" || text[1] === "\0")) {
      throw new LuaError("JSON parser does not support UTF-16 or UTF-32");
    }
    this.#value(this.#next());
    const token = this.#next();
    if (token.type !== "T_END") throw this.#expected("the end", token);
  }

  #expected(what: string, { type, at }: Token): LuaError {
    return new LuaError(`Expected ${what} but found ${type} at character ${at + 1}`);
  }

  #value(token: Token): void {
    const { m } = this.#host;
    switch (token.type) {
      case "T_STRING":
        return this.#host.push(this.#L, token.value as string);
      case "T_NUMBER":
        return m._lua_pushnumber(this.#L, token.value as number);
      case "T_BOOLEAN":
        return m._lua_pushboolean(this.#L, token.value ? 1 : 0);
      case "T_OBJ_BEGIN":
        return this.#object();
      case "T_ARR_BEGIN":
        return this.#array();
      case "T_NULL":
        return m._lua_pushlightuserdata(this.#L, 0);
    }
    throw this.#expected("value", token);
  }

  #descend(): void {
    this.#depth++;
    if (this.#depth > this.#most || !this.#host.room(this.#L, 3)) {
      throw new LuaError(`Found too many nested data structures (${this.#depth}) at character ${this.#at}`);
    }
    this.#host.m._lua_createtable(this.#L, 0, 0);
  }

  #object(): void {
    this.#descend();
    let token = this.#next();
    while (token.type !== "T_OBJ_END") {
      if (token.type !== "T_STRING") throw this.#expected("object key string", token);
      this.#host.push(this.#L, token.value as string);
      const colon = this.#next();
      if (colon.type !== "T_COLON") throw this.#expected("colon", colon);
      this.#value(this.#next());
      this.#host.m._lua_rawset(this.#L, -3);
      token = this.#next();
      if (token.type === "T_OBJ_END") break;
      if (token.type !== "T_COMMA") throw this.#expected("comma or object end", token);
      token = this.#next();
      // A comma before the end is an error.
      if (token.type === "T_OBJ_END") throw this.#expected("object key string", token);
    }
    this.#depth--;
  }

  #array(): void {
    this.#descend();
    let token = this.#next();
    for (let place = 1; token.type !== "T_ARR_END"; place++) {
      this.#value(token);
      this.#host.m._lua_rawseti(this.#L, -2, place);
      token = this.#next();
      if (token.type === "T_ARR_END") break;
      if (token.type !== "T_COMMA") throw this.#expected("comma or array end", token);
      token = this.#next();
      if (token.type === "T_ARR_END") throw this.#expected("value", token);
    }
    this.#depth--;
  }

  #next(): Token {
    const text = this.#text;
    while (/[ \t\n\r]/.test(text[this.#at] ?? "")) this.#at++;
    const at = this.#at;
    const char = text[at] ?? "\0";
    if (char === "\0") return { type: at >= text.length ? "T_END" : "invalid token", at };
    const mark = PUNCTUATION[char];
    if (mark !== undefined) {
      this.#at++;
      return { type: mark, at };
    }
    if (char === '"') return this.#string(at);
    if (/[-\d]/.test(char)) return this.#number(at);
    for (
      const [word, type, value] of [["true", "T_BOOLEAN", true], ["false", "T_BOOLEAN", false], [
        "null",
        "T_NULL",
        false,
      ]] as const
    ) {
      if (!text.startsWith(word, at)) continue;
      this.#at += word.length;
      return { type, at, value };
    }
    if (this.#invalid && /^(?:\+|inf|nan)/i.test(text.substring(at, at + 4))) return this.#number(at);
    return { type: "invalid token", at };
  }

  #number(at: number): Token {
    const beginning = this.#text.substring(at, at + 5);
    if (!this.#invalid && /^-?(?:0[xX\d]|inf|nan)/i.test(beginning)) return { type: "invalid number", at };
    FULL_NUMBER.lastIndex = at;
    const found = FULL_NUMBER.exec(this.#text)?.[0];
    if (found === undefined) return { type: "invalid number", at };
    this.#at += found.length;
    const sign = found[0] === "-" ? -1 : 1;
    const digits = found.replace(/^[-+]/, "").toLowerCase();
    const value = digits.startsWith("0x")
      ? hexadecimal(digits)
      : digits.startsWith("inf")
      ? Infinity
      : digits.startsWith("nan")
      ? NaN
      : Number(digits);
    return { type: "T_NUMBER", at, value: sign * value };
  }

  #string(at: number): Token {
    const text = this.#text;
    let value = "";
    this.#at++;
    for (;;) {
      const start = this.#at;
      while (
        this.#at < text.length && text[this.#at] !== '"' && text[this.#at] !== "\\" && text[this.#at] !== "\0"
      ) {
        this.#at++;
      }
      value += text.substring(start, this.#at);
      const char = text[this.#at];
      if (char === '"') break;
      if (char !== "\\") return { type: "unexpected end of string", at: this.#at };
      const escape = text[this.#at + 1] ?? "";
      if (escape === "u") {
        const code = this.#unicode();
        if (code === undefined) return { type: "invalid unicode escape code", at: this.#at };
        value += utf8(code);
      } else {
        const plain = ESCAPES[escape];
        if (plain === undefined) return { type: "invalid escape code", at: this.#at };
        value += plain;
        this.#at += 2;
      }
    }
    this.#at++;
    return { type: "T_STRING", at, value };
  }

  /** The code point of `\uXXXX`, or of two of them. */
  #unicode(): number | undefined {
    const read = (at: number): number | undefined => {
      const digits = /^\\u([0-9a-fA-F]{4})/.exec(this.#text.substring(at, at + 6))?.[1];
      return digits === undefined ? undefined : Number.parseInt(digits, 16);
    };
    const first = read(this.#at);
    if (first === undefined) return undefined;
    if ((first & 0xf800) !== 0xd800) {
      this.#at += 6;
      return first;
    }
    const second = read(this.#at + 6);
    if ((first & 0x400) !== 0 || second === undefined || (second & 0xfc00) !== 0xdc00) return undefined;
    this.#at += 12;
    return (((first & 0x3ff) << 10) | (second & 0x3ff)) + 0x10000;
  }
}
