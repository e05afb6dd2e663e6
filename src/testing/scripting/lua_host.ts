/**
 * Lua's stack from TypeScript: strings as bytes, functions that may throw, and nothing that passes UTF-8.
 *
 * @module
 */
import { toText } from "../types/bytes.ts";
import { type LuaModule, type Pointer, STRING } from "./lua_module.ts";

/** An error to be raised in Lua. */
export class LuaError {
  /** The message. */
  readonly text: string;
  /** `place`: a string that begins with the place in the script; `plain`: a string; `table`: a table with the field `err`. */
  readonly as: "place" | "plain" | "table";
  /** Whether the error was counted for INFO already. */
  readonly counted: boolean;

  /** Makes one. */
  constructor(text: string, as: "place" | "plain" | "table" = "place", counted: boolean = false) {
    this.text = text;
    this.as = as;
    this.counted = counted;
  }
}

/** The error of a wrong argument, as Lua's own library words it. */
export function argumentError(place: number, name: string, why: string): LuaError {
  return new LuaError(`bad argument #${place} to '${name}' (${why})`);
}

/** A function for Lua: takes its arguments from the stack, pushes its results, and returns how many. */
export type LuaFunction = (L: Pointer) => number;

/** One engine. */
export class LuaHost {
  /** The module. */
  readonly m: LuaModule;
  readonly #names: Map<string, Pointer> = new Map();
  readonly #size: Pointer;
  #scratch: Pointer;
  #room = 4096;

  /** Takes over a module. */
  constructor(module: LuaModule) {
    this.m = module;
    this.#size = module._malloc(8);
    this.#scratch = module._malloc(this.#room);
  }

  /** A name as a C string, which stays. */
  name(text: string): Pointer {
    let pointer = this.#names.get(text);
    if (pointer === undefined) {
      pointer = this.m._malloc(text.length + 1);
      const { HEAPU8 } = this.m;
      for (let i = 0; i < text.length; i++) HEAPU8[pointer + i] = text.charCodeAt(i);
      HEAPU8[pointer + text.length] = 0;
      this.#names.set(text, pointer);
    }
    return pointer;
  }

  #reserve(size: number): Pointer {
    if (size > this.#room) {
      this.m._free(this.#scratch);
      this.#room = Math.max(size, this.#room * 2);
      this.#scratch = this.m._malloc(this.#room);
    }
    return this.#scratch;
  }

  /** Pushes a string, each character a byte. */
  push(L: Pointer, text: string): void {
    const pointer = this.#reserve(text.length);
    const { HEAPU8 } = this.m;
    for (let i = 0; i < text.length; i++) HEAPU8[pointer + i] = text.charCodeAt(i);
    this.m._lua_pushlstring(L, pointer, text.length);
  }

  /** Compiles a chunk and pushes it; `false` when the error is pushed. */
  load(L: Pointer, code: string, name: string): boolean {
    const pointer = this.m._malloc(Math.max(1, code.length));
    const { HEAPU8 } = this.m;
    for (let i = 0; i < code.length; i++) HEAPU8[pointer + i] = code.charCodeAt(i);
    const status = this.m._luaL_loadbuffer(L, pointer, code.length, this.name(name));
    this.m._free(pointer);
    return status === 0;
  }

  /** The string or number at an index as a string; `undefined` for other types. */
  text(L: Pointer, index: number): string | undefined {
    const pointer = this.m._lua_tolstring(L, index, this.#size);
    if (pointer === 0) return undefined;
    const size = this.m.HEAP32[this.#size >> 2]!;
    return toText(this.m.HEAPU8.subarray(pointer, pointer + size));
  }

  /** The string at an index; a number is not one. */
  string(L: Pointer, index: number): string | undefined {
    return this.m._lua_type(L, index) === STRING ? this.text(L, index) : undefined;
  }

  /** Pops the top of the stack into a field of the table at an index. */
  setField(L: Pointer, index: number, name: string): void {
    this.m._lua_setfield(L, index, this.name(name));
  }

  /** Pushes a field of the table at an index. */
  getField(L: Pointer, index: number, name: string): void {
    this.m._lua_getfield(L, index, this.name(name));
  }

  /** Pops `count` values. */
  pop(L: Pointer, count: number = 1): void {
    this.m._lua_settop(L, -count - 1);
  }

  /** Ensures stack space for `count` values. */
  room(L: Pointer, count: number): boolean {
    return this.m._lua_checkstack(L, count) !== 0;
  }

  /** Pushes `{err = text}`. */
  pushError(L: Pointer, text: string, counted: boolean): void {
    this.m._lua_createtable(L, 0, 2);
    this.push(L, text);
    this.setField(L, -2, "err");
    if (!counted) return;
    this.m._lua_pushboolean(L, 1);
    this.setField(L, -2, "ignore_error_stats_update");
  }

  /** Creates a function that Lua can call. A thrown `LuaError` is raised in Lua. The function is never freed. */
  define(run: LuaFunction): Pointer {
    const { m } = this;
    return m.addFunction((L: Pointer): number => {
      try {
        return run(L);
      } catch (error) {
        if (!(error instanceof LuaError)) throw error;
        if (error.as === "table") this.pushError(L, error.text, error.counted);
        else if (error.as === "plain") this.push(L, error.text);
        else {
          m._luaL_where(L, 1);
          this.push(L, error.text);
          m._lua_concat(L, 2);
        }
      }
      return m._lua_error(L);
    }, "ii");
  }

  /** Sets fields of the table on top to functions. */
  register(L: Pointer, functions: Readonly<Record<string, Pointer>>): void {
    for (const [name, run] of Object.entries(functions)) {
      this.m._lua_pushcclosure(L, run, 0);
      this.setField(L, -2, name);
    }
  }

  /** The number that is an argument, or a string that is one. */
  checkNumber(L: Pointer, place: number, name: string): number {
    if (this.m._lua_isnumber(L, place) !== 0) return this.m._lua_tonumber(L, place);
    throw argumentError(place, name, `number expected, got ${this.typeName(L, place)}`);
  }

  /** The string that is an argument. */
  checkText(L: Pointer, place: number, name: string): string {
    const text = this.text(L, place);
    if (text === undefined) {
      throw argumentError(place, name, `string expected, got ${this.typeName(L, place)}`);
    }
    return text;
  }

  /** The name of the type of an argument. */
  typeName(L: Pointer, place: number): string {
    const names = [
      "nil",
      "boolean",
      "userdata",
      "number",
      "string",
      "table",
      "function",
      "userdata",
      "thread",
    ];
    return names[this.m._lua_type(L, place)] ?? "no value";
  }
}
