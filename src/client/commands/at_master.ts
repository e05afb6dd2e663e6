/**
 * Sends the reads that the client itself relies on to the master, whatever `readFrom` is.
 *
 * @module
 */
import { Command, CommandFlag, type CommandSpec } from "../../commands/command.ts";
import type { Executor } from "../executor.ts";

const marked: WeakMap<CommandSpec, CommandSpec> = new WeakMap();

/** Returns the same command, which no replica may answer. Commands that write go to the master anyway. */
export function atMaster(command: Command): Command {
  const { spec, args, parse } = command;
  if ((spec.flags & CommandFlag.readonly) === 0) return command;
  if ((spec.flags & CommandFlag.scripted) !== 0) {
    throw new TypeError("Cannot send a read-only script to the master: use a script that may write");
  }
  let own = marked.get(spec);
  if (own === undefined) marked.set(spec, own = { ...spec, flags: spec.flags | CommandFlag.master });
  return new Command(own, args, parse);
}

/** Returns an executor whose commands all go to masters: features that decide by replies use it. */
export function masterOf(executor: Pick<Executor, "execute" | "executeAll">): typeof executor {
  return {
    execute: (command, call) => executor.execute(atMaster(command), call),
    executeAll: (commands, call, atomic) => executor.executeAll(commands.map(atMaster), call, atomic),
  };
}
