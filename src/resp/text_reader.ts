/**
 * Reads text from chunks, one window at a time.
 *
 * Decoding each short string separately is slow. The reader decodes up to 1,024 bytes including their framing, and
 * slices the strings from the result. That is correct only for ASCII. A sliced string may keep its window alive, so a
 * kept value holds at most one window more than its own size.
 *
 * @module
 */
import type { EncodingError } from "../errors.ts";
import { asciiText, copyOf, invalidText, shortAsciiText, textOf } from "./strings.ts";

const WINDOW = 1024;
/** Longer strings are decoded by themselves. */
const WINDOWED = 512;
/** Strings up to this length, in a chunk that holds no more than `SMALL_CHUNK` from there on, need no window. */
const SHORT = 12;
const SMALL_CHUNK = 40;
/** After windows with other characters than ASCII, the maximum number of windows to decode string by string. */
const MAX_AVOIDED = 32;

/** Reads the strings of one chunk, in order. */
export class TextReader {
  /** The first invalid string. The caller that reads it resets it. */
  invalid: EncodingError | undefined = undefined;
  /** The last decoded window, and its start and end in the chunk. */
  window = "";
  /** First byte of the window. */
  first = 0;
  /** First byte behind the window; 0 when there is none. */
  last = 0;
  /** The position before which no window is tried. */
  #avoid = 0;
  #avoided = 0;

  /** A chunk begins, or ends: the window is void. */
  reset(): void {
    this.window = "";
    this.last = 0;
    this.#avoid = 0;
  }

  /** Reads the string in `[start, stop)` of a chunk with the end `end`, if it is outside the window. */
  read(chunk: Uint8Array, start: number, stop: number, end: number, mode: number): string | Uint8Array {
    if (stop - start <= SHORT && end - start <= SMALL_CHUNK) {
      const text = shortAsciiText(chunk, start, stop);
      if (text !== undefined) return text;
    }
    return this.#open(chunk, start, stop, end)
      ? this.#cut(start, stop)
      : this.alone(chunk.subarray(start, stop), mode);
  }

  /** Like `read`, for the mode `either`: returns bytes if the string is not ASCII. */
  either(chunk: Uint8Array, start: number, stop: number, end: number): string | Uint8Array {
    const within = stop <= this.last || this.#open(chunk, start, stop, end);
    return within ? this.#cut(start, stop) : copyOf(chunk, start, stop);
  }

  #cut(start: number, stop: number): string {
    return this.window.substring(start - this.first, stop - this.first);
  }

  /** Decodes a window for a short string, unless a window failed just before. Returns whether it is all ASCII. */
  #open(chunk: Uint8Array, start: number, stop: number, end: number): boolean {
    if (stop - start > WINDOWED || start < this.#avoid) return false;
    // A chunk that is not much longer needs no view of its own.
    const whole = start <= SHORT && end <= WINDOW && end === chunk.length;
    const last = end - start < WINDOW ? end : start + WINDOW;
    const window = asciiText(whole ? chunk : chunk.subarray(start, last));
    if (window === undefined) {
      this.#avoided = Math.min(MAX_AVOIDED, this.#avoided * 2 + 1);
      this.#avoid = start + this.#avoided * WINDOW;
      return false;
    }
    this.window = window;
    this.first = whole ? 0 : start;
    this.last = last;
    this.#avoided = 0;
    return true;
  }

  /** A string by itself; where it is not valid that is remembered, and it stays bytes. */
  alone(bytes: Uint8Array, mode: number): string | Uint8Array {
    const text = textOf(bytes, mode);
    if (text !== undefined) return text;
    const copy = bytes.slice();
    this.invalid ??= invalidText(copy);
    return copy;
  }
}
