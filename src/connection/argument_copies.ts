/**
 * Copies of the byte arguments of commands that may be sent again.
 *
 * An object for each copy costs as much as encoding the command (on Deno five times as much), and few commands are sent
 * again. So the bytes of many commands are copied into shared blocks, and become arguments again when they are needed.
 *
 * @module
 */
import { isBytes } from "../resp/arguments.ts";
import { COPY_LIMIT } from "../resp/snapshot.ts";
import type { Arg } from "../resp/types.ts";

/** The size of a block, in bytes. A command that waits for long keeps its block in memory. */
const BLOCK = 16_384;
/** The most that one command copies into a shared block, in bytes. */
const SHARED = 1_024;
/** The bytes that the length of an argument takes. */
const PREFIX = 2;
/** The length of an argument that is not copied: too long, or empty. */
const NOT_COPIED = 0xffff;
/** Up to here a loop over the bytes beats `set`, whose call costs more than the copying. */
const SHORT = 32;

let block: Uint8Array = new Uint8Array(0);
let used = 0;

/** Receives where the copies of a command are. */
export interface ArgumentCopies {
  /** The block with the copies. */
  copies: Uint8Array | undefined;
  /** Where they begin. */
  copiesStart: number;
}

/** Copies the byte arguments of up to 16 KiB as they are now, and notes in `owner` where. */
export function copyArguments(args: readonly Arg[], owner: ArgumentCopies): void {
  let start = used;
  if (!copy(args)) {
    const size = sizeOf(args);
    if (size > SHARED) {
      const [shared, before] = [block, used];
      block = owner.copies = new Uint8Array(size);
      owner.copiesStart = used = 0;
      copy(args);
      [block, used] = [shared, before];
      return;
    }
    block = new Uint8Array(BLOCK);
    used = start = 0;
    copy(args);
  }
  owner.copies = block;
  owner.copiesStart = start;
}

/** Copies each byte argument behind its length into the block; returns `false` when there is no room. */
function copy(args: readonly Arg[]): boolean {
  const to = block;
  let at = used;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (typeof arg !== "object" || !isBytes(arg)) continue;
    const { length } = arg;
    const isCopied = length > 0 && length <= COPY_LIMIT;
    if (at + PREFIX + (isCopied ? length : 0) > to.length) return false;
    to[at++] = isCopied ? length >> 8 : NOT_COPIED;
    to[at++] = isCopied ? length : NOT_COPIED;
    if (!isCopied) continue;
    if (length > SHORT) to.set(arg, at);
    else for (let from = 0; from < length; from++) to[at + from] = arg[from]!;
    at += length;
  }
  used = at;
  return true;
}

function sizeOf(args: readonly Arg[]): number {
  let size = 0;
  for (const arg of args) {
    if (isBytes(arg)) size += PREFIX + (arg.length <= COPY_LIMIT ? arg.length : 0);
  }
  return size;
}

/** Returns the arguments with the copies in the places of the originals. */
export function restoreArguments(args: readonly Arg[], copies: Uint8Array, start: number): readonly Arg[] {
  let at = start;
  return args.map((arg) => {
    if (typeof arg !== "object" || !isBytes(arg)) return arg;
    const length = copies[at]! << 8 | copies[at + 1]!;
    at += PREFIX;
    if (length === NOT_COPIED) return arg;
    return copies.slice(at, at += length);
  });
}
