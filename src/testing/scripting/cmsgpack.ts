/**
 * `cmsgpack` of scripts: MessagePack from and to values of Lua.
 *
 * @module
 */
import { toBytes, toText } from "../types/bytes.ts";
import { argumentError, LuaError, type LuaFunction, type LuaHost } from "./lua_host.ts";
import { BOOLEAN, NUMBER, type Pointer, STRING, TABLE } from "./lua_module.ts";

const NESTING = 16;

/** Returns a head byte followed by a number in `size` bytes. */
function head(byte: number, value: number, size: number): string {
  let text = String.fromCharCode(byte);
  for (let shift = size - 1; shift >= 0; shift--) {
    text += String.fromCharCode(Math.floor(value / 256 ** shift) & 255);
  }
  return text;
}

function float64(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return toText(new Uint8Array(view.buffer));
}

function float32(value: number): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return toText(new Uint8Array(view.buffer));
}

function int64(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, BigInt(value));
  return toText(new Uint8Array(view.buffer));
}

function packNumber(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 63) {
    return Math.fround(value) === value ? `\xca${float32(value)}` : `\xcb${float64(value)}`;
  }
  if (value >= 0) {
    if (value <= 127) return String.fromCharCode(value);
    if (value <= 255) return head(0xcc, value, 1);
    if (value <= 65535) return head(0xcd, value, 2);
    return value <= 0xffffffff ? head(0xce, value, 4) : `\xcf${int64(value)}`;
  }
  if (value >= -32) return String.fromCharCode(value & 255);
  if (value >= -128) return head(0xd0, value & 255, 1);
  if (value >= -32768) return head(0xd1, value & 65535, 2);
  return value >= -(2 ** 31) ? head(0xd2, value >>> 0, 4) : `\xd3${int64(value)}`;
}

function packText(text: string): string {
  const { length } = text;
  if (length < 32) return String.fromCharCode(0xa0 | length) + text;
  return (length <= 255
    ? head(0xd9, length, 1)
    : length <= 65535
    ? head(0xda, length, 2)
    : head(0xdb, length, 4)) +
    text;
}

function packSize(size: number, few: number, many: number): string {
  if (size <= 15) return String.fromCharCode(few | size);
  return size <= 65535 ? head(many, size, 2) : head(many + 1, size, 4);
}

/** Packs and pops the top of the stack. */
function pack(host: LuaHost, L: Pointer, level: number): string {
  const { m } = host;
  const type = m._lua_type(L, -1);
  let packed = "\xc0";
  if (type === STRING) packed = packText(host.text(L, -1)!);
  else if (type === NUMBER) packed = packNumber(m._lua_tonumber(L, -1));
  else if (type === BOOLEAN) packed = m._lua_toboolean(L, -1) !== 0 ? "\xc3" : "\xc2";
  else if (type === TABLE && level < NESTING) packed = packTable(host, L, level);
  host.pop(L);
  return packed;
}

function packTable(host: LuaHost, L: Pointer, level: number): string {
  const { m } = host;
  if (!host.room(L, 4)) throw new LuaError("stack overflow (in function table_is_an_array)");
  let [array, max, count] = [true, 0, 0];
  m._lua_pushnil(L);
  while (m._lua_next(L, -2) !== 0) {
    host.pop(L);
    const key = m._lua_type(L, -1) === NUMBER ? m._lua_tonumber(L, -1) : 0;
    if (key <= 0 || !Number.isInteger(key) || key > 2147483647) array = false;
    max = Math.max(max, key);
    count++;
  }
  const parts: string[] = [];
  if (array && max === count) {
    for (let place = 1; place <= count; place++) {
      m._lua_rawgeti(L, -1, place);
      parts.push(pack(host, L, level + 1));
    }
    return packSize(count, 0x90, 0xdc) + parts.join("");
  }
  m._lua_pushnil(L);
  while (m._lua_next(L, -2) !== 0) {
    m._lua_pushvalue(L, -2);
    parts.push(pack(host, L, level + 1), pack(host, L, level + 1));
  }
  return packSize(count, 0x80, 0xde) + parts.join("");
}

class Unpacker {
  readonly #host: LuaHost;
  readonly #L: Pointer;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(host: LuaHost, L: Pointer, text: string, at: number) {
    this.#host = host;
    this.#L = L;
    this.#bytes = toBytes(text);
    this.#view = new DataView(this.#bytes.buffer);
    this.at = at;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  /** Reads `size` bytes. Returns their start. */
  #take(size: number): number {
    if (size > this.left) throw new LuaError("Missing bytes in input.");
    this.at += size;
    return this.at - size;
  }

  #number(size: number, read: (at: number) => number | bigint): void {
    this.#host.m._lua_pushnumber(this.#L, Number(read(this.#take(size))));
  }

  #size(bytes: number): number {
    const at = this.#take(bytes);
    return bytes === 1 ? this.#bytes[at]! : bytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #text(size: number): void {
    const at = this.#take(size);
    this.#host.push(this.#L, toText(this.#bytes.subarray(at, at + size)));
  }

  #array(size: number): void {
    const { m } = this.#host;
    m._lua_createtable(this.#L, 0, 0);
    for (let place = 1; place <= size; place++) {
      this.value();
      m._lua_rawseti(this.#L, -2, place);
    }
  }

  #map(size: number): void {
    const { m } = this.#host;
    m._lua_createtable(this.#L, 0, 0);
    for (let i = 0; i < size; i++) {
      this.value();
      const usable = m._lua_type(this.#L, -1) !== 0;
      this.value();
      if (!usable) throw new LuaError("table index is nil");
      m._lua_rawset(this.#L, -3);
    }
  }

  /** Pushes the next value. */
  value(): void {
    const view = this.#view;
    const { m } = this.#host;
    if (!this.#host.room(this.#L, 4)) {
      throw new LuaError(
        "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)",
      );
    }
    const type = this.#bytes[this.#take(1)]!;
    if (type < 0x80) return m._lua_pushnumber(this.#L, type);
    if (type < 0x90) return this.#map(type & 15);
    if (type < 0xa0) return this.#array(type & 15);
    if (type < 0xc0) return this.#text(type & 31);
    if (type >= 0xe0) return m._lua_pushnumber(this.#L, type - 256);
    switch (type) {
      case 0xc0:
        return m._lua_pushnil(this.#L);
      case 0xc2:
      case 0xc3:
        return m._lua_pushboolean(this.#L, type & 1);
      case 0xca:
        return this.#number(4, (at) => view.getFloat32(at));
      case 0xcb:
        return this.#number(8, (at) => view.getFloat64(at));
      case 0xcc:
        return this.#number(1, (at) => view.getUint8(at));
      case 0xcd:
        return this.#number(2, (at) => view.getUint16(at));
      case 0xce:
        return this.#number(4, (at) => view.getUint32(at));
      case 0xcf:
        return this.#number(8, (at) => view.getBigUint64(at));
      case 0xd0:
        return this.#number(1, (at) => view.getInt8(at));
      case 0xd1:
        return this.#number(2, (at) => view.getInt16(at));
      case 0xd2:
        return this.#number(4, (at) => view.getInt32(at));
      case 0xd3:
        return this.#number(8, (at) => view.getBigInt64(at));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#size(1 << (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#size(2 << (type - 0xdc)));
      case 0xde:
      case 0xdf:
        return this.#map(this.#size(2 << (type - 0xde)));
    }
    throw new LuaError("Bad data format in input.");
  }
}

/** Pushes at most `limit` values from an offset on; all of them when both are 0. Returns how many results there are. */
function unpack(host: LuaHost, L: Pointer, name: string, limit: number, offset: number): number {
  const text = host.checkText(L, 1, name);
  const all = limit === 0 && offset === 0;
  if (offset < 0 || limit < 0) {
    throw new LuaError(`Invalid request to unpack with offset of ${offset} and limit of ${text.length}.`);
  }
  if (offset > text.length) {
    throw new LuaError(`Start offset ${offset} greater than input length ${text.length}.`);
  }
  host.m._lua_settop(L, 1);
  const unpacker = new Unpacker(host, L, text, offset);
  let count = 0;
  for (; unpacker.left > 0 && (all || count < limit); count++) unpacker.value();
  if (all) return count;
  host.m._lua_pushnumber(L, unpacker.left === 0 ? -1 : unpacker.at);
  host.m._lua_insert(L, 2);
  return count + 1;
}

/** The functions of `cmsgpack`. */
export function cmsgpackFunctions(host: LuaHost): Record<string, LuaFunction> {
  const { m } = host;
  const optional = (L: Pointer, place: number, name: string): number =>
    m._lua_type(L, place) <= 0 ? 0 : Math.trunc(host.checkNumber(L, place, name));
  return {
    pack(L) {
      const count = m._lua_gettop(L);
      if (count === 0) throw argumentError(0, "pack", "MessagePack pack needs input.");
      if (!host.room(L, count)) throw argumentError(0, "pack", "Too many arguments for MessagePack pack.");
      let packed = "";
      for (let place = 1; place <= count; place++) {
        m._lua_pushvalue(L, place);
        packed += pack(host, L, 0);
      }
      host.push(L, packed);
      return 1;
    },
    unpack: (L) => unpack(host, L, "unpack", 0, 0),
    unpack_one: (L) => unpack(host, L, "unpack_one", 1, optional(L, 2, "unpack_one")),
    unpack_limit: (L) =>
      unpack(
        host,
        L,
        "unpack_limit",
        Math.trunc(host.checkNumber(L, 2, "unpack_limit")),
        optional(L, 3, "unpack_limit"),
      ),
  };
}
