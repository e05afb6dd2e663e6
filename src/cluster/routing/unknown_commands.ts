/**
 * Routes of commands that are not in the table: those of modules and newer servers.
 *
 * The caller can name a key or a slot. Otherwise any node redirects the first command, and COMMAND INFO returns the
 * positions of the keys for the next ones.
 *
 * @module
 */
import type { Call } from "../../client/executor.ts";
import { Command, CommandFlag, type CommandSpec } from "../../commands/command.ts";
import { ScriptCommand } from "../../commands/script.ts";
import { Pending, rawCommand } from "../../connection/pending.ts";
import { DecodeMode, type Reply } from "../../resp/types.ts";
import type { ClusterNode } from "../topology/node.ts";
import { isUnknown, NO_KEY, RoutedCommand, slotOfCommand } from "./route.ts";
import { slotOf } from "./slot.ts";

/** The key positions of such commands, by name. */
export class UnknownCommands {
  /** `undefined`: it has been asked for. */
  readonly #specs: Map<string, Pick<CommandSpec, "keys" | "flags"> | undefined> = new Map();

  /** Returns the command with the route that the call, or the server, gives it. */
  route(command: Command, { key, slot }: Pick<Call, "key" | "slot">): Command {
    const wanted = key === undefined ? slot : slotOf(key);
    if (wanted !== undefined && slotOfCommand(command) === NO_KEY) {
      return command instanceof ScriptCommand ? command.at(wanted) : new RoutedCommand(command, wanted);
    }
    if (!isUnknown(command)) return command;
    const known = this.#specs.get(nameOf(command));
    if (known === undefined) return command;
    const { spec, args, parse } = command;
    return new Command({ ...spec, keys: known.keys, flags: spec.flags | known.flags }, args, parse);
  }

  /** Asks a node for the keys of a command that it redirected. */
  learn(command: Command, node: ClusterNode): void {
    const name = nameOf(command);
    if (!isUnknown(command) || this.#specs.has(name)) return;
    this.#specs.set(name, undefined);
    const { connectTimeout } = node.pool.options.connection;
    const pending = new Pending(rawCommand(["COMMAND", "INFO", name]), DecodeMode.text, connectTimeout);
    pending.promise().then((reply) => {
      const spec = readSpec(reply as Reply);
      if (spec !== undefined) this.#specs.set(name, spec);
    }, () => this.#specs.delete(name));
    node.shared.submit(pending);
  }
}

function nameOf({ spec: { name } }: Command): string {
  return name.toUpperCase();
}

/** Reads the reply of COMMAND INFO for one command; `undefined` where keys are not at fixed places. */
function readSpec(reply: Reply): Pick<CommandSpec, "keys" | "flags"> | undefined {
  const row = Array.isArray(reply) ? reply[0] : undefined;
  if (!Array.isArray(row)) return undefined;
  const [, , flags, first, last, step] = row;
  const words = flags instanceof Set || Array.isArray(flags) ? [...flags].map(String) : [];
  if (words.includes("movablekeys")) return undefined;
  const [from, to, by] = [Number(first), Number(last), Number(step)];
  if (!(from >= 1 && by >= 1 && Number.isInteger(to))) return undefined;
  // The server counts the name as the first word.
  return {
    keys: [{ first: from - 1, last: to < 0 ? to : to - 1, step: by }],
    flags: words.includes("readonly") ? CommandFlag.readonly : 0,
  };
}
