/**
 * The table `redis` of scripts.
 *
 * @module
 */
import { lookup } from "../dispatch.ts";
import { denied } from "../acl/check.ts";
import { general } from "../numbers.ts";
import { ErrorReply } from "../reply.ts";
import { VERSION } from "../version.ts";
import { LuaError, type LuaFunction, type LuaHost } from "./lua_host.ts";
import { NUMBER, type Pointer, STRING } from "./lua_module.ts";
import { callFromScript, type ScriptRun } from "./script_run.ts";
import { sha1 } from "./sha1.ts";
import { errorText, pushReply } from "./values.ts";

/** The running script of an engine. */
export interface ScriptContext {
  /** The script that runs. */
  run: ScriptRun | undefined;
  /** Takes in a function, while a library is loaded. */
  register: ((L: Pointer) => void) | undefined;
  /** Called by the hook that counts instructions. */
  onCount: ((L: Pointer) => void) | undefined;
}

const LEVELS = ["LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"];
const REPLICATION = { REPL_NONE: 0, REPL_AOF: 1, REPL_SLAVE: 2, REPL_REPLICA: 2, REPL_ALL: 3 };

/** Numbers of the table `redis`. */
export const REDIS_NUMBERS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(LEVELS.map((level, index) => [level, index])),
  ...REPLICATION,
  REDIS_VERSION_NUM: VERSION.split(".").reduce((sum, part) => sum * 256 + Number(part), 0),
};

/** The fields of `redis` that are available while a library is loaded. */
export const LOAD_FIELDS: readonly string[] = ["log", ...LEVELS, "REDIS_VERSION_NUM"];

function raised(text: string): LuaError {
  return new LuaError(errorText(text), "table");
}

/** The words of a command that are on the stack, which is emptied. */
function readWords(host: LuaHost, L: Pointer): string[] | string {
  const { m } = host;
  const count = m._lua_gettop(L);
  if (count === 0) return "Please specify at least one argument for this redis lib call";
  const words: string[] = [];
  for (let place = 1; place <= count; place++) {
    const type = m._lua_type(L, place);
    if (type === NUMBER) words.push(formatNumber(m._lua_tonumber(L, place)));
    else if (type === STRING) words.push(host.text(L, place)!);
    else break;
  }
  m._lua_settop(L, 0);
  return words.length === count ? words : "Lua redis lib command arguments must be strings or integers";
}

/** `%.17g`. */
function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e17) return Object.is(value, -0) ? "-0" : String(value);
  if (Number.isNaN(value)) return "-nan";
  return Number.isFinite(value) ? general(value, 17) : value > 0 ? "inf" : "-inf";
}

/** The functions of the table `redis`. */
export function redisFunctions(host: LuaHost, context: ScriptContext): Record<string, LuaFunction> {
  const { m } = host;
  const running = (name: string): ScriptRun => {
    if (context.run === undefined) throw raised(`${name} can only be called inside a script invocation`);
    return context.run;
  };
  const command = (L: Pointer, raises: boolean): number => {
    const run = running("redis.call/pcall");
    const words = readWords(host, L);
    const reply = typeof words === "string" ? undefined : callFromScript(run, words);
    if (reply === undefined) {
      if (raises) throw raised(words as string);
      host.pushError(L, errorText(words as string), false);
    } else {
      if (raises && reply instanceof ErrorReply) {
        throw new LuaError(errorText(`-${reply.text}`), "table", true);
      }
      pushReply(host, L, reply, run.session.protocol);
    }
    return 1;
  };
  const oneText = (L: Pointer): string | undefined => m._lua_gettop(L) === 1 ? host.string(L, 1) : undefined;
  const wrongType = (L: Pointer): number => {
    host.pushError(L, errorText("wrong number or type of arguments"), false);
    return 1;
  };
  return {
    call: (L) => command(L, true),
    pcall: (L) => command(L, false),
    error_reply(L) {
      const text = oneText(L);
      if (text === undefined) return wrongType(L);
      host.pushError(L, errorText(text.startsWith("-") ? text : `-${text}`), false);
      return 1;
    },
    status_reply(L) {
      const text = oneText(L);
      if (text === undefined) return wrongType(L);
      m._lua_createtable(L, 0, 1);
      host.push(L, text);
      host.setField(L, -2, "ok");
      return 1;
    },
    sha1hex(L) {
      if (m._lua_gettop(L) !== 1) throw raised("wrong number of arguments");
      host.push(L, sha1(host.text(L, 1) ?? ""));
      return 1;
    },
    log(L) {
      if (m._lua_gettop(L) < 2) throw raised("redis.log() requires two arguments or more.");
      if (m._lua_type(L, 1) !== NUMBER) throw raised("First argument must be a number (log level).");
      const level = Math.trunc(m._lua_tonumber(L, 1));
      if (level < 0 || level > 3) throw raised("Invalid debug level.");
      return 0;
    },
    setresp(L) {
      const run = running("redis.setresp");
      if (m._lua_gettop(L) !== 1) throw raised("redis.setresp() requires one argument.");
      const protocol = Math.trunc(m._lua_tonumber(L, 1));
      if (protocol !== 2 && protocol !== 3) throw raised("RESP version must be 2 or 3.");
      run.session.protocol = protocol;
      return 0;
    },
    set_repl(L) {
      const run = running("redis.set_repl");
      if (m._lua_gettop(L) !== 1) throw raised("redis.set_repl() requires two arguments.");
      const flags = Math.trunc(m._lua_tonumber(L, 1));
      if ((flags & ~3) !== 0) {
        throw raised("Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
      }
      run.replicates = (flags & 2) !== 0;
      return 0;
    },
    acl_check_cmd(L) {
      const run = running("redis.acl_check_cmd");
      const words = readWords(host, L);
      if (typeof words === "string") throw raised(words);
      const { server, user } = run.caller;
      const found = lookup(server, words);
      if (found instanceof ErrorReply) throw raised("Invalid command passed to redis.acl_check_cmd()");
      m._lua_pushboolean(L, denied(user, found, words) === undefined ? 1 : 0);
      return 1;
    },
    breakpoint(L) {
      m._lua_pushboolean(L, 0);
      return 1;
    },
    debug: () => 0,
    replicate_commands(L) {
      m._lua_pushboolean(L, 1);
      return 1;
    },
    register_function(L) {
      if (context.register === undefined) {
        throw raised("redis.register_function can only be called on FUNCTION LOAD command");
      }
      context.register(L);
      return 0;
    },
  };
}
