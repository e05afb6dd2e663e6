/**
 * The memory of encoders, which all of them share: an encoder has an arena only while it has something to send, so
 * that an idle connection holds none.
 *
 * @module
 */

/** The default size of an arena in bytes. */
export const USUAL = 65_536;
/** The size of the first arenas of an encoder: many connections send little. */
export const FIRST = 2_048;
/** The most free arenas of each size: 1 MiB, and 128 KiB. */
const MOST_USUAL = 16;
const MOST_FIRST = 64;
const usual: Uint8Array[] = [];
const first: Uint8Array[] = [];

/** Returns an arena of `size` bytes or, if that is more, of `need`; its content is undefined. */
export function takeArena(size: number, need: number): Uint8Array {
  if (need > size) return new Uint8Array(need);
  const free = size === FIRST ? first.pop() : size === USUAL ? usual.pop() : undefined;
  return free ?? new Uint8Array(size);
}

/** Takes back an arena that nothing uses. Returns `false` if the memory has no size of arenas, and is still the caller's. */
export function leaveArena(arena: Uint8Array): boolean {
  const { length } = arena;
  if (length === FIRST) {
    if (first.length < MOST_FIRST) first.push(arena);
    return true;
  }
  if (length !== USUAL) return false;
  if (usual.length < MOST_USUAL) usual.push(arena);
  return true;
}
