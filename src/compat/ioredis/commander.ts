/**
 * The methods that clients and pipelines share: one for each command, its Buffer variant, and those of scripts.
 *
 * @module
 */
import { Command } from "./command.ts";
import { commandNames } from "./command_table.ts";
import type { RedisCommander } from "./commander_types.ts";
import { executeWithAutoPipelining, shouldUseAutoPipelining } from "./auto_pipelining.ts";
import { Script, type ScriptContainer } from "./script.ts";
import type { Callback } from "./support.ts";

/** Options that concern how commands are made. */
export interface CommanderOptions {
  /** The prefix of each key. */
  keyPrefix?: string | undefined;
  /** Errors get the stack of the call. Default `false`. */
  showFriendlyErrorStack?: boolean | undefined;
}

/** A method that is called on a client or a pipeline. */
// deno-lint-ignore no-explicit-any
export type CommandMethod = (this: any, ...args: any[]) => any;

function takeCallback(args: unknown[]): Callback | undefined {
  return typeof args[args.length - 1] === "function" ? args.pop() as Callback : undefined;
}

/** The method of a command; without a name, its first argument is the name. */
function commandMethod(method: string | null, name: string | null, encoding: string | null): CommandMethod {
  return function (...args) {
    const command = name ?? args.shift() as string;
    const callback = takeCallback(args);
    const { options } = this;
    if (shouldUseAutoPipelining(this, method, command)) {
      return executeWithAutoPipelining(this, method!, command, args, callback);
    }
    return this.sendCommand(
      new Command(
        command,
        args,
        {
          errorStack: options.showFriendlyErrorStack ? new Error() : undefined,
          keyPrefix: options.keyPrefix,
          replyEncoding: encoding,
        },
        callback,
      ),
    );
  };
}

function scriptMethod(method: string, name: string, script: Script, encoding: string | null): CommandMethod {
  return function (...args) {
    const callback = takeCallback(args);
    if (shouldUseAutoPipelining(this, method, name)) {
      return executeWithAutoPipelining(this, method, name, args, callback);
    }
    const errorStack = this.options.showFriendlyErrorStack ? new Error() : undefined;
    return script.execute(this as ScriptContainer, args, { replyEncoding: encoding, errorStack }, callback);
  };
}

/** The base class of clients and pipelines. */
export class Commander {
  /** The options. */
  // deno-lint-ignore no-explicit-any
  options: any = {};
  /**
   * The scripts of `defineCommand`, by name.
   *
   * @internal
   */
  scriptsSet: Record<string, Script> = {};
  /**
   * The names of `addBuiltinCommand`.
   *
   * @internal
   */
  addedBuiltinSet: Set<string> = new Set();

  /** Returns the names of the commands that have methods. */
  getBuiltinCommands(): string[] {
    return [...BUILTIN];
  }

  /** Returns two functions for a command: one for text, one for Buffers. They are called on a client. */
  createBuiltinCommand(name: string): { string: CommandMethod; buffer: CommandMethod } {
    return { string: commandMethod(null, name, "utf8"), buffer: commandMethod(null, name, null) };
  }

  /** Adds the methods of a command. */
  addBuiltinCommand(name: string): void {
    this.addedBuiltinSet.add(name);
    addMethods(this, name);
  }

  /** Adds the methods of a script. */
  defineCommand(
    name: string,
    definition: { lua: string; numberOfKeys?: number | undefined; readOnly?: boolean | undefined },
  ): void {
    const { lua, numberOfKeys, readOnly } = definition;
    const script = new Script(lua, numberOfKeys, this.options.keyPrefix, readOnly);
    this.scriptsSet[name] = script;
    const methods = this as unknown as Record<string, CommandMethod>;
    methods[name] = scriptMethod(name, name, script, "utf8");
    methods[`${name}Buffer`] = scriptMethod(`${name}Buffer`, name, script, null);
  }

  /** Sends a command; returns its promise, or the pipeline. */
  // deno-lint-ignore no-explicit-any
  sendCommand(_command: Command, _stream?: unknown, _node?: unknown): any {
    throw new Error('"sendCommand" is not implemented');
  }
}

/** The methods of all commands. */
export interface Commander extends RedisCommander {}

function addMethods(target: object, name: string): void {
  const methods = target as Record<string, CommandMethod>;
  methods[name] = commandMethod(name, name, "utf8");
  methods[`${name}Buffer`] = commandMethod(`${name}Buffer`, name, null);
}

const BUILTIN: readonly string[] = commandNames();
for (const name of BUILTIN) addMethods(Commander.prototype, name);
const calls = Commander.prototype as unknown as Record<string, CommandMethod>;
calls.call = commandMethod("call", null, "utf8");
calls.callBuffer = commandMethod("callBuffer", null, null);
calls.send_command = calls.call;
