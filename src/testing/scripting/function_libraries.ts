/**
 * Libraries of functions: FUNCTION LOAD and the like.
 *
 * @module
 */
import { err } from "../reply.ts";
import { splitWords } from "../words.ts";
import { LuaError, type LuaHost } from "./lua_host.ts";
import { FUNCTION, NIL, type Pointer, REGISTRY, STRING, TABLE } from "./lua_module.ts";
import { type Libraries, Sandbox } from "./sandbox.ts";
import { SCRIPT_FLAGS } from "./script_flags.ts";
import { errorText } from "./values.ts";

/** A function that was registered. */
export interface RegisteredFunction {
  /** Its name. */
  readonly name: string;
  /** The description. */
  readonly description: string | undefined;
  /** The declared flags. */
  readonly flags: ReadonlySet<string>;
  /** The reference to the function. */
  readonly reference: number;
}

/** A library. */
export interface FunctionLibrary {
  /** Its name. */
  readonly name: string;
  /** Its whole text. */
  readonly code: string;
  /** Its functions by name. */
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
}

/** The engine that libraries are loaded into. */
export interface Engine {
  /** The engine; throws when it is not there. */
  readonly engine: Libraries;
  /** Ends code with an error that runs longer than `limit` milliseconds. */
  watch(sandbox: Sandbox, limit: number, text: string): void;
}

const LOAD_LIMIT = 500;
const BAD_NAME =
  "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";

function isName(text: string): boolean {
  return /^[A-Za-z0-9_]+$/.test(text);
}

function readMetadata(code: string): { readonly name: string; readonly engine: string; readonly at: number } {
  if (!code.startsWith("#!")) throw err("Missing library metadata");
  const end = code.indexOf("\n");
  const words = end < 0 ? undefined : splitWords(code.slice(0, end));
  if (words === undefined || words.length === 0) throw err("Invalid library metadata");
  let name: string | undefined;
  for (const word of words.slice(1)) {
    if (!/^name=/i.test(word)) throw err(`Invalid metadata value given: ${word}`);
    if (name !== undefined) throw err("Invalid metadata value, name argument was given multiple times");
    name = word.slice(5);
  }
  if (name === undefined) throw err("Library name was not given");
  return { name, engine: words[0]!.slice(2), at: end };
}

/** Reads the arguments of `redis.register_function` from the stack. */
function readFunction(host: LuaHost, L: Pointer): RegisteredFunction {
  const { m } = host;
  const refuse = (text: string): LuaError => new LuaError(errorText(text), "table");
  const count = m._lua_gettop(L);
  if (count < 1 || count > 2) throw refuse("wrong number of arguments to redis.register_function");
  if (count === 2) {
    const name = host.text(L, 1);
    if (name === undefined) throw refuse("first argument to redis.register_function must be a string");
    if (m._lua_type(L, 2) !== FUNCTION) {
      throw refuse("second argument to redis.register_function must be a function");
    }
    return { name, description: undefined, flags: new Set(), reference: m._luaL_ref(L, REGISTRY) };
  }
  if (m._lua_type(L, 1) !== TABLE) {
    throw refuse(
      "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
    );
  }
  let [name, description, reference]: [string?, string?, number?] = [];
  let flags: ReadonlySet<string> = new Set();
  const text = (what: string): string => {
    const found = host.text(L, -1);
    if (found === undefined) {
      throw refuse(`${what} argument given to redis.register_function must be a string`);
    }
    return found;
  };
  m._lua_pushnil(L);
  while (m._lua_next(L, 1) !== 0) {
    if (m._lua_type(L, -2) !== STRING) {
      throw refuse("named argument key given to redis.register_function is not a string");
    }
    const key = host.text(L, -2)!.toLowerCase();
    if (key === "function_name") name = text(key);
    else if (key === "description") description = text(key);
    else if (key === "callback") {
      if (m._lua_type(L, -1) !== FUNCTION) {
        throw refuse("callback argument given to redis.register_function must be a function");
      }
      reference = m._luaL_ref(L, REGISTRY);
      continue;
    } else if (key === "flags") {
      if (m._lua_type(L, -1) !== TABLE) {
        throw refuse(
          "flags argument to redis.register_function must be a table representing function flags",
        );
      }
      const found = readFlags(host, L);
      if (found === undefined) throw refuse("unknown flag given");
      flags = found;
    } else throw refuse("unknown argument given to redis.register_function");
    host.pop(L);
  }
  if (name === undefined) throw refuse("redis.register_function must get a function name argument");
  if (reference === undefined) throw refuse("redis.register_function must get a callback argument");
  return { name, description, flags, reference };
}

function readFlags(host: LuaHost, L: Pointer): Set<string> | undefined {
  const flags = new Set<string>();
  for (let place = 1;; place++) {
    host.m._lua_rawgeti(L, -1, place);
    const flag = host.text(L, -1)?.toLowerCase();
    const ended = host.m._lua_type(L, -1) === NIL;
    host.pop(L);
    if (ended) return flags;
    if (flag === undefined || !SCRIPT_FLAGS.includes(flag)) return undefined;
    flags.add(flag);
  }
}

/** All libraries of a server. */
export class FunctionLibraries {
  /** The libraries by name. */
  libraries: Map<string, FunctionLibrary> = new Map();
  readonly #engine: Engine;
  #sandbox: Sandbox | undefined;

  /** None yet. */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The state that functions run in. */
  get sandbox(): Sandbox {
    return this.#sandbox ??= new Sandbox(this.#engine.engine, "function");
  }

  /** Returns a function by its name, in upper or lower case. */
  find(name: string): RegisteredFunction | undefined {
    const wanted = name.toLowerCase();
    for (const { functions } of this.libraries.values()) {
      for (const found of functions.values()) if (found.name.toLowerCase() === wanted) return found;
    }
    return undefined;
  }

  /**
   * Compiles a library without adding it.
   *
   * @throws {ErrorReply} for an invalid library.
   */
  compile(code: string, others: ReadonlyMap<string, FunctionLibrary>, replace: boolean): FunctionLibrary {
    const { name, engine, at } = readMetadata(code);
    if (!isName(name)) throw err(BAD_NAME);
    if (engine.toLowerCase() !== "lua") throw err(`Engine '${engine}' not found`);
    if (others.has(name) && !replace) throw err(`Library '${name}' already exists`);
    const functions = this.#register(code.slice(at));
    if (functions.size === 0) throw err("No functions registered");
    for (const [other, library] of others) {
      if (other === name) continue;
      for (const each of functions.keys()) {
        if (library.functions.has(each)) throw err(`Function ${each} already exists`);
      }
    }
    return { name, code, functions };
  }

  #register(code: string): Map<string, RegisteredFunction> {
    const { engine } = this.#engine;
    const { host, context } = engine;
    const { sandbox } = this;
    const { L } = sandbox;
    const functions = new Map<string, RegisteredFunction>();
    context.register = (state) => {
      const found = readFunction(host, state);
      if (!isName(found.name)) throw new LuaError(errorText(BAD_NAME), "table");
      if (functions.has(found.name)) {
        throw new LuaError(errorText("Function already exists in the library"), "table");
      }
      functions.set(found.name, found);
    };
    sandbox.loading(true);
    try {
      if (!host.load(L, code, "@user_function")) throw err(`Error compiling function: ${host.text(L, -1)}`);
      this.#engine.watch(sandbox, LOAD_LIMIT, "ERR FUNCTION LOAD timeout");
      if (host.m._lua_pcall(L, 0, 0, 0) !== 0) {
        let text = host.m._lua_type(L, -1) === TABLE ? undefined : `ERR ${host.text(L, -1)}`;
        if (text === undefined) {
          host.getField(L, -1, "err");
          text = host.text(L, -1) ?? "(null)";
        }
        throw err(`Error registering functions: ${text}`);
      }
      return functions;
    } finally {
      host.m._lua_sethook(L, 0, 0, 0);
      host.m._lua_settop(L, 0);
      context.register = undefined;
      sandbox.loading(false);
    }
  }

  /** The number of functions. */
  get size(): number {
    return [...this.libraries.values()].reduce((sum, { functions }) => sum + functions.size, 0);
  }

  /** Forgets all libraries. */
  flush(): void {
    this.libraries = new Map();
    this.close();
  }

  /** Frees the memory of the engine. */
  close(): void {
    this.#sandbox?.close();
    this.#sandbox = undefined;
  }
}
