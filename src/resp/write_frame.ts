/**
 * Writes the frames of arguments into memory with enough room. Each function returns the end position.
 *
 * @module
 */

/** Up to here a loop beats `TypedArray.prototype.set`. */
const SHORT_BYTES = 48;

const CR = 13;
const LF = 10;
const DOLLAR = 36;

/** Digits of a length, without leading zeros: servers refuse those. */
export function digitsOf(length: number): number {
  let digits = 1;
  for (let bound = 10; length >= bound; bound *= 10) digits++;
  return digits;
}

/** Writes a length and CRLF. */
export function writeLength(arena: Uint8Array, at: number, length: number): number {
  const end = at + digitsOf(length);
  for (let to = end - 1; to >= at; to--) {
    const rest = Math.floor(length / 10);
    arena[to] = 48 + length - rest * 10;
    length = rest;
  }
  arena[end] = CR;
  arena[end + 1] = LF;
  return end + 2;
}

/** Writes a 32-bit integer as a bulk string; at most 11 digits, so its length has one or two. */
export function writeInteger(arena: Uint8Array, at: number, value: number): number {
  let rest = value < 0 ? -value : value;
  const digits = digitsOf(rest);
  const length = value < 0 ? digits + 1 : digits;
  arena[at++] = DOLLAR;
  if (length > 9) arena[at++] = 49;
  arena[at++] = 48 + length % 10;
  arena[at++] = CR;
  arena[at++] = LF;
  if (value < 0) arena[at++] = 45;
  const end = at + digits;
  for (let to = end - 1; to >= at; to--) {
    const next = Math.floor(rest / 10);
    arena[to] = 48 + rest - next * 10;
    rest = next;
  }
  arena[end] = CR;
  arena[end + 1] = LF;
  return end + 2;
}

/** Writes bytes as a bulk string. */
export function writeBytes(arena: Uint8Array, at: number, bytes: Uint8Array, length: number): number {
  arena[at] = DOLLAR;
  at = writeLength(arena, at + 1, length);
  if (length <= SHORT_BYTES) {
    for (let i = 0; i < length; i++) arena[at + i] = bytes[i]!;
  } else {
    arena.set(bytes, at);
  }
  at += length;
  arena[at] = CR;
  arena[at + 1] = LF;
  return at + 2;
}
