/**
 * The ids of stream entries: `milliseconds-sequence`, each an unsigned number of 64 bits.
 *
 * @module
 */

const LAST_SEQUENCE = 2n ** 64n - 1n;

function partsOf(id: string): [milliseconds: bigint, sequence: bigint] {
  const [milliseconds, sequence = "0"] = id.split("-");
  return [BigInt(milliseconds!), BigInt(sequence)];
}

/** Returns the smallest id that is greater than this one. Servers before 6.2 have no exclusive ranges. */
export function nextId(id: string): string {
  const [milliseconds, sequence] = partsOf(id);
  return sequence === LAST_SEQUENCE ? `${milliseconds + 1n}-0` : `${milliseconds}-${sequence + 1n}`;
}

/** Returns the smaller of two ids. */
export function minId(one: string, other: string): string {
  const [a, b] = [partsOf(one), partsOf(other)];
  return a[0] < b[0] || (a[0] === b[0] && a[1] <= b[1]) ? one : other;
}
