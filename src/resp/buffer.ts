/**
 * Bytes that are collected over several chunks.
 *
 * @module
 */

const NONE: Uint8Array = new Uint8Array(0);

/** Grows with what arrives: never more than four times that, whatever was announced, and never by copying byte by byte. */
export class ByteBuffer {
  #bytes: Uint8Array = NONE;
  /** Bytes collected so far. */
  length = 0;

  /** Adds `source[start, end)`; `bound` is how many bytes there will ever be. */
  add(source: Uint8Array, start: number, end: number, bound: number): void {
    const length = this.length + end - start;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(bound, Math.max(64, length * 4)));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.length);
    this.length = length;
  }

  /** Hands over what was collected, and starts anew. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    const length = this.length;
    this.#bytes = NONE;
    this.length = 0;
    return bytes.length === length ? bytes : bytes.subarray(0, length);
  }
}
