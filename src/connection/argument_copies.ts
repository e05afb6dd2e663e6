/**
 * Copies of the byte arguments of commands that may be sent again.
 *
 * An object for each copy costs as much as encoding the command (on Deno five times as much), and few commands are sent
 * again. So the bytes of many commands are copied into shared blocks, and become arguments again when they are needed.
 *
 * @module
 */
import { isBytes } from "../resp/arguments.ts";
import { COPY_LIMIT, KEPT } from "../resp/snapshot.ts";
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

/** A command with the places where its copies are noted. */
export interface CopiedCommand {
  readonly command: {
    readonly spec: { readonly words: number; readonly flags: number };
    readonly args: readonly Arg[];
  };
  readonly sender: unknown;
  copies: ArgumentCopies | undefined;
  copiesStart: number;
  keepArguments(): void;
}

/** Copies of the byte arguments of one or more commands. */
export class ArgumentCopies {
  /** The copies, each behind its length. */
  readonly bytes: Uint8Array;

  /** Makes room for `size` bytes. */
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** Returns the arguments with the copies, which begin at `start`, in the places of the originals. */
  restore(args: readonly Arg[], start: number): readonly Arg[] {
    const { bytes } = this;
    let at = start;
    return args.map((arg) => {
      if (typeof arg !== "object" || !isBytes(arg)) return arg;
      const length = bytes[at]! << 8 | bytes[at + 1]!;
      at += PREFIX;
      if (length === NOT_COPIED) return arg;
      return bytes.slice(at, at += length);
    });
  }
}

let block: ArgumentCopies = new ArgumentCopies(0);
let used = 0;

/**
 * Copies the byte arguments of up to 16 KiB as they are now, for a command that has been encoded and that its sender may
 * send again. Without a sender it does nothing.
 */
export function copyArguments(pending: CopiedCommand): void {
  if (pending.sender === undefined) return;
  const { spec, args } = pending.command;
  if ((spec.flags & KEPT) !== 0) return;
  // The list of words is the caller's own.
  if (spec.words === 0) return pending.keepArguments();
  pending.copiesStart = used;
  let end = copy(args, block.bytes, used);
  if (end < 0) {
    pending.copiesStart = 0;
    const size = sizeOf(args);
    if (size > SHARED) {
      pending.copies = new ArgumentCopies(size);
      copy(args, pending.copies.bytes, 0);
      return;
    }
    block = new ArgumentCopies(BLOCK);
    end = copy(args, block.bytes, 0);
  }
  used = end;
  pending.copies = block;
}

/** Copies each byte argument behind its length to `at`; returns the end, or -1 when there is no room. */
function copy(args: readonly Arg[], to: Uint8Array, at: number): number {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (typeof arg !== "object" || !isBytes(arg)) continue;
    const { length } = arg;
    const isCopied = length > 0 && length <= COPY_LIMIT;
    if (at + PREFIX + (isCopied ? length : 0) > to.length) return -1;
    to[at++] = isCopied ? length >> 8 : NOT_COPIED;
    to[at++] = isCopied ? length : NOT_COPIED;
    if (!isCopied) continue;
    if (length > SHORT) to.set(arg, at);
    else for (let from = 0; from < length; from++) to[at + from] = arg[from]!;
    at += length;
  }
  return at;
}

function sizeOf(args: readonly Arg[]): number {
  let size = 0;
  for (const arg of args) {
    if (isBytes(arg)) size += PREFIX + (arg.length <= COPY_LIMIT ? arg.length : 0);
  }
  return size;
}
