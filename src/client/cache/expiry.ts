/**
 * The expiry of keys: PTTL behind each read that is cached.
 *
 * A server removes an expired key lazily, in a large data set minutes late, and sends the invalidation then. PTTL
 * follows each read in the same batch. The server tracks the keys from either command, so a change between the two
 * makes the read stale.
 *
 * @module
 */
import { Command } from "../../commands/command.ts";
import { PTTL } from "../../commands/function_specs.ts";
import { type Arg, DecodeMode } from "../../resp/types.ts";
import type { Call } from "../executor.ts";

/** Sends a command past the cache. */
export type Fetch = (command: Command, call: Call) => Promise<unknown>;

/**
 * Milliseconds that a value may be returned after the expiry of its key. A younger value is returned before PTTL has
 * arrived.
 */
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
