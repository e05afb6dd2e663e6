/**
 * The scripts of a server, and their runs.
 *
 * @module
 */
import { systemClock } from "../../clock.ts";
import { makeRoom } from "../memory_limit.ts";
import { BLOCKED, err, ErrorReply, type ReplyValue } from "../reply.ts";
import type { ServerState, Session } from "../state.ts";
import type { ScriptGate } from "../script_gate.ts";
import { FunctionLibraries } from "./function_libraries.ts";
import { LuaHost } from "./lua_host.ts";
import { instantiate, type LuaLoader } from "./lua_module.ts";
import { type Libraries, makeLibraries, Sandbox } from "./sandbox.ts";
import { BusyScript } from "./busy_script.ts";
import { ScriptExecution } from "./script_execution.ts";
import { commandNeeds, readHeader, type ScriptFlags } from "./script_flags.ts";
import type { ScriptRun } from "./script_run.ts";
import { sha1 } from "./sha1.ts";

/** A script that was loaded. */
export interface Script {
  /** Its hash. */
  readonly sha: string;
  /** Its text. */
  readonly body: string;
  /** The flags of its first line. */
  readonly flags: ScriptFlags;
  /** The reference to the compiled function. */
  reference: number;
}

/** A script to run. */
export interface Job {
  /** The hash, or the name of the function. */
  readonly name: string;
  /** Its flags. */
  readonly flags: ScriptFlags;
  /** Whether it was called by a command that only reads. */
  readonly readOnly: boolean;
  /** The compiled function. */
  readonly reference: number;
  /** The words of the command that runs it. */
  readonly words: readonly string[];
  /** The keys. */
  readonly keys: readonly string[];
  /** The other arguments. */
  readonly args: readonly string[];
}

const EACH_LINE = 4;
const COUNT = 8;
const INSTRUCTIONS = 100_000;
/** One instance of the engine for each way to load it. */
const engines: WeakMap<LuaLoader, Promise<Libraries>> = new WeakMap();
const loaded: WeakMap<LuaLoader, Libraries> = new WeakMap();

const all: WeakMap<ServerState, Scripting> = new WeakMap();

/** The scripts and functions of a server. */
export function scriptingOf(server: ServerState): Scripting {
  return all.get(server)!;
}

/** The scripts and functions of a server. */
export class Scripting implements ScriptGate {
  /** Scripts by their hash. */
  readonly scripts: Map<string, Script> = new Map();
  /** Libraries of functions. */
  readonly functions: FunctionLibraries;
  /** The error, if the engine could not be loaded. */
  problem: ErrorReply | undefined;
  readonly #server: ServerState;
  readonly #loader: LuaLoader;
  #engine: Libraries | undefined;
  #sandbox: Sandbox | undefined;
  #session: Session | undefined;
  #busy: BusyScript | undefined;

  /** Loads nothing yet. */
  constructor(server: ServerState, loader: LuaLoader) {
    this.#server = server;
    this.#loader = loader;
    this.functions = new FunctionLibraries(this);
    all.set(server, this);
  }

  /** Whether a script can be run now, or be refused. */
  get ready(): boolean {
    this.#engine ??= loaded.get(this.#loader);
    return this.#engine !== undefined || this.problem !== undefined;
  }

  /** The numbers of scripts, libraries and functions. */
  get counts(): { readonly scripts: number; readonly libraries: number; readonly functions: number } {
    const { libraries, size } = this.functions;
    return { scripts: this.scripts.size, libraries: libraries.size, functions: size };
  }

  /** Loads the engine; a failure shows in `problem`. */
  async load(): Promise<void> {
    try {
      let engine = engines.get(this.#loader);
      if (engine === undefined) {
        engine = this.#loader().then(instantiate).then((module) => makeLibraries(new LuaHost(module)));
        engines.set(this.#loader, engine);
      }
      this.#engine = await engine;
      loaded.set(this.#loader, this.#engine);
    } catch (error) {
      engines.delete(this.#loader);
      this.problem = err(
        "The test server needs the package 'wasmoon-lua5.1' for scripts and functions. Install it: " +
          `npm install --save-dev wasmoon-lua5.1 (${
            error instanceof Error ? error.message.split("\n")[0] : error
          })`,
      );
    }
  }

  /** The engine.
   *
   * @throws {ErrorReply} when it is not there. */
  get engine(): Libraries {
    if (!this.ready || this.#engine === undefined) {
      throw this.problem ?? err("The Lua engine of the test server is not loaded yet");
    }
    return this.#engine;
  }

  get #scripts(): Sandbox {
    return this.#sandbox ??= new Sandbox(this.engine, "script");
  }

  /** Loads a script.
   *
   * @throws {ErrorReply} when it cannot be compiled. */
  add(body: string): Script {
    const sha = sha1(body);
    const known = this.scripts.get(sha);
    if (known !== undefined) return known;
    const header = readHeader(body);
    if (header instanceof ErrorReply) throw header;
    const reference = this.#scripts.compile(body.slice(header.length), "@user_script");
    if (typeof reference === "string") throw err(`Error compiling script (new function): ${reference}`);
    const script: Script = { sha, body, flags: header.flags, reference };
    this.scripts.set(sha, script);
    return script;
  }

  /** Forgets all scripts. */
  flush(): void {
    this.scripts.clear();
    this.#sandbox?.close();
    this.#sandbox = undefined;
  }

  /** Frees the memory of the engine. */
  close(): void {
    this.#busy?.abandon();
    this.flush();
    this.functions.close();
  }

  /** Returns the requirements of a command that runs a script, from the script's flags. */
  needs(
    name: string,
    args: readonly string[],
  ): { readonly write: boolean; readonly memory: boolean } | undefined {
    const word = args[1]!;
    let flags: ScriptFlags;
    if (name.startsWith("fcall")) flags = this.functions.find(word)?.flags;
    else if (name.startsWith("evalsha")) flags = this.scripts.get(word.toLowerCase())?.flags;
    else {
      if (!word.startsWith("#!")) return undefined;
      const header = readHeader(word);
      flags = header instanceof ErrorReply ? undefined : header.flags;
    }
    return flags === undefined ? undefined : commandNeeds(flags);
  }

  /** Runs a script that was loaded. */
  runScript(caller: Session, job: Job): ReplyValue {
    return this.#run(this.#scripts, caller, job, true);
  }

  /** Runs a function. */
  runFunction(sandbox: Sandbox, caller: Session, job: Job): ReplyValue {
    return this.#run(sandbox, caller, job, false);
  }

  /** Returns the refusal of a script with flags; `undefined` if it may run. */
  #refusal(caller: Session, { flags, readOnly }: Job, outOfMemory: boolean): ErrorReply | undefined {
    if (flags === undefined) return undefined;
    const { replication, config } = caller.server;
    if (flags.has("no-cluster") && config.flag("cluster-enabled")) {
      return err("Can not run script on cluster, 'no-cluster' flag is set.");
    }
    if (!flags.has("no-writes")) {
      if (replication.master !== undefined && config.flag("replica-read-only")) {
        return new ErrorReply("READONLY Can not run script with write flag on readonly replica");
      }
      if (readOnly) return err("Can not execute a script with write flag using *_ro command.");
      if (outOfMemory && !flags.has("allow-oom")) {
        return new ErrorReply(
          "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'",
        );
      }
    }
    return undefined;
  }

  #run(sandbox: Sandbox, caller: Session, job: Job, globals: boolean): ReplyValue {
    const server = this.#server;
    const { engine } = this;
    const outOfMemory = server.config.number("maxmemory") > 0 && !makeRoom(server);
    const refused = this.#refusal(caller, job, outOfMemory);
    if (refused !== undefined) return refused;
    const before = engine.context.run;
    const run = engine.context.run = this.#begin(caller, job, outOfMemory);
    const limit = server.config.number("busy-reply-threshold");
    // Within EXEC nothing can wait, and a clock of a test does not run by itself.
    const interruptible = server.time.real && !caller.noBlock;
    try {
      const execution = new ScriptExecution({ engine, sandbox, run, limit, interruptible });
      const reply = execution.start(job.reference, job.keys, job.args, globals);
      if (reply !== undefined) return reply;
      this.#busy = new BusyScript(server, engine.context, execution, job, globals);
      return BLOCKED;
    } finally {
      engine.context.run = before;
    }
  }

  /** The script that keeps the server busy. */
  get busy(): BusyScript | undefined {
    return this.#busy?.done === false ? this.#busy : undefined;
  }

  #begin(caller: Session, { name, flags, readOnly, words }: Job, outOfMemory: boolean): ScriptRun {
    const session = this.#session ??= this.#server.open(undefined);
    session.db = caller.db;
    session.user = caller.user;
    session.caller = caller;
    session.declared = words;
    session.protocol = 2;
    session.readOnly = caller.readOnly;
    session.authenticated =
      session.script =
      session.noBlock =
      session.nested =
        true;
    return {
      caller,
      session,
      name,
      readOnly: readOnly || (flags?.has("no-writes") ?? false),
      oom: outOfMemory && !(flags?.has("allow-oom") ?? false),
      crossSlot: flags === undefined || flags.has("allow-cross-slot-keys"),
      wrote: false,
      replicates: true,
    };
  }

  /** Ends code with an error that runs longer than `limit` milliseconds; 0: never. */
  watch({ L }: Sandbox, limit: number, text: string): void {
    if (limit <= 0) return;
    const { host, context, hook } = this.engine;
    const until = systemClock.now() + limit;
    context.onCount = (state) => {
      if (systemClock.now() < until) return;
      // Raised again at each line, so that the script cannot catch it.
      host.m._lua_sethook(state, hook, EACH_LINE, 0);
      host.pushError(state, text, false);
      host.m._lua_error(state);
    };
    host.m._lua_sethook(L, hook, COUNT, INSTRUCTIONS);
  }
}
