/**
 * Memory for big values that are on their way: used again and again, as new memory costs several times what copying
 * into it does (the system clears its pages one by one).
 *
 * @module
 */

/** The maximum number of spare buffers in a process. */
const SPARES = 2;
const BIGGEST = 4_194_304;
const SMALLEST = 16_384;

const spares: Uint8Array[] = [];

/**
 * Returns at least `size` bytes with undefined content. Call {@linkcode giveBack} after use. A buffer that is not
 * given back is collected as garbage.
 */
export function borrow(size: number): Uint8Array {
  if (size < SMALLEST) return new Uint8Array(size);
  let index = -1;
  for (let at = 0; at < spares.length; at++) {
    const { length } = spares[at]!;
    if (length >= size && (index < 0 || length < spares[index]!.length)) index = at;
  }
  return index < 0 ? new Uint8Array(size) : spares.splice(index, 1)[0]!;
}

/** Returns memory that is no longer used. */
export function giveBack(memory: Uint8Array): void {
  const { length } = memory;
  if (length < SMALLEST || length > BIGGEST) return;
  if (spares.length < SPARES) {
    spares.push(memory);
    return;
  }
  // The bigger ones are of more use.
  const smallest = spares[0]!.length <= spares[1]!.length ? 0 : 1;
  if (spares[smallest]!.length < length) spares[smallest] = memory;
}
