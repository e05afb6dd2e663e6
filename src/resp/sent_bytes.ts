/**
 * The bytes of commands that were sent and may be sent again: their callers may have changed the arguments since.
 *
 * @module
 */
import { isBytes } from "./arguments.ts";
import type { Arg } from "./types.ts";

const LF = 10;

/** The size of a block, in bytes. A command that waits for long keeps its block in memory. */
const BLOCK = 16_384;
/** The most bytes that are copied into a shared block. */
const SHARED = 4_096;

let block = new Uint8Array(0);
let used = 0;

/** Encoded commands: in the encoder's arena, and in other memory once that is used again. */
export class SentBytes {
  #bytes: Uint8Array;
  #offset = 0;

  /** Keeps the bytes of the arena. */
  constructor(arena: Uint8Array) {
    this.#bytes = arena;
  }

  /** The arena, whose content is `view`, is used again. */
  copy(view: Uint8Array): void {
    const { length } = view;
    if (length > SHARED) {
      this.#bytes = view.slice();
      return;
    }
    if (used + length > block.length) {
      block = new Uint8Array(BLOCK);
      used = 0;
    }
    block.set(view, used);
    this.#bytes = block;
    this.#offset = used;
    used += length;
  }

  /**
   * Returns the arguments with their bytes as they were sent, for the command that begins at `at` with a name of `head`
   * bytes.
   */
  restore(args: readonly Arg[], at: number, head: number): readonly Arg[] {
    const bytes = this.#bytes;
    let place = bytes.indexOf(LF, this.#offset + at) + 1 + head;
    return args.map((arg) => {
      // The length stands between "$" and CRLF.
      const start = bytes.indexOf(LF, place) + 1;
      let length = 0;
      for (let digit = place + 1; digit < start - 2; digit++) length = length * 10 + bytes[digit]! - 48;
      place = start + length + 2;
      return typeof arg === "object" && isBytes(arg) ? bytes.slice(start, start + length) : arg;
    });
  }
}
