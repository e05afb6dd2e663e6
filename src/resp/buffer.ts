/**
 * Bytes that are collected over several chunks.
 *
 * @module
 */
import { borrow, giveBack } from "./scratch.ts";

const MUCH = 1_048_576;
/** Memory from which on bytes move to larger memory in parts, as moving them at once would block the event loop. */
const HUGE = 4_194_304;
/** The free memory from which on bytes are read straight into it. */
const LEAST_FREE = 16_384;
/** The most bytes of one read of more than 1 MiB: it takes a millisecond, and so do the bytes that move with them. */
const MOST_READ = 524_288;
/** Bytes that move for each byte that is added: all have moved before the memory is full again. */
const PACE = 8;
/** Memory for each byte that is there. With this, what is left to receive is long enough to move all that came. */
const LAST = 2.25;
const NONE: Uint8Array = new Uint8Array(0);

/**
 * A buffer that grows with the received bytes, to at most four times their number (2.25 times above 1 MiB), whatever
 * length was announced. Up to 1 MiB can be reserved.
 */
export class ByteBuffer {
  #bytes: Uint8Array = NONE;
  #room = 0;
  /** The former memory, while its bytes move. */
  #outgrown: Uint8Array = NONE;
  /** The number of bytes that have moved, and that will have. */
  #moved = 0;
  #toMove = 0;
  /** The memory that holds all bytes will be handed over. */
  #own = false;
  /** Bytes may be in their place already: `free` was called. */
  #lent = false;
  /** Bytes collected so far. */
  length = 0;

  /** Bytes that memory was asked for. */
  get room(): number {
    return this.#room;
  }

  /** Begins with `bound` bytes that will come. `own`: {@linkcode take} will be called. */
  reserve(bound: number, own: boolean): void {
    this.#own = own;
    if (bound > MUCH) return;
    this.#room = bound;
    this.#bytes = own ? new Uint8Array(bound) : borrow(bound);
  }

  /** Returns memory for the next of `bound` bytes, if there is much of it. Bytes in it are then passed to {@linkcode add}. */
  free(bound: number): Uint8Array | undefined {
    const most = bound > MUCH ? this.length + MOST_READ : bound;
    const end = Math.min(bound, most, this.#bytes.length);
    if (end - this.length < LEAST_FREE) return undefined;
    this.#lent = true;
    return this.#bytes.subarray(this.length, end);
  }

  /** Adds `source[start, end)`; `bound` is how many bytes there will ever be. */
  add(source: Uint8Array, start: number, end: number, bound: number): void {
    const length = this.length + end - start;
    if (length > this.#bytes.length) {
      const room = Math.max(64, length * (length < MUCH ? 4 : 2));
      this.#room = bound <= Math.max(room, length * LAST) ? bound : room;
      this.#move(Infinity);
      this.#outgrown = this.#bytes;
      this.#toMove = this.length;
      this.#bytes = this.#own && this.#room === bound ? new Uint8Array(bound) : borrow(this.#room);
      this.#move(this.#room < HUGE ? Infinity : 0);
    }
    if (!this.#lent || !this.#isHere(source, start)) {
      this.#bytes.set(
        start === 0 && end === source.length ? source : source.subarray(start, end),
        this.length,
      );
    }
    this.length = length;
    if (this.#outgrown.length > 0) this.#move((end - start) * PACE);
  }

  /** Returns a view of the collected bytes, valid until `clear()`. */
  view(): Uint8Array {
    this.#move(Infinity);
    return this.#bytes.subarray(0, this.length);
  }

  /** Returns the collected bytes in memory of their own, and starts again. */
  take(): Uint8Array {
    // Also when it is empty: it may become a key of a Map.
    const all = this.view();
    const whole = (this.#own || all.length >= HUGE) && all.length === this.#bytes.length;
    const bytes = whole ? this.#bytes : all.slice();
    if (whole) this.#bytes = NONE;
    this.clear();
    return bytes;
  }

  /** Starts anew. */
  clear(): void {
    giveBack(this.#bytes);
    giveBack(this.#outgrown);
    this.#bytes = this.#outgrown = NONE;
    this.#room = this.length = 0;
    this.#moved = this.#toMove = 0;
    this.#own = this.#lent = false;
  }

  /** Whether the bytes from `start` on were read to where they belong. */
  #isHere(source: Uint8Array, start: number): boolean {
    const bytes = this.#bytes;
    return source.buffer === bytes.buffer && source.byteOffset + start === bytes.byteOffset + this.length;
  }

  /** Moves bytes from the former memory, at most `count`. */
  #move(count: number): void {
    const end = Math.min(this.#moved + count, this.#toMove);
    if (end > this.#moved) this.#bytes.set(this.#outgrown.subarray(this.#moved, end), this.#moved);
    this.#moved = end;
    if (end < this.#toMove) return;
    giveBack(this.#outgrown);
    this.#outgrown = NONE;
    this.#moved = this.#toMove = 0;
  }
}
