/**
 * Functions of Lua's own library that scripts have in a way of their own: protected calls, metatables of protected
 * tables, random numbers.
 *
 * @module
 */
import { argumentError, LuaError, type LuaFunction, type LuaHost } from "./lua_host.ts";
import { NIL, type Pointer, TABLE } from "./lua_module.ts";
import type { ScriptContext } from "./redis_api.ts";

const MULTIPLE = -1;
const LARGEST = 2147483647;

/** The generator `lrand48` of 48 bits: the same numbers for the same seed everywhere. */
class Random {
  #state = 0x1234abcd330en;

  seed(value: number): void {
    this.#state = (BigInt.asUintN(32, BigInt(value)) << 16n) | 0x330en;
  }

  next(): number {
    this.#state = BigInt.asUintN(48, this.#state * 0x5deece66dn + 0xbn);
    return Number(this.#state >> 17n);
  }
}

/** The functions that take the place of Lua's, and the guards of tables. */
export function baseFunctions(host: LuaHost, context: ScriptContext): Record<string, LuaFunction> {
  const { m } = host;
  const random = new Random();
  const readonly = (as: "place" | "plain"): LuaError =>
    new LuaError("Attempt to modify a readonly table", as);
  /** Whether the table at a place is one that scripts may not change. */
  const guarded = (L: Pointer, place: number): boolean => {
    if (m._lua_getmetatable(L, place) === 0) return false;
    host.push(L, "__sealed");
    m._lua_rawget(L, -2);
    const sealed = m._lua_type(L, -1) !== NIL;
    host.pop(L, 2);
    return sealed;
  };
  const within = (name: string): void => {
    if (context.run === undefined) {
      throw new LuaError(`${name} can only be called inside a script invocation`);
    }
  };
  const integer = (L: Pointer, place: number, name: string): number =>
    Math.trunc(host.checkNumber(L, place, name)) | 0;
  return {
    readonly() {
      throw readonly("place");
    },
    absent(L) {
      const name = host.text(L, 2);
      if (name === undefined) {
        throw new LuaError("Second argument to luaProtectedTableError must be a string or number");
      }
      throw new LuaError(`Script attempted to access nonexistent global variable '${name}'`);
    },
    pcall(L) {
      const count = m._lua_gettop(L);
      if (count === 0) throw argumentError(1, "pcall", "value expected");
      m._lua_pushboolean(L, 1);
      m._lua_insert(L, 1);
      if (m._lua_pcall(L, count - 1, MULTIPLE, 0) !== 0) {
        m._lua_remove(L, 1);
        if (m._lua_type(L, -1) === TABLE) {
          host.getField(L, -1, "err");
          if (host.string(L, -1) !== undefined) m._lua_replace(L, -2);
        }
        m._lua_pushboolean(L, 0);
        m._lua_insert(L, 1);
      }
      return m._lua_gettop(L);
    },
    setmetatable(L) {
      if (m._lua_type(L, 1) !== TABLE) {
        throw argumentError(1, "setmetatable", `table expected, got ${host.typeName(L, 1)}`);
      }
      const type = m._lua_type(L, 2);
      if (type !== NIL && type !== TABLE) throw argumentError(2, "setmetatable", "nil or table expected");
      if (guarded(L, 1)) throw readonly("plain");
      if (m._lua_getmetatable(L, 1) !== 0) {
        host.push(L, "__metatable");
        m._lua_rawget(L, -2);
        if (m._lua_type(L, -1) !== NIL) throw new LuaError("cannot change a protected metatable");
      }
      m._lua_settop(L, 2);
      m._lua_setmetatable(L, 1);
      return 1;
    },
    rawset(L) {
      if (m._lua_type(L, 1) !== TABLE) {
        throw argumentError(1, "rawset", `table expected, got ${host.typeName(L, 1)}`);
      }
      if (guarded(L, 1)) throw readonly("plain");
      if (m._lua_type(L, 2) === NIL) throw new LuaError("table index is nil");
      m._lua_settop(L, 3);
      m._lua_rawset(L, 1);
      return 1;
    },
    random(L) {
      within("math.random");
      const share = (random.next() % LARGEST) / LARGEST;
      const count = m._lua_gettop(L);
      if (count > 2) throw new LuaError("wrong number of arguments");
      if (count === 0) m._lua_pushnumber(L, share);
      else {
        const from = count === 1 ? 1 : integer(L, 1, "random");
        const to = integer(L, count, "random");
        if (from > to) throw argumentError(count, "random", "interval is empty");
        m._lua_pushnumber(L, Math.floor(share * (to - from + 1)) + from);
      }
      return 1;
    },
    randomseed(L) {
      within("math.randomseed");
      random.seed(integer(L, 1, "randomseed"));
      return 0;
    },
  };
}
