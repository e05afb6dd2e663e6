/**
 * Text of a long value, which is decoded while it arrives: one call at the end would block the event loop.
 *
 * @module
 */
import { ByteBuffer } from "./buffer.ts";
import { borrow, giveBack } from "./scratch.ts";
import { textOf } from "./strings.ts";
import { DecodeMode } from "./types.ts";

/** Bytes from which a text is decoded while it arrives. */
export const LONG = 4_194_304;
/** Bytes from which a text may be too long for the runtime, so that its bytes are kept. */
export const TOO_LONG = 268_435_440;
/** Bytes that are decoded at once. */
const PIECE = 262_144;

/** Joins the text of a value from chunks. */
export class LongText {
  /** The bytes that came so far. */
  length = 0;
  readonly #mode: number;
  readonly #size: number;
  readonly #piece: Uint8Array;
  #filled = 0;
  #text = "";
  /** All bytes, once some of them turned out not to be text. */
  #bytes: ByteBuffer | undefined;

  /** Begins a text of the mode (not `bytes`), of which `size` bytes are decoded at once. */
  constructor(mode: number, size: number = PIECE) {
    this.#mode = mode;
    this.#size = size;
    this.#piece = borrow(size);
  }

  /** Adds `source[start, end)`; `bound` is how many bytes there will be. */
  add(source: Uint8Array, start: number, end: number, bound: number): void {
    if (this.#bytes !== undefined) {
      this.#bytes.add(source, start, end, bound);
      this.length += end - start;
      return;
    }
    for (let at = start; at < end;) {
      const stop = Math.min(end, at + this.#size - this.#filled);
      this.#piece.set(source.subarray(at, stop), this.#filled);
      this.#filled += stop - at;
      this.length += stop - at;
      at = stop;
      if (this.#filled < this.#size || this.#decode(completeEnd(this.#piece, this.#filled))) continue;
      this.#keepBytes(bound);
      return this.add(source, at, end, bound);
    }
  }

  /** Returns the text, or the bytes if they are not valid. */
  finish(): string | Uint8Array {
    if (this.#bytes === undefined && !this.#decode(this.#filled)) this.#keepBytes(this.length);
    giveBack(this.#piece);
    return this.#bytes?.take() ?? this.#text;
  }

  /** Decodes the piece up to `end`. Returns whether it is text. */
  #decode(end: number): boolean {
    const latin1 = (this.#mode & DecodeMode.latin1) !== 0;
    if (latin1) end = this.#filled;
    const text = textOf(this.#piece.subarray(0, end), this.#mode);
    if (text === undefined) return false;
    this.#text += text;
    this.#piece.copyWithin(0, end, this.#filled);
    this.#filled -= end;
    return true;
  }

  /** Returns to bytes: what was decoded is valid UTF-8, so encoding it returns its bytes. */
  #keepBytes(bound: number): void {
    const bytes = new ByteBuffer();
    bytes.reserve(bound, true);
    const text = new TextEncoder().encode(this.#text);
    bytes.add(text, 0, text.length, bound);
    bytes.add(this.#piece, 0, this.#filled, bound);
    this.#bytes = bytes;
    this.#text = "";
  }
}

/** Returns the end of the last complete character: what follows is the beginning of one. */
function completeEnd(bytes: Uint8Array, end: number): number {
  for (let back = 1; back <= 3 && back <= end; back++) {
    const byte = bytes[end - back]!;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > back ? end - back : end;
  }
  return end;
}
