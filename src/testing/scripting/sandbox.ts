/**
 * A state of Lua as scripts find it: Redis' libraries, no way out of the process, and globals that cannot be changed.
 *
 * @module
 */
import { VERSION } from "../version.ts";
import { baseFunctions } from "./base_library.ts";
import { bitFunctions } from "./bit_library.ts";
import { cjsonFunctions } from "./cjson.ts";
import { cmsgpackFunctions } from "./cmsgpack.ts";
import type { LuaFunction, LuaHost } from "./lua_host.ts";
import { GLOBALS, type Pointer, REGISTRY } from "./lua_module.ts";
import { LOAD_FIELDS, REDIS_NUMBERS, redisFunctions, type ScriptContext } from "./redis_api.ts";
import { structFunctions } from "./struct_library.ts";

/** Puts the globals in order. Returns the handler of errors, the real globals, and a switch for loading a library. */
const SETUP = `
local base, load_fields, is_function = ...
local getinfo = debug.getinfo
local real = getfenv(0)
local keep = {}
for name in ("string cjson bit cmsgpack math table struct redis xpcall tostring getfenv setmetatable next assert " ..
  "tonumber rawequal collectgarbage getmetatable rawset pcall coroutine type _G select unpack gcinfo pairs rawget " ..
  "loadstring ipairs _VERSION setfenv load error"):gmatch("%S+") do keep[name] = true end
for name in pairs(real) do if not keep[name] then real[name] = nil end end

local set = setmetatable
local sealed = set({}, {__newindex = base.readonly, __sealed = true})
local function protect(content)
  local meta = {__index = content, __newindex = base.readonly, __metatable = sealed, __sealed = true}
  return set({}, meta), meta
end

real.math.random, real.math.randomseed = base.random, base.randomseed
local loadstring = real.loadstring
real.loadstring = function(code, ...)
  -- Compiled code could break out.
  if type(code) == "string" and code:byte() == 27 then return nil, "compiled code is not allowed" end
  return loadstring(code, ...)
end
real.pcall, real.setmetatable, real.rawset = base.pcall, base.setmetatable, base.rawset

local library = {redis = {register_function = real.redis.register_function}}
for _, name in ipairs(load_fields) do library.redis[name] = real.redis[name] end
library.redis.REDIS_VERSION = real.redis.REDIS_VERSION
library.redis = protect(set(library.redis, {__index = base.absent}))
set(library, {__index = base.absent})

real.redis.register_function = nil
if is_function then
  real.redis.breakpoint, real.redis.debug, real.redis.replicate_commands = nil, nil, nil
end
for _, name in ipairs({"redis", "cjson", "cmsgpack", "struct", "bit", "string", "math", "table", "coroutine"}) do
  local content = real[name]
  local meta = {__index = content, __newindex = base.readonly, __sealed = true}
  real[name] = set({}, meta)
end
set(real, {__index = base.absent})
local globals, meta = protect(real)
real._G = globals

local function on_error(problem, thread)
  local at = getinfo(thread, 0, "Sl")
  if at and at.what == "C" then at = getinfo(thread, 1, "Sl") end
  if type(problem) ~= "table" then problem = {err = "ERR " .. tostring(problem)} end
  if at then problem.source, problem.line = at.source, at.currentline end
  return problem
end
local function loading(on) meta.__index = on and library or real end
return on_error, real, loading, globals
`;

/** The functions that all states of an engine share, as they cannot be freed. */
export interface Libraries {
  /** The engine. */
  readonly host: LuaHost;
  /** The running script. */
  readonly context: ScriptContext;
  /** The hook that counts instructions: it calls `onCount` of the context. */
  readonly hook: Pointer;
  /** Pointers of the functions, by library. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, Pointer>>>>;
}

/** Makes the functions of an engine. */
export function makeLibraries(host: LuaHost): Libraries {
  const context: ScriptContext = { run: undefined, register: undefined, onCount: undefined };
  const define = (functions: Record<string, LuaFunction>): Record<string, Pointer> =>
    Object.fromEntries(Object.entries(functions).map(([name, run]) => [name, host.define(run)]));
  return {
    host,
    context,
    hook: host.m.addFunction((state: Pointer) => context.onCount?.(state), "vii"),
    tables: {
      redis: define(redisFunctions(host, context)),
      cjson: define(cjsonFunctions(host)),
      cmsgpack: define(cmsgpackFunctions(host)),
      struct: define(structFunctions(host)),
      bit: define(bitFunctions(host)),
      base: define(baseFunctions(host, context)),
    },
  };
}

/** A state. */
export class Sandbox {
  /** The state itself. */
  readonly L: Pointer;
  /** References in the registry: the handler of errors, the real globals, the switch. */
  readonly #handler: number;
  readonly #globals: number;
  readonly #loading: number;
  readonly #host: LuaHost;
  /** References of all threads. */
  readonly #threads: Map<Pointer, number> = new Map();
  readonly #free: Pointer[] = [];

  /** Makes one for scripts, or for functions. */
  constructor({ host, tables }: Libraries, kind: "script" | "function") {
    this.#host = host;
    const { m } = host;
    const L = this.L = m._luaL_newstate();
    m._luaL_openlibs(L);
    for (const name of ["redis", "cjson", "cmsgpack", "struct", "bit"]) {
      m._lua_createtable(L, 0, 8);
      host.register(L, tables[name]!);
      if (name === "redis") this.#describeRedis();
      if (name === "cjson") this.#describeJson();
      host.setField(L, GLOBALS, name);
    }
    if (!host.load(L, SETUP, "@setup")) throw new TypeError(`Cannot set Lua up: ${host.text(L, -1)}`);
    m._lua_createtable(L, 0, 8);
    host.register(L, tables["base"]!);
    m._lua_createtable(L, LOAD_FIELDS.length, 0);
    for (const [index, name] of LOAD_FIELDS.entries()) {
      host.push(L, name);
      m._lua_rawseti(L, -2, index + 1);
    }
    m._lua_pushboolean(L, kind === "function" ? 1 : 0);
    if (m._lua_pcall(L, 3, 4, 0) !== 0) throw new TypeError(`Cannot set Lua up: ${host.text(L, -1)}`);
    m._lua_replace(L, GLOBALS);
    this.#loading = m._luaL_ref(L, REGISTRY);
    this.#globals = m._luaL_ref(L, REGISTRY);
    this.#handler = m._luaL_ref(L, REGISTRY);
  }

  #describeRedis(): void {
    const { L } = this;
    for (const [name, value] of Object.entries(REDIS_NUMBERS)) {
      this.#host.m._lua_pushnumber(L, value);
      this.#host.setField(L, -2, name);
    }
    this.#host.push(L, VERSION);
    this.#host.setField(L, -2, "REDIS_VERSION");
  }

  #describeJson(): void {
    const { L } = this;
    this.#host.m._lua_pushlightuserdata(L, 0);
    this.#host.setField(L, -2, "null");
    for (const [name, value] of [["_NAME", "cjson"], ["_VERSION", "2.1.0"]] as const) {
      this.#host.push(L, value);
      this.#host.setField(L, -2, name);
    }
  }

  /** A thread for an execution; it is given back by `release`. */
  thread(): Pointer {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const { m } = this.#host;
    const thread = m._lua_newthread(this.L);
    this.#threads.set(thread, m._luaL_ref(this.L, REGISTRY));
    return thread;
  }

  /** Takes a thread back: for another execution, unless it ended with an error. */
  release(thread: Pointer, again: boolean): void {
    if (again) {
      this.#free.push(thread);
      return;
    }
    this.#host.m._luaL_unref(this.L, REGISTRY, this.#threads.get(thread)!);
    this.#threads.delete(thread);
  }

  /** Pushes the error that ended a thread, with its place, where that is known. */
  describeError(thread: Pointer): void {
    const { m } = this.#host;
    m._lua_rawgeti(this.L, REGISTRY, this.#handler);
    m._lua_xmove(thread, this.L, 1);
    m._lua_rawgeti(this.L, REGISTRY, this.#threads.get(thread)!);
    m._lua_pcall(this.L, 2, 1, 0);
  }

  /** Pushes texts as an array. */
  pushArray(items: readonly string[]): void {
    const { m } = this.#host;
    m._lua_createtable(this.L, items.length, 0);
    for (let i = 0; i < items.length; i++) {
      this.#host.push(this.L, items[i]!);
      m._lua_rawseti(this.L, -2, i + 1);
    }
  }

  /** Sets a global to the top of the stack, bypassing the protection. */
  setGlobal(name: string): void {
    const { m } = this.#host;
    m._lua_rawgeti(this.L, REGISTRY, this.#globals);
    m._lua_insert(this.L, -2);
    this.#host.setField(this.L, -2, name);
    this.#host.pop(this.L);
  }

  /** Switches between the globals of a library that is being loaded and the normal ones. */
  loading(on: boolean): void {
    const { m } = this.#host;
    m._lua_rawgeti(this.L, REGISTRY, this.#loading);
    m._lua_pushboolean(this.L, on ? 1 : 0);
    m._lua_pcall(this.L, 1, 0, 0);
  }

  /** Compiles a chunk. Returns its reference, or the error. */
  compile(code: string, name: string): number | string {
    const { m } = this.#host;
    if (this.#host.load(this.L, code, name)) return m._luaL_ref(this.L, REGISTRY);
    const text = this.#host.text(this.L, -1)!;
    this.#host.pop(this.L);
    return text;
  }

  /** Frees it. */
  close(): void {
    this.#host.m._lua_close(this.L);
  }
}
