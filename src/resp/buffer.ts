/**
 * Bytes that are collected over several chunks.
 *
 * @module
 */

const MUCH = 1_048_576;
const NONE: Uint8Array = new Uint8Array(0);

/** Grows with what arrives, to at most four times that (twice, above 1 MiB), whatever was announced. */
export class ByteBuffer {
  #bytes: Uint8Array = NONE;
  /** Bytes collected so far. */
  length = 0;

  /** Bytes that memory is held for. */
  get room(): number {
    return this.#bytes.length;
  }

  /** Adds `source[start, end)`; `bound` is how many bytes there will ever be. */
  add(source: Uint8Array, start: number, end: number, bound: number): void {
    const length = this.length + end - start;
    if (length > this.#bytes.length) {
      const room = Math.max(64, length * (length < MUCH ? 4 : 2));
      const grown = new Uint8Array(Math.min(bound, room));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.length);
    this.length = length;
  }

  /** Hands over what was collected, in memory of that size, and starts anew. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    const length = this.length;
    this.#bytes = NONE;
    this.length = 0;
    // Also when it is empty it is nobody else's: it may become a key of a Map.
    return bytes.length === length && bytes !== NONE ? bytes : bytes.slice(0, length);
  }
}
