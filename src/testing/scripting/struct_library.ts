/**
 * `struct` of scripts: numbers and strings in binary formats.
 *
 * @module
 */
import { toBytes, toText } from "../types/bytes.ts";
import { argumentError, LuaError, type LuaFunction, type LuaHost } from "./lua_host.ts";
import type { Pointer } from "./lua_module.ts";

const LARGEST = 32;
const SIZES: Readonly<Record<string, number>> = {
  B: 1,
  b: 1,
  H: 2,
  h: 2,
  L: 8,
  l: 8,
  T: 8,
  f: 4,
  d: 8,
  x: 1,
};

/** One option of a format after the other. */
class Format {
  readonly #text: string;
  readonly #name: string;
  #at = 0;
  /** Whether the first byte is the least. */
  little = true;
  align = 1;

  constructor(text: string, name: string) {
    const end = text.indexOf("\0");
    this.#text = end < 0 ? text : text.slice(0, end);
    this.#name = name;
  }

  #number(otherwise: number): number {
    const digits = /^\d*/.exec(this.#text.slice(this.#at))![0];
    this.#at += digits.length;
    if (digits === "") return otherwise;
    if (Number(digits) > 2147483647) throw new LuaError("integral size overflow");
    return Number(digits);
  }

  /** The next option that stands for data, with its size; undefined at the end. */
  next(): { readonly option: string; readonly size: number } | undefined {
    while (this.#at < this.#text.length) {
      const option = this.#text[this.#at++]!;
      if (option in SIZES) return { option, size: SIZES[option]! };
      if (option === "c") return { option, size: this.#number(1) };
      if (option === "s") return { option, size: 0 };
      if (option === "i" || option === "I") {
        const size = this.#number(4);
        if (size > LARGEST) {
          throw new LuaError(`integral size ${size} is larger than limit of ${LARGEST}`);
        }
        return { option, size };
      }
      this.#control(option);
    }
    return undefined;
  }

  #control(option: string): void {
    if (option === " ") return;
    if (option === ">") this.little = false;
    else if (option === "<") this.little = true;
    else if (option === "!") {
      const align = this.#number(8);
      if (align <= 0 || (align & (align - 1)) !== 0) {
        throw new LuaError(`alignment ${align} is not a power of 2`);
      }
      this.align = align;
    } else throw argumentError(1, this.#name, `invalid format option '${option}'`);
  }

  /** Returns the number of padding bytes before an item. */
  padding(at: number, option: string, size: number): number {
    if (size === 0 || option === "c") return 0;
    const unit = Math.min(size, this.align);
    return (unit - (at & (unit - 1))) & (unit - 1);
  }
}

function ordered(bytes: Uint8Array, little: boolean): string {
  return toText(little ? bytes : bytes.reverse());
}

function packInteger(value: number, size: number, little: boolean): string {
  const bytes = new Uint8Array(size);
  let rest = BigInt.asUintN(64, Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n);
  for (let i = 0; i < size; i++) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return ordered(bytes, little);
}

function unpackInteger(bytes: Uint8Array, little: boolean, signed: boolean): number {
  let value = 0n;
  for (const byte of little ? bytes.slice().reverse() : bytes) {
    value = BigInt.asUintN(64, (value << 8n) | BigInt(byte));
  }
  return Number(signed ? BigInt.asIntN(Math.min(64, bytes.length * 8), value) : value);
}

function packFloat(value: number, size: number, little: boolean): string {
  const view = new DataView(new ArrayBuffer(size));
  if (size === 4) view.setFloat32(0, value, little);
  else view.setFloat64(0, value, little);
  return toText(new Uint8Array(view.buffer));
}

function unpackFloat(bytes: Uint8Array, little: boolean): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return bytes.length === 4 ? view.getFloat32(0, little) : view.getFloat64(0, little);
}

function pack(host: LuaHost, L: Pointer): number {
  const format = new Format(host.checkText(L, 1, "pack"), "pack");
  let [packed, place] = ["", 2];
  for (let item = format.next(); item !== undefined; item = format.next()) {
    const { option, size } = item;
    packed += "\0".repeat(format.padding(packed.length, option, size));
    if (option === "x") packed += "\0";
    else if (option === "f" || option === "d") {
      packed += packFloat(host.checkNumber(L, place++, "pack"), size, format.little);
    } else if (option === "c" || option === "s") {
      const text = host.checkText(L, place++, "pack");
      const length = size === 0 ? text.length : size;
      if (text.length < length) throw argumentError(place, "pack", "string too short");
      packed += text.slice(0, length) + (option === "s" ? "\0" : "");
    } else packed += packInteger(host.checkNumber(L, place++, "pack"), size, format.little);
  }
  host.push(L, packed);
  return 1;
}

function unpack(host: LuaHost, L: Pointer): number {
  const { m } = host;
  const format = new Format(host.checkText(L, 1, "unpack"), "unpack");
  const bytes = toBytes(host.checkText(L, 2, "unpack"));
  let at = m._lua_type(L, 3) <= 0 ? 0 : Math.trunc(host.checkNumber(L, 3, "unpack")) - 1;
  if (at < 0) throw argumentError(3, "unpack", "offset must be 1 or greater");
  let count = 0;
  let last: number | undefined;
  const short = (): LuaError => argumentError(2, "unpack", "data string too short");
  for (let item = format.next(); item !== undefined; item = format.next()) {
    const { option } = item;
    let { size } = item;
    at += format.padding(at, option, size);
    if (at + size > bytes.length) throw short();
    if (!host.room(L, 3)) throw new LuaError("stack overflow (too many results)");
    if (option === "x") {
      at += size;
      continue;
    }
    if (option === "s") {
      const end = bytes.indexOf(0, at);
      if (end < 0) throw new LuaError("unfinished string in data");
      host.push(L, toText(bytes.subarray(at, end)));
      last = undefined;
      size = end - at + 1;
    } else if (option === "c") {
      if (size === 0) {
        if (last === undefined) throw new LuaError("format 'c0' needs a previous size");
        size = last;
        host.pop(L);
        count--;
        if (size < 0 || at + size > bytes.length) throw short();
      }
      host.push(L, toText(bytes.subarray(at, at + size)));
      last = undefined;
    } else {
      const data = bytes.subarray(at, at + size);
      last = option === "f" || option === "d"
        ? unpackFloat(data, format.little)
        : unpackInteger(data, format.little, option === option.toLowerCase());
      m._lua_pushnumber(L, last);
    }
    count++;
    at += size;
  }
  m._lua_pushnumber(L, at + 1);
  return count + 1;
}

/** The functions of `struct`. */
export function structFunctions(host: LuaHost): Record<string, LuaFunction> {
  return {
    pack: (L) => pack(host, L),
    unpack: (L) => unpack(host, L),
    size(L) {
      const format = new Format(host.checkText(L, 1, "size"), "size");
      let at = 0;
      for (let item = format.next(); item !== undefined; item = format.next()) {
        const { option, size } = item;
        at += format.padding(at, option, size);
        if (option === "s") throw argumentError(1, "size", "option 's' has no fixed size");
        if (option === "c" && size === 0) throw argumentError(1, "size", "option 'c0' has no fixed size");
        at += size;
      }
      host.m._lua_pushnumber(L, at);
      return 1;
    },
  };
}
