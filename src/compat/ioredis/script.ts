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
  /**
   * The connections that know it.
   *
   * @internal
   */
  readonly known: WeakSet<object> = new WeakSet();
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
    options.isFlat = true;
    return container.sendCommand(new ScriptCommand(this, args, options, container, callback));
  }
}

/** Returns the arguments of EVAL: the source, and the words of a call. */
// deno-lint-ignore no-explicit-any
function wordsOf(script: Script, args: readonly any[]): any[] {
  // deno-lint-ignore no-explicit-any
  const words: any[] = [script.lua];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index];
    if (!Array.isArray(arg)) words.push(arg);
    else for (let at = 0; at < arg.length; at++) words.push(arg[at]);
  }
  return words;
}

/** A call of a script. */
class ScriptCommand extends Command {
  readonly #script: Script;
  readonly #container: ScriptContainer;
  // deno-lint-ignore no-explicit-any
  readonly #given: any[];
  readonly #options: CommandOptions;
  #connection: object | undefined = undefined;
  #isRepeated = false;

  constructor(
    script: Script,
    // deno-lint-ignore no-explicit-any
    args: any[],
    options: CommandOptions,
    container: ScriptContainer,
    callback: Callback | undefined,
  ) {
    super("evalsha", wordsOf(script, args), options, callback);
    this.#script = script;
    this.#container = container;
    this.#given = args;
    this.#options = options;
  }

  /** Sends EVAL instead where the server has forgotten the script. */
  override rejected(error: unknown): void {
    // The constructor rejects the command if an argument cannot be converted to text.
    if (!(#isRepeated in this)) return super.rejected(error);
    const isForgotten = String((error as Error | null)?.message).includes("NOSCRIPT");
    if (isForgotten && this.#connection !== undefined) this.#script.known.delete(this.#connection);
    if (!isForgotten || this.#isRepeated) return super.rejected(error);
    this.#isRepeated = true;
    // Of several calls that have failed together, the first alone sends the source.
    queueMicrotask(() => this.#repeat());
  }

  #repeat(): void {
    const container = this.#container;
    const again = new ScriptCommand(this.#script, this.#given, this.#options, container, undefined);
    again.#isRepeated = true;
    const client = container.isPipeline ? container.redis! : container;
    (client.sendCommand(again) as Promise<unknown>).then(
      (result) => this.resolved(result),
      (reason) => super.rejected(reason),
    );
  }

  override prepare(connection: object): Command {
    const script = this.#script;
    this.#connection = connection;
    const isKnown = script.known.has(connection);
    this.name = isKnown ? "evalsha" : "eval";
    this.args[0] = isKnown ? script.sha : script.lua;
    if (!isKnown) script.known.add(connection);
    return this;
  }
}
