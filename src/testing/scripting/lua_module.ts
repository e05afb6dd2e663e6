/**
 * The Lua engine in WebAssembly, as far as it is used: the C API of Lua 5.1 over the memory of the module. Its package,
 * `wasmoon-lua5.1`, is an optional peer and is loaded when the first script comes.
 *
 * @module
 */

/** A pointer into the module's memory; a state of Lua is one. */
export type Pointer = number;

/** The exports of the module, named as in Lua's manual. */
export interface LuaModule {
  readonly HEAPU8: Uint8Array;
  readonly HEAP32: Int32Array;
  addFunction(run: (...args: number[]) => number | void, signature: string): Pointer;
  _malloc(size: number): Pointer;
  _free(pointer: Pointer): void;
  _luaL_newstate(): Pointer;
  _luaL_loadbuffer(L: Pointer, code: Pointer, size: number, name: Pointer): number;
  _luaL_openlibs(L: Pointer): void;
  _luaL_ref(L: Pointer, table: number): number;
  _luaL_unref(L: Pointer, table: number, ref: number): void;
  _luaL_where(L: Pointer, level: number): void;
  _lua_checkstack(L: Pointer, size: number): number;
  _lua_close(L: Pointer): void;
  _lua_concat(L: Pointer, count: number): void;
  _lua_createtable(L: Pointer, items: number, fields: number): void;
  _lua_error(L: Pointer): number;
  _lua_getfield(L: Pointer, index: number, name: Pointer): void;
  _lua_getmetatable(L: Pointer, index: number): number;
  _lua_gettop(L: Pointer): number;
  _lua_insert(L: Pointer, index: number): void;
  _lua_isnumber(L: Pointer, index: number): number;
  _lua_newthread(L: Pointer): Pointer;
  _lua_next(L: Pointer, index: number): number;
  _lua_objlen(L: Pointer, index: number): number;
  _lua_pcall(L: Pointer, args: number, results: number, handler: number): number;
  _lua_pushboolean(L: Pointer, value: number): void;
  _lua_pushcclosure(L: Pointer, run: Pointer, upvalues: number): void;
  _lua_pushlightuserdata(L: Pointer, value: Pointer): void;
  _lua_pushlstring(L: Pointer, text: Pointer, size: number): void;
  _lua_pushnil(L: Pointer): void;
  _lua_pushnumber(L: Pointer, value: number): void;
  _lua_pushvalue(L: Pointer, index: number): void;
  _lua_rawget(L: Pointer, index: number): void;
  _lua_rawgeti(L: Pointer, index: number, place: number): void;
  _lua_rawset(L: Pointer, index: number): void;
  _lua_rawseti(L: Pointer, index: number, place: number): void;
  _lua_remove(L: Pointer, index: number): void;
  _lua_replace(L: Pointer, index: number): void;
  _lua_resume(L: Pointer, args: number): number;
  _lua_setfield(L: Pointer, index: number, name: Pointer): void;
  _lua_sethook(L: Pointer, hook: Pointer, mask: number, count: number): void;
  _lua_setmetatable(L: Pointer, index: number): number;
  _lua_settop(L: Pointer, index: number): void;
  _lua_toboolean(L: Pointer, index: number): number;
  _lua_tocfunction(L: Pointer, index: number): Pointer;
  _lua_tolstring(L: Pointer, index: number, size: Pointer): Pointer;
  _lua_tonumber(L: Pointer, index: number): number;
  _lua_touserdata(L: Pointer, index: number): Pointer;
  _lua_xmove(from: Pointer, to: Pointer, count: number): void;
  _lua_yield(L: Pointer, results: number): number;
  _lua_type(L: Pointer, index: number): number;
}

/** The types of Lua's values. */
export const NIL = 0;
/** A boolean. */
export const BOOLEAN = 1;
/** A pointer; cjson.null is one. */
export const LIGHT_USERDATA = 2;
/** A number. */
export const NUMBER = 3;
/** A string. */
export const STRING = 4;
/** A table. */
export const TABLE = 5;
/** A function. */
export const FUNCTION = 6;
/** The index of the registry. */
export const REGISTRY = -10000;
/** The index of the table of globals. */
export const GLOBALS = -10002;

/** The result of `import("wasmoon-lua5.1")`, from an ES module or CommonJS. */
interface Peer {
  readonly LuaApi?: { initialize(): Promise<{ readonly module: LuaModule }> };
  readonly default?: Peer;
}

/** Loads the engine's package. */
export type LuaLoader = () => Promise<unknown>;

/** Makes an instance of the engine of a package that was imported. */
export async function instantiate(imported: unknown): Promise<LuaModule> {
  const peer = imported as Peer;
  const api = peer.LuaApi ?? peer.default?.LuaApi;
  if (api === undefined) throw new TypeError("the package is not wasmoon-lua5.1");
  return (await api.initialize()).module;
}
