/**
 * When keys expire: what the server is asked behind a read that is to be kept.
 *
 * A server removes an expired key when it comes upon it, and tells of it no sooner, which in a large data set takes
 * minutes. So PTTL follows each such read in the same flight. The server remembers that the keys were asked for by
 * either command, so that whatever changes them between the two makes the read stale.
 *
 * @module
 */
import { Command } from "../../commands/command.ts";
import { PTTL } from "../../commands/function_specs.ts";
import { type Arg, DecodeMode } from "../../resp/types.ts";
import type { Call } from "../executor.ts";

/** Sends a command past the cache. */
export type Fetch = (command: Command, call: Call) => Promise<unknown>;

/** Milliseconds that a value may outlive its key: so long it may be used without knowing when its key expires. */
export const LATE = 100;

/**
 * Asks when the first of some keys expires. `told` is called synchronously with the last answer: in how many
 * milliseconds, `Infinity` for never, or why that is not known.
 */
export function askExpiry(
  keys: readonly Arg[],
  call: Call,
  ask: Fetch,
  told: (left: number, error?: unknown) => void,
): void {
  const plain: Call = { ...call, mode: DecodeMode.text, signal: undefined };
  let missing = keys.length;
  let first = Infinity;
  let failure: unknown;
  const answered = (left: number): void => {
    if (left >= 0) first = Math.min(first, left);
    if (--missing === 0) told(first, failure);
  };
  for (const key of keys) {
    ask(new Command(PTTL, [key]), plain).then((left) => answered(Number(left)), (error) => {
      failure ??= error;
      answered(-1);
    });
  }
}
