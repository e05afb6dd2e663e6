/**
 * Lua scripts as commands: EVAL the first time on a connection, EVALSHA afterwards.
 *
 * @module
 */
import { sha1 } from "../../commands/sha1.ts";
import { Command, type CommandOptions } from "./command.ts";
import type { Callback } from "./support.ts";

/** Executes scripts: a client or a pipeline. */
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
  /** The number of keys; without it the caller passes the number. */
  readonly numberOfKeys: number | null;
  /** The prefix of each key. */
  readonly keyPrefix: string | undefined;
  /** Whether replicas may run it. */
  readonly readOnly: boolean;
  readonly #known: WeakSet<object> = new WeakSet();
  #sha: string | undefined = undefined;

  /** Makes a script. */
  constructor(lua: string, numberOfKeys: number | null = null, keyPrefix = "", readOnly = false) {
    this.lua = lua;
    this.numberOfKeys = numberOfKeys;
    this.keyPrefix = keyPrefix;
    this.readOnly = readOnly;
  }

  /** The SHA-1 of the source, in hexadecimal digits. Libraries define many scripts, and call few. */
  get sha(): string {
    return this.#sha ??= sha1(this.lua);
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
    const command = new ScriptCommand(this, this.#known, args, options, container, callback);
    return container.sendCommand(command);
  }
}

interface Call {
  // deno-lint-ignore no-explicit-any
  readonly args: any[];
  readonly options: CommandOptions;
}

/** A call of a script. */
class ScriptCommand extends Command {
  readonly #script: Script;
  readonly #known: WeakSet<object>;
  readonly #container: ScriptContainer;
  readonly #call: Call;
  #connection: object | undefined = undefined;
  #isRepeated = false;

  constructor(
    script: Script,
    known: WeakSet<object>,
    // deno-lint-ignore no-explicit-any
    args: any[],
    options: CommandOptions,
    container: ScriptContainer,
    callback: Callback | undefined,
  ) {
    super("evalsha", [script.lua, ...args], options, callback);
    this.#script = script;
    this.#known = known;
    this.#container = container;
    this.#call = { args, options };
  }

  /** Sends EVAL instead where the server has forgotten the script. */
  override rejected(error: unknown): void {
    // The constructor rejects the command if an argument cannot be converted to text.
    if (!(#isRepeated in this)) return super.rejected(error);
    const isForgotten = String((error as Error | null)?.message).includes("NOSCRIPT");
    if (isForgotten && this.#connection !== undefined) this.#known.delete(this.#connection);
    if (!isForgotten || this.#isRepeated) return super.rejected(error);
    this.#isRepeated = true;
    const { args, options } = this.#call;
    const again = new ScriptCommand(this.#script, this.#known, args, options, this.#container, undefined);
    again.#isRepeated = true;
    const client = this.#container.isPipeline ? this.#container.redis! : this.#container;
    (client.sendCommand(again) as Promise<unknown>).then(
      (result) => this.resolved(result),
      (reason) => super.rejected(reason),
    );
  }

  override prepare(connection: object): Command {
    this.#connection = connection;
    const isKnown = this.#known.has(connection);
    this.name = isKnown ? "evalsha" : "eval";
    this.args[0] = isKnown ? this.#script.sha : this.#script.lua;
    if (!isKnown) this.#known.add(connection);
    return this;
  }
}
