/**
 * Lua scripts as commands: EVAL the first time on a connection, EVALSHA afterwards.
 *
 * @module
 */
import { sha1 } from "../../commands/sha1.ts";
import { Command, type CommandOptions } from "./command.ts";
import { asCallback, type Callback } from "./support.ts";

/** What executes scripts: a client or a pipeline. */
export interface ScriptContainer {
  /** Whether it is a pipeline. */
  readonly isPipeline?: boolean;
  /** The client of a pipeline. */
  readonly redis?: ScriptContainer;
  /** Sends a command. */
  sendCommand(command: Command): unknown;
}

/** A script with the connections that know it. */
export class Script {
  /** The source. */
  readonly lua: string;
  /** The SHA-1 of the source, in hexadecimal digits. */
  readonly sha: string;
  /** How many of the arguments are keys; without, the caller says it. */
  readonly numberOfKeys: number | null;
  /** What stands before each key. */
  readonly keyPrefix: string | undefined;
  /** Whether replicas may run it. */
  readonly readOnly: boolean;
  readonly #known: WeakSet<object> = new WeakSet();

  /** Makes a script. */
  constructor(lua: string, numberOfKeys: number | null = null, keyPrefix = "", readOnly = false) {
    this.lua = lua;
    this.numberOfKeys = numberOfKeys;
    this.keyPrefix = keyPrefix;
    this.readOnly = readOnly;
    this.sha = sha1(lua);
  }

  /** Executes the script, with EVAL again where the server has forgotten it. */
  execute(
    container: ScriptContainer,
    // deno-lint-ignore no-explicit-any
    args: any[],
    options: CommandOptions,
    callback?: Callback,
  ): unknown {
    if (typeof this.numberOfKeys === "number") args.unshift(this.numberOfKeys);
    if (this.keyPrefix) options.keyPrefix = this.keyPrefix;
    if (this.readOnly) options.readOnly = true;
    const command = new ScriptCommand(this, this.#known, args, options);
    command.promise = command.promise.catch((error) => {
      if (!String(error?.message).includes("NOSCRIPT")) throw error;
      const again = new ScriptCommand(this, this.#known, args, options);
      const client = container.isPipeline ? container.redis! : container;
      return client.sendCommand(again);
    });
    asCallback(command.promise, callback);
    return container.sendCommand(command);
  }
}

/** A call of a script. */
class ScriptCommand extends Command {
  readonly #script: Script;
  readonly #known: WeakSet<object>;
  #connection: object | undefined = undefined;

  // deno-lint-ignore no-explicit-any
  constructor(script: Script, known: WeakSet<object>, args: any[], options: CommandOptions) {
    super("evalsha", [script.sha, ...args], options);
    this.#script = script;
    this.#known = known;
  }

  override initPromise(): void {
    super.initPromise();
    const { reject } = this;
    this.reject = (error) => {
      if (String(error?.message).includes("NOSCRIPT") && this.#connection !== undefined) {
        this.#known.delete(this.#connection);
      }
      reject(error);
    };
  }

  override prepare(connection: object): Command {
    this.#connection = connection;
    const isKnown = this.#known.has(connection);
    this.name = isKnown ? "evalsha" : "eval";
    this.args[0] = isKnown ? this.#script.sha : this.#script.lua;
    this.#known.add(connection);
    return this;
  }
}
