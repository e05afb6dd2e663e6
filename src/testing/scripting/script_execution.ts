/**
 * The execution of a script in a Lua thread, which can be interrupted while the script loops.
 *
 * A hook that counts instructions yields. Lua 5.1 cannot yield inside a C function that calls Lua, such as `pcall`,
 * `string.gsub` with a callback, or a metamethod: there, the execution ends with an error after twice the limit.
 *
 * @module
 */
import { systemClock } from "../../clock.ts";
import { err, ErrorReply, type ReplyValue } from "../reply.ts";
import { type Pointer, REGISTRY, TABLE } from "./lua_module.ts";
import type { Libraries, Sandbox } from "./sandbox.ts";
import type { ScriptRun } from "./script_run.ts";
import { readReply } from "./values.ts";

const EACH_LINE = 4;
const COUNT = 8;
const INSTRUCTIONS = 100_000;
const YIELDED = 1;
/** The offsets of `nCcalls` and `baseCcalls` in `lua_State` of Lua 5.1: the depth of calls through C, now and at the start. */
const [DEPTH, START_DEPTH] = [52, 54];

/** The parts of an execution. */
export interface ExecutionParts {
  /** The engine. */
  readonly engine: Libraries;
  /** The state. */
  readonly sandbox: Sandbox;
  /** The run. */
  readonly run: ScriptRun;
  /** Milliseconds until it can be interrupted; 0: never. */
  readonly limit: number;
  /** Whether it can be interrupted; if not, it ends with an error. */
  readonly interruptible: boolean;
}

/** An execution of a script or a function. */
export class ScriptExecution {
  /** The running script. */
  readonly run: ScriptRun;
  /** The time of its start, as `systemClock.now()`. */
  readonly startedAt: number = systemClock.now();
  readonly #engine: Libraries;
  readonly #sandbox: Sandbox;
  readonly #limit: number;
  readonly #interruptible: boolean;
  readonly #thread: Pointer;
  #arguments = 0;
  #until = Infinity;
  #killed = false;

  /** Prepares an execution. */
  constructor({ engine, sandbox, run, limit, interruptible }: ExecutionParts) {
    this.run = run;
    this.#engine = engine;
    this.#sandbox = sandbox;
    this.#limit = limit;
    this.#interruptible = interruptible;
    this.#thread = sandbox.thread();
  }

  /** Runs a compiled function. Returns its reply; `undefined` where it was interrupted. */
  start(
    reference: number,
    keys: readonly string[],
    args: readonly string[],
    globals: boolean,
  ): ReplyValue | undefined {
    const { host } = this.#engine;
    const { L } = this.#sandbox;
    host.m._lua_settop(L, 0);
    host.m._lua_rawgeti(this.#thread, REGISTRY, reference);
    this.#sandbox.pushArray(keys);
    if (globals) this.#sandbox.setGlobal("KEYS");
    this.#sandbox.pushArray(args);
    if (globals) this.#sandbox.setGlobal("ARGV");
    else host.m._lua_xmove(L, this.#thread, 2);
    this.#arguments = globals ? 0 : 2;
    return this.resume(this.#limit > 0 ? this.startedAt + this.#limit : Infinity);
  }

  /** Continues until a time of `systemClock.now()`. Returns the reply; `undefined` where it was interrupted again. */
  resume(until: number): ReplyValue | undefined {
    const { host, context, hook } = this.#engine;
    const { m } = host;
    this.#until = until;
    context.onCount = (state) => this.#look(state);
    if (until !== Infinity) m._lua_sethook(this.#thread, hook, COUNT, INSTRUCTIONS);
    const status = m._lua_resume(this.#thread, this.#arguments);
    this.#arguments = 0;
    if (status === YIELDED) return undefined;
    m._lua_sethook(this.#thread, 0, 0, 0);
    // Only the first result is used.
    if (status === 0) m._lua_settop(this.#thread, 1);
    const reply = status === 0 ? readReply(host, this.#thread, this.run.session.protocol) : this.#failure();
    m._lua_settop(this.#thread, 0);
    this.#sandbox.release(this.#thread, status === 0);
    return reply;
  }

  /** Ends it with an error when it continues. */
  kill(): void {
    this.#killed = true;
  }

  #look(state: Pointer): void {
    if (this.#killed) return this.#raise(state, "ERR Script killed by user with SCRIPT KILL...");
    const now = systemClock.now();
    if (now < this.#until) return;
    if (this.#interruptible && this.#canYield(state)) {
      this.#engine.host.m._lua_yield(state, 0);
      return;
    }
    if (this.#interruptible && now < this.startedAt + 2 * this.#limit) return;
    this.#raise(state, `ERR Script stopped by the test server: it ran longer than ${this.#limit} ms`);
  }

  #canYield(state: Pointer): boolean {
    if (state !== this.#thread) return false;
    const { HEAPU8 } = this.#engine.host.m;
    const read = (at: number): number => HEAPU8[state + at]! + 256 * HEAPU8[state + at + 1]!;
    return read(START_DEPTH) > 0 && read(DEPTH) === read(START_DEPTH);
  }

  #raise(state: Pointer, text: string): void {
    const { host, hook } = this.#engine;
    // Again at each line, so that the script cannot catch it.
    host.m._lua_sethook(state, hook, EACH_LINE, 0);
    host.pushError(state, text, false);
    host.m._lua_error(state);
  }

  /** The error that is on top of the thread, as the caller gets it. */
  #failure(): ErrorReply {
    const { host } = this.#engine;
    const { L } = this.#sandbox;
    const { name } = this.run;
    this.#sandbox.describeError(this.#thread);
    if (host.m._lua_type(L, -1) !== TABLE) {
      return err(`Error running script ${name}, ${(host.text(L, -1) ?? "execution failure").slice(0, 100)}`);
    }
    const field = (key: string): string | undefined => {
      host.getField(L, -1, key);
      const text = host.text(L, -1);
      host.pop(L);
      return text;
    };
    const [text = "(null)", source, line] = ["err", "source", "line"].map(field);
    host.getField(L, -1, "ignore_error_stats_update");
    const counted = host.m._lua_toboolean(L, -1) !== 0;
    host.m._lua_settop(L, 0);
    const place = source === undefined || line === undefined ? "" : ` script: ${name}, on ${source}:${line}.`;
    return new ErrorReply(`${text}${place}`.replace(/[\r\n]+$/, "").replace(/[\r\n]/g, " "), counted);
  }
}
