/**
 * Buffers to read into, reused by later sockets: to allocate and collect one costs more than a handshake.
 *
 * @module
 */

/** The default size of a buffer in bytes. Only buffers of this size are reused. */
const USUAL = 65_536;
/** The most buffers that are kept. */
const MOST = 4;
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
