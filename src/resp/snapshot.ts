/**
 * Arguments that are encoded later than they were given: what their caller may change meanwhile is copied.
 *
 * @module
 */
import { isBytes } from "./arguments.ts";
import type { Arg } from "./types.ts";

/** A `Uint8Array` above this many bytes is never copied: it is sent from where it lies. */
export const COPY_LIMIT = 16_384;

/** The flag of commands whose arguments are copies already: `CommandFlag.scripted`. */
export const KEPT = 64;

/**
 * Returns a copy of the arguments, in which each `Uint8Array` of up to 16 KiB is copied. Without one, returns the
 * list itself, or with `listToo` a copy of the list.
 */
export function snapshot(args: readonly Arg[], listToo: boolean): readonly Arg[] {
  let copy: Arg[] | undefined = listToo ? args.slice() : undefined;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (typeof arg === "object" && isBytes(arg) && arg.length > 0 && arg.length <= COPY_LIMIT) {
      copy ??= args.slice();
      copy[index] = arg.slice();
    }
  }
  return copy ?? args;
}

/** Returns about how many bytes a command with these arguments holds while it waits. */
export function bytesOf(args: readonly Arg[]): number {
  let size = 16;
  for (const arg of args) {
    size += 16 + (typeof arg === "string" || arg instanceof Uint8Array ? arg.length : 8);
  }
  return size;
}
