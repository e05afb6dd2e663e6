/**
 * Replies of commands as values of Lua, and values of Lua as replies.
 *
 * @module
 */
import { formatDouble } from "../numbers.ts";
import {
  BigNumber,
  Double,
  err,
  ErrorReply,
  MapReply,
  NullArray,
  Push,
  type ReplyValue,
  SetReply,
  Simple,
  Verbatim,
} from "../reply.ts";
import { toText } from "../types/bytes.ts";
import type { LuaHost } from "./lua_host.ts";
import { BOOLEAN, NUMBER, type Pointer, STRING, TABLE } from "./lua_module.ts";

/** An error as Redis makes it for Lua: with a code, and without an end of line. */
export function errorText(text: string): string {
  if (!text.startsWith("-")) return `ERR ${text.replace(/^[\r\n]+|[\r\n]+$/g, "")}`;
  const space = text.indexOf(" ");
  return space < 0 ? `ERR ${text.slice(1)}` : text.slice(1).replace(/[\r\n]+$/, "");
}

function single(host: LuaHost, L: Pointer, field: string, push: () => void): void {
  host.m._lua_createtable(L, 0, 1);
  push();
  host.setField(L, -2, field);
}

function pushItems(host: LuaHost, L: Pointer, items: readonly ReplyValue[], protocol: number): void {
  host.m._lua_createtable(L, items.length, 0);
  for (let i = 0; i < items.length; i++) {
    pushReply(host, L, items[i]!, protocol);
    host.m._lua_rawseti(L, -2, i + 1);
  }
}

/** Pushes a reply, as a script with this protocol sees it. */
export function pushReply(host: LuaHost, L: Pointer, value: ReplyValue, protocol: number): void {
  const { m } = host;
  host.room(L, 5);
  const three = protocol === 3;
  if (typeof value === "string") host.push(L, value);
  else if (typeof value === "number" || typeof value === "bigint") m._lua_pushnumber(L, Number(value));
  else if (value === null || value instanceof NullArray) {
    if (three) m._lua_pushnil(L);
    else m._lua_pushboolean(L, 0);
  } else if (value instanceof Simple) single(host, L, "ok", () => host.push(L, value.text));
  else if (Array.isArray(value)) pushItems(host, L, value, protocol);
  else if (value instanceof Uint8Array) host.push(L, toText(value));
  else if (value instanceof ErrorReply) host.pushError(L, errorText(`-${value.text}`), true);
  else if (typeof value === "boolean") {
    if (three) m._lua_pushboolean(L, value ? 1 : 0);
    else m._lua_pushnumber(L, value ? 1 : 0);
  } else if (value instanceof MapReply) {
    if (!three) return pushItems(host, L, value.flat, protocol);
    single(host, L, "map", () => {
      m._lua_createtable(L, 0, value.flat.length / 2);
      for (const item of value.flat.keys()) {
        pushReply(host, L, value.flat[item]!, protocol);
        if (item % 2 === 1) m._lua_rawset(L, -3);
      }
    });
  } else if (value instanceof SetReply) {
    if (!three) return pushItems(host, L, value.items, protocol);
    single(host, L, "set", () => {
      m._lua_createtable(L, 0, value.items.length);
      for (const item of value.items) {
        pushReply(host, L, item, protocol);
        m._lua_pushboolean(L, 1);
        m._lua_rawset(L, -3);
      }
    });
  } else if (value instanceof Push) pushItems(host, L, value.items, protocol);
  else if (value instanceof Double) {
    if (three) single(host, L, "double", () => m._lua_pushnumber(L, value.value));
    else host.push(L, formatDouble(value.value));
  } else if (value instanceof BigNumber) {
    if (three) single(host, L, "big_number", () => host.push(L, value.digits));
    else host.push(L, value.digits);
  } else if (value instanceof Verbatim) {
    if (!three) return host.push(L, value.text);
    single(host, L, "verbatim_string", () => {
      m._lua_createtable(L, 0, 2);
      host.push(L, value.text);
      host.setField(L, -2, "string");
      host.push(L, value.format);
      host.setField(L, -2, "format");
    });
  } else m._lua_pushboolean(L, 0);
}

/** A number of Lua as an integer of 64 bits. */
function integer(value: number): number | bigint {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return Math.trunc(value) + 0;
  return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

function line(text: string): string {
  return text.replace(/[\r\n]/g, " ");
}

/** Pushes a field of the table on top, bypassing its metatable. Returns its type. */
function field(host: LuaHost, L: Pointer, name: string): number {
  host.push(L, name);
  host.m._lua_rawget(L, -2);
  return host.m._lua_type(L, -1);
}

/** The table on top as one of the kinds that a field marks; `undefined` for an array. */
function readMarked(host: LuaHost, L: Pointer, protocol: number): ReplyValue | undefined {
  const { m } = host;
  const read = (name: string, type: number, make: () => ReplyValue | undefined): ReplyValue | undefined => {
    const made = field(host, L, name) === type ? make() : undefined;
    host.pop(L);
    return made;
  };
  const top = (): string => host.text(L, -1)!;
  return read("err", STRING, () => {
    const text = top();
    host.pop(L);
    const counted = field(host, L, "ignore_error_stats_update") === BOOLEAN && m._lua_toboolean(L, -1) !== 0;
    return new ErrorReply(line(text.replace(/[\r\n]+$/, "")), counted);
  }) ?? read("ok", STRING, () => new Simple(line(top()))) ??
    read("double", NUMBER, () => new Double(m._lua_tonumber(L, -1))) ??
    read("big_number", STRING, () => new BigNumber(line(top()))) ??
    read("verbatim_string", TABLE, () => {
      const [format, text] = ["format", "string"].map((name) => {
        field(host, L, name);
        const found = host.string(L, -1);
        host.pop(L);
        return found;
      });
      return format === undefined || text === undefined
        ? undefined
        : new Verbatim(text, `${format}   `.slice(0, 3));
    }) ?? read("map", TABLE, () => {
      const flat: ReplyValue[] = [];
      m._lua_pushnil(L);
      while (m._lua_next(L, -2) !== 0) {
        m._lua_pushvalue(L, -2);
        flat.push(readReply(host, L, protocol), readReply(host, L, protocol));
      }
      return new MapReply(flat);
    }) ?? read("set", TABLE, () => {
      const items: ReplyValue[] = [];
      m._lua_pushnil(L);
      while (m._lua_next(L, -2) !== 0) {
        host.pop(L);
        m._lua_pushvalue(L, -1);
        items.push(readReply(host, L, protocol));
      }
      return new SetReply(items);
    });
}

/** Levels of tables; the stack of the runtime holds fewer than Lua's. */
const NESTING = 1000;

/** Pops the top of the stack as a reply. `protocol` is the protocol of the script. */
export function readReply(host: LuaHost, L: Pointer, protocol: number, depth: number = 0): ReplyValue {
  const { m } = host;
  let reply: ReplyValue = null;
  if (depth > NESTING || !host.room(L, 4)) reply = err("reached lua stack limit");
  else {
    switch (m._lua_type(L, -1)) {
      case STRING:
        reply = host.text(L, -1)!;
        break;
      case NUMBER:
        reply = integer(m._lua_tonumber(L, -1));
        break;
      case BOOLEAN: {
        const value = m._lua_toboolean(L, -1) !== 0;
        reply = protocol === 3 ? value : value ? 1 : null;
        break;
      }
      case TABLE: {
        const marked = readMarked(host, L, protocol);
        if (marked !== undefined) reply = marked;
        else {
          const items: ReplyValue[] = [];
          for (let place = 1;; place++) {
            m._lua_rawgeti(L, -1, place);
            if (m._lua_type(L, -1) === 0) break;
            items.push(readReply(host, L, protocol, depth + 1));
          }
          host.pop(L);
          reply = items;
        }
      }
    }
  }
  host.pop(L);
  return reply;
}
