/**
 * Commands whose keys are in several slots: split and joined where each key stands for itself, refused elsewhere.
 *
 * @module
 */
import { Command } from "../../commands/command.ts";
import { isWord, keysOf } from "../../commands/keys.ts";
import { ClusterError } from "../../errors.ts";
import type { Arg } from "../../resp/types.ts";
import { combine, type Part, partialError } from "./reply_policies.ts";
import { slotOf } from "../routing/slot.ts";

/** A part of a command, for one slot. */
export interface Split {
  /** The slot of its keys. */
  readonly slot: number;
  /** The command for these keys only. */
  readonly command: Command;
  /** The positions of its keys among those of the whole command. */
  readonly positions: readonly number[];
}

/** A condition concerns all keys at once, so a command with one cannot be split. */
function isConditional(args: readonly Arg[]): boolean {
  return args.some((arg) => isWord(arg, "NX") || isWord(arg, "XX"));
}

/** Returns the range of the keys (with their values); `undefined` for a command that cannot be split. */
function splitRange({ spec, args }: Command): { first: number; end: number; step: number } | undefined {
  const keys = spec.keys[0];
  if (spec.requestPolicy !== "multi_shard" || keys === undefined || "keyword" in keys) return undefined;
  const { first, step } = keys;
  if ("last" in keys) return first === 0 && keys.last === -1 ? { first, end: args.length, step } : undefined;
  // MSETEX: a count, the pairs, the options.
  const end = first + Number(args[keys.count]) * step;
  return first === 1 && !isConditional(args.slice(end)) ? { first, end, step } : undefined;
}

/** Splits a command by slots; `undefined` for one that cannot be split. */
export function split(command: Command): Split[] | undefined {
  const { spec, args, parse } = command;
  const range = splitRange(command);
  if (range === undefined) return undefined;
  const { first, end, step } = range;
  const groups = new Map<number, { args: Arg[]; positions: number[] }>();
  for (let place = first; place < end; place += step) {
    const slot = slotOf(args[place]!);
    let group = groups.get(slot);
    if (group === undefined) groups.set(slot, group = { args: [], positions: [] });
    for (let next = place; next < place + step && next < end; next++) group.args.push(args[next]!);
    group.positions.push((place - first) / step);
  }
  return [...groups].map(([slot, { args: own, positions }]) => ({
    slot,
    command: new Command(
      spec,
      first === 0 ? own : [positions.length, ...own, ...args.slice(end)],
      parse,
    ),
    positions,
  }));
}

/**
 * Merges the outcomes of the parts.
 *
 * @throws {PartialError} if some of them failed.
 */
export function join(command: Command, splits: readonly Split[], outcomes: readonly unknown[]): unknown {
  const { name, responsePolicy } = command.spec;
  const parts = splits.map(({ slot, positions }, index): Part => ({
    outcome: outcomes[index],
    where: `slot ${slot}`,
    positions,
  }));
  if (responsePolicy !== undefined) return combine(name, responsePolicy, parts);
  if (outcomes.some((outcome) => outcome instanceof Error)) throw partialError(name, parts);
  // Without a policy there is one value for each key, in the order of the keys.
  const values: unknown[] = [];
  splits.forEach(({ positions }, index) => {
    positions.forEach((position, own) => values[position] = (outcomes[index] as unknown[])[own]);
  });
  return values;
}

/** The error for keys that are in several slots. Keys may be secrets of users: their places are shown, not they. */
export function crossSlotError(name: string, keys: readonly Arg[]): ClusterError {
  const slots = new Map<number, number[]>();
  keys.forEach((key, index) => {
    const slot = slotOf(key);
    const places = slots.get(slot) ?? [];
    slots.set(slot, [...places, index + 1]);
  });
  const shown = [...slots].slice(0, 6).map(([slot, places]) => {
    const list = places.length > 6 ? `${places.slice(0, 6).join(", ")}, ...` : places.join(", ");
    return `${places.length > 1 ? "keys" : "key"} ${list} in slot ${slot}`;
  });
  if (slots.size > 6) shown.push(`and ${slots.size - 6} slots more`);
  return new ClusterError(
    `Cannot run ${name}: its keys are in ${slots.size} slots (${shown.join("; ")}); ` +
      "give them a common part in braces, as in {user1}:name and {user1}:mail, to have them in one",
    { code: "CROSSSLOT", executed: "no" },
  );
}

/** The error for a command whose keys are in several slots. */
export function crossSlot(command: Command): ClusterError {
  return crossSlotError(command.spec.name, keysOf(command));
}
