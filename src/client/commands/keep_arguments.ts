/**
 * Commands that are encoded later than they were called.
 *
 * @module
 */
import { Command, CommandFlag } from "../../commands/command.ts";
import { snapshot } from "../../resp/snapshot.ts";

/** Returns the commands with the byte arguments of up to 16 KiB as they are now; the same list, if there are none. */
export function keepArguments(commands: readonly Command[]): readonly Command[] {
  let kept: Command[] | undefined;
  for (let index = 0; index < commands.length; index++) {
    const { spec, args, parse } = commands[index]!;
    // Scripts have copied theirs when they were made.
    if ((spec.flags & CommandFlag.scripted) !== 0) continue;
    const copy = snapshot(args, false);
    if (copy !== args) (kept ??= commands.slice())[index] = new Command(spec, copy, parse);
  }
  return kept ?? commands;
}
