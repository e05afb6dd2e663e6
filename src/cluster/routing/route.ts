/**
 * Finds the slot of a command.
 *
 * @module
 */
import { Command, CommandFlag } from "../../commands/command.ts";
import { keysOf } from "../../commands/keys.ts";
import { slotOf } from "./slot.ts";

/** The command has no key: any node will do. */
export const NO_KEY = -1;
/** Its keys are in several slots. */
export const SEVERAL = -2;

/** A command whose keys the client does not see, for a slot that the caller named. */
export class RoutedCommand extends Command {
  /** The slot. */
  readonly slot: number;

  /** The same command, for `slot`. */
  constructor({ spec, args, parse }: Command, slot: number) {
    super(spec, args, parse);
    this.slot = slot;
  }
}

/** Whether nothing is known of a command, so that it may have keys. */
export function isUnknown({ spec }: Command): boolean {
  return (spec.flags & CommandFlag.opaque) !== 0 && spec.keys.length === 0;
}

/** The slot of a command's keys, {@linkcode NO_KEY} or {@linkcode SEVERAL}. */
export function slotOfCommand(command: Command): number {
  const { keys } = command.spec;
  // By far most commands have one key, in front: no list is made for them.
  if (keys.length === 1) {
    const spec = keys[0] as { readonly first: number; readonly last?: number };
    const key = command.args[spec.first];
    if (spec.last === spec.first && key !== undefined) return slotOf(key);
  }
  const { slot } = command as Partial<RoutedCommand>;
  if (slot !== undefined) return slot;
  return keys.length === 0 ? NO_KEY : commonSlot(command);
}

function commonSlot(command: Command): number {
  let common = NO_KEY;
  for (const key of keysOf(command)) {
    const slot = slotOf(key);
    if (common === NO_KEY) common = slot;
    else if (slot !== common) return SEVERAL;
  }
  return common;
}
