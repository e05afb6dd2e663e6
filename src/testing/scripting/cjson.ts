/**
 * `cjson` of scripts: JSON from and to values of Lua, with the errors of Lua CJSON 2.1.
 *
 * @module
 */
import { general } from "../numbers.ts";
import { argumentError, LuaError, type LuaFunction, type LuaHost } from "./lua_host.ts";
import { BOOLEAN, LIGHT_USERDATA, NIL, NUMBER, type Pointer, STRING, TABLE } from "./lua_module.ts";
import { JsonReader } from "./json_reader.ts";

/** The settings of `cjson.encode_*` and `cjson.decode_*`. */
interface Settings {
  sparseConvert: boolean;
  sparseRatio: number;
  sparseSafe: number;
  encodeDepth: number;
  decodeDepth: number;
  precision: number;
  keepBuffer: boolean;
  /** 0: an error; 1: written as they are; 2: null. */
  encodeInvalid: number;
  decodeInvalid: number;
}

const DEFAULTS: Readonly<Settings> = {
  sparseConvert: false,
  sparseRatio: 2,
  sparseSafe: 10,
  encodeDepth: 1000,
  decodeDepth: 1000,
  precision: 14,
  keepBuffer: true,
  encodeInvalid: 0,
  decodeInvalid: 1,
};

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "/": "\\/",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
};

function quote(text: string): string {
  const escape = (char: string): string =>
    SHORT[char] ?? `\\u00${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  // deno-lint-ignore no-control-regex
  return `"${text.replace(/["\\/\x00-\x1f\x7f]/g, escape)}"`;
}

class Encoder {
  readonly #host: LuaHost;
  readonly #L: Pointer;
  readonly #settings: Settings;

  constructor(host: LuaHost, L: Pointer, settings: Settings) {
    this.#host = host;
    this.#L = L;
    this.#settings = settings;
  }

  #refuse(why: string, index: number): LuaError {
    return new LuaError(`Cannot serialise ${this.#host.typeName(this.#L, index)}: ${why}`);
  }

  /** Returns the top of the stack as JSON. */
  value(depth: number): string {
    const { m } = this.#host;
    const L = this.#L;
    switch (m._lua_type(L, -1)) {
      case STRING:
        return quote(this.#host.text(L, -1)!);
      case NUMBER:
        return this.#number(-1);
      case BOOLEAN:
        return m._lua_toboolean(L, -1) !== 0 ? "true" : "false";
      case TABLE: {
        if (depth + 1 > this.#settings.encodeDepth || !this.#host.room(L, 3)) {
          throw new LuaError(`Cannot serialise, excessive nesting (${depth + 1})`);
        }
        const length = this.#length();
        return length > 0 ? this.#array(length, depth + 1) : this.#object(depth + 1);
      }
      case NIL:
        return "null";
      case LIGHT_USERDATA:
        if (m._lua_touserdata(L, -1) === 0) return "null";
    }
    throw this.#refuse("type not supported", -1);
  }

  #number(index: number): string {
    const value = this.#host.m._lua_tonumber(this.#L, index);
    const { encodeInvalid, precision } = this.#settings;
    if (Number.isFinite(value)) {
      return Number.isInteger(value) && Math.abs(value) < 10 ** precision
        ? Object.is(value, -0) ? "-0" : String(value)
        : general(value, precision);
    }
    if (encodeInvalid === 0) throw this.#refuse("must not be NaN or Inf", index);
    return encodeInvalid === 2 ? "null" : Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  }

  /** The length of the table on top as an array; -1 when it is none. */
  #length(): number {
    const { m } = this.#host;
    const L = this.#L;
    let [max, items] = [0, 0];
    m._lua_pushnil(L);
    while (m._lua_next(L, -2) !== 0) {
      const key = m._lua_type(L, -2) === NUMBER ? m._lua_tonumber(L, -2) : 0;
      if (!Number.isInteger(key) || key < 1) {
        this.#host.pop(L, 2);
        return -1;
      }
      max = Math.max(max, key);
      items++;
      this.#host.pop(L);
    }
    const { sparseConvert, sparseRatio, sparseSafe } = this.#settings;
    if (sparseRatio > 0 && max > items * sparseRatio && max > sparseSafe) {
      if (!sparseConvert) throw this.#refuse("excessively sparse array", -1);
      return -1;
    }
    return max;
  }

  #array(length: number, depth: number): string {
    const parts: string[] = [];
    for (let i = 1; i <= length; i++) {
      this.#host.m._lua_rawgeti(this.#L, -1, i);
      parts.push(this.value(depth));
      this.#host.pop(this.#L);
    }
    return `[${parts.join(",")}]`;
  }

  #object(depth: number): string {
    const { m } = this.#host;
    const L = this.#L;
    const parts: string[] = [];
    m._lua_pushnil(L);
    while (m._lua_next(L, -2) !== 0) {
      const type = m._lua_type(L, -2);
      if (type !== NUMBER && type !== STRING) throw this.#refuse("table key must be a number or string", -2);
      const key = type === NUMBER ? `"${this.#number(-2)}"` : quote(this.#host.text(L, -2)!);
      parts.push(`${key}:${this.value(depth)}`);
      this.#host.pop(L);
    }
    return `{${parts.join(",")}}`;
  }
}

function oneArgument(host: LuaHost, L: Pointer, name: string): void {
  if (host.m._lua_gettop(L) !== 1) throw argumentError(1, name, "expected 1 argument");
}

/** The functions of `cjson`. */
export function cjsonFunctions(host: LuaHost): Record<string, LuaFunction> {
  const { m } = host;
  const settings: Settings = { ...DEFAULTS };
  const most = (L: Pointer, count: number, name: string): void => {
    if (m._lua_gettop(L) > count) throw argumentError(count + 1, name, "found too many arguments");
    host.room(L, 4);
    while (m._lua_gettop(L) < count) m._lua_pushnil(L);
  };
  const integer = (
    L: Pointer,
    place: number,
    name: string,
    now: number,
    least: number,
    to: number,
  ): number => {
    if (m._lua_type(L, place) === NIL) return now;
    const value = Math.trunc(host.checkNumber(L, place, name));
    if (value < least || value > to) {
      throw argumentError(place, name, `expected integer between ${least} and ${to}`);
    }
    return value;
  };
  const number =
    (name: string, get: () => number, set: (value: number) => void, to: number): LuaFunction => (L) => {
      most(L, 1, name);
      set(integer(L, 1, name, get(), 1, to));
      m._lua_pushnumber(L, get());
      return 1;
    };
  const invalid =
    (name: string, get: () => number, set: (value: number) => void, words: boolean): LuaFunction => (L) => {
      most(L, 1, name);
      const type = m._lua_type(L, 1);
      if (type === BOOLEAN) set(m._lua_toboolean(L, 1));
      else if (type !== NIL) {
        const word = host.checkText(L, 1, name);
        const value = words ? ["off", "on", "null"].indexOf(word) : ["off", "on"].indexOf(word);
        if (value < 0) throw argumentError(1, name, `invalid option '${word}'`);
        set(value);
      }
      if (get() === 2) host.push(L, "null");
      else m._lua_pushboolean(L, get());
      return 1;
    };
  return {
    encode(L) {
      oneArgument(host, L, "encode");
      host.push(L, new Encoder(host, L, settings).value(0));
      return 1;
    },
    decode(L) {
      oneArgument(host, L, "decode");
      const text = host.checkText(L, 1, "decode");
      new JsonReader(host, L, text, settings.decodeDepth, settings.decodeInvalid !== 0).read();
      return 1;
    },
    encode_sparse_array(L) {
      most(L, 3, "encode_sparse_array");
      if (m._lua_type(L, 1) !== NIL) settings.sparseConvert = m._lua_toboolean(L, 1) !== 0;
      settings.sparseRatio = integer(L, 2, "encode_sparse_array", settings.sparseRatio, 0, 2147483647);
      settings.sparseSafe = integer(L, 3, "encode_sparse_array", settings.sparseSafe, 0, 2147483647);
      m._lua_pushboolean(L, settings.sparseConvert ? 1 : 0);
      m._lua_pushnumber(L, settings.sparseRatio);
      m._lua_pushnumber(L, settings.sparseSafe);
      return 3;
    },
    encode_max_depth: number(
      "encode_max_depth",
      () => settings.encodeDepth,
      (value) => settings.encodeDepth = value,
      2147483647,
    ),
    decode_max_depth: number(
      "decode_max_depth",
      () => settings.decodeDepth,
      (value) => settings.decodeDepth = value,
      2147483647,
    ),
    encode_number_precision: number(
      "encode_number_precision",
      () => settings.precision,
      (value) => settings.precision = value,
      14,
    ),
    encode_keep_buffer: invalid(
      "encode_keep_buffer",
      () => settings.keepBuffer ? 1 : 0,
      (value) => settings.keepBuffer = value !== 0,
      false,
    ),
    encode_invalid_numbers: invalid(
      "encode_invalid_numbers",
      () => settings.encodeInvalid,
      (value) => settings.encodeInvalid = value,
      true,
    ),
    decode_invalid_numbers: invalid(
      "decode_invalid_numbers",
      () => settings.decodeInvalid,
      (value) => settings.decodeInvalid = value,
      false,
    ),
  };
}
