/**
 * Buffers to read into, reused by later sockets: to allocate and collect one costs more than a handshake.
 *
 * @module
 */

/** The default size of a buffer in bytes. Only buffers of this size are reused. */
const USUAL = 65_536;
/** The most buffers that are kept. */
const MOST = 8;
/** The size of the buffer that waits for the next reply while replies are short, in bytes. */
const SHORT = 512;
/** The number of short chunks in a row after which a large buffer is given back. */
const FEW = 3;
const spare: Uint8Array<ArrayBuffer>[] = [];

let shared: Uint8Array<ArrayBuffer> | undefined;

/**
 * Returns a buffer for sockets that read and handle a chunk in one step, which is the same for all of the usual size. An
 * idle socket then holds none.
 */
export function sharedReadBuffer(size: number = USUAL): Uint8Array<ArrayBuffer> {
  return size === USUAL ? shared ??= new Uint8Array(size) : new Uint8Array(size);
}

/** Returns a buffer of `size` bytes, with any content. */
export function takeReadBuffer(size: number = USUAL): Uint8Array<ArrayBuffer> {
  return (size === USUAL ? spare.pop() : undefined) ?? new Uint8Array(size);
}

/** Takes back a buffer that nothing reads into any more. Must be called once at most. */
export function giveReadBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (buffer.length === USUAL && spare.length < MOST) spare.push(buffer);
}

/** The buffers of a socket that holds one while it waits for bytes: short, unless much arrives. */
export class ReadBuffers {
  /** The buffer for the next read. */
  buffer: Uint8Array<ArrayBuffer>;
  readonly #short: Uint8Array<ArrayBuffer>;
  readonly #size: number;
  #shortChunks = 0;

  /** `size` is the size of a large buffer in bytes. */
  constructor(size: number = USUAL) {
    this.#size = size;
    this.buffer = this.#short = new Uint8Array(Math.min(size, SHORT));
  }

  /** Chooses the buffer for the next read, after `length` bytes were read and handled. */
  used(length: number): void {
    const { length: short } = this.#short;
    if (this.buffer === this.#short) {
      if (length === short && short < this.#size) this.buffer = takeReadBuffer(this.#size);
      this.#shortChunks = 0;
    } else if (length > short) {
      this.#shortChunks = 0;
    } else if (++this.#shortChunks === FEW) {
      this.end();
    }
  }

  /** Gives a large buffer back. */
  end(): void {
    if (this.buffer === this.#short) return;
    giveReadBuffer(this.buffer);
    this.buffer = this.#short;
  }
}
