/**
 * The memory of encoders. Arenas of the usual size are used again: to allocate one costs more than a handshake.
 *
 * @module
 */

/** The default size of an arena in bytes. */
export const USUAL = 65_536;
/** The size of the first arenas of an encoder: many connections send little. */
export const FIRST = 2_048;
/** The most arenas that are kept. */
const MOST = 4;
const left: Uint8Array[] = [];

/** Returns an arena of `size` bytes or, if that is more, of `need`. */
export function takeArena(size: number, need: number): Uint8Array {
  const usual = size === USUAL && need <= USUAL ? left.pop() : undefined;
  return usual ?? new Uint8Array(Math.max(size, need));
}

/** Takes back an arena that nothing uses. */
export function leaveArena(arena: Uint8Array): void {
  if (arena.length === USUAL && left.length < MOST) left.push(arena);
}
