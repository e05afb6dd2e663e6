/**
 * Bytes that are collected over several chunks.
 *
 * @module
 */
import { borrow, giveBack } from "./scratch.ts";

const MUCH = 1_048_576;
const NONE: Uint8Array = new Uint8Array(0);

/**
 * A buffer that grows with the received bytes, to at most four times their number (twice above 1 MiB), whatever
 * length was announced.
 */
export class ByteBuffer {
  #bytes: Uint8Array = NONE;
  #room = 0;
  /** Bytes collected so far. */
  length = 0;

  /** Bytes that memory was asked for. */
  get room(): number {
    return this.#room;
  }

  /** Adds `source[start, end)`; `bound` is how many bytes there will ever be. */
  add(source: Uint8Array, start: number, end: number, bound: number): void {
    const length = this.length + end - start;
    if (length > this.#bytes.length) {
      this.#room = Math.min(bound, Math.max(64, length * (length < MUCH ? 4 : 2)));
      const outgrown = this.#bytes;
      this.#bytes = borrow(this.#room);
      this.#bytes.set(outgrown.subarray(0, this.length));
      giveBack(outgrown);
    }
    this.#bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.length);
    this.length = length;
  }

  /** Returns a view of the collected bytes, valid until `clear()`. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** Returns the collected bytes in memory of their own, and starts again. */
  take(): Uint8Array {
    // Also when it is empty: it may become a key of a Map.
    const bytes = this.#bytes.slice(0, this.length);
    this.clear();
    return bytes;
  }

  /** Starts anew. */
  clear(): void {
    giveBack(this.#bytes);
    this.#bytes = NONE;
    this.#room = this.length = 0;
  }
}
