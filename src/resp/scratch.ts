/**
 * Memory for big values that are on their way: used again and again, as new memory costs several times what copying
 * into it does (the system clears its pages one by one).
 *
 * @module
 */

/** What is kept at most, and the most of one value; all connections of a process share it. */
const SPARES = 2;
const BIGGEST = 4_194_304;
const SMALLEST = 16_384;

const spares: Uint8Array[] = [];

/**
 * At least `size` bytes, with anything in them; {@linkcode giveBack} when they have been used. What is lost without
 * being given back is garbage like any other.
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

/** Nobody looks at these bytes any more. */
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
