/**
 * Sets of slots as ranges: short for what clusters have, and never changed in place.
 *
 * @module
 */

/** A range of slots, both ends included. */
export type SlotRange = readonly [first: number, last: number];
/** Ranges in ascending order that do not touch. */
export type SlotRanges = readonly SlotRange[];

/** Joins ranges that touch or overlap. */
function join(ranges: SlotRange[]): SlotRanges {
  const joined: [number, number][] = [];
  for (const [first, last] of ranges.sort((a, b) => a[0] - b[0])) {
    const before = joined.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
}

/** The slots of both. */
export function addSlots(ranges: SlotRanges, more: SlotRanges): SlotRanges {
  return join([...ranges, ...more]);
}

/** The slots of the first that are not in the second. */
export function removeSlots(ranges: SlotRanges, less: SlotRanges): SlotRanges {
  let left: SlotRange[] = [...ranges];
  for (const [first, last] of less) {
    left = left.flatMap(([from, to]): SlotRange[] => {
      if (last < from || first > to) return [[from, to]];
      return [
        ...from < first ? [[from, first - 1] as const] : [],
        ...to > last ? [[last + 1, to] as const] : [],
      ];
    });
  }
  return left;
}

/** Whether a slot is in there. */
export function hasSlot(ranges: SlotRanges, slot: number): boolean {
  return ranges.some(([first, last]) => first <= slot && slot <= last);
}

/** Returns the number of slots. */
export function countSlots(ranges: SlotRanges): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** All slots, dealt out evenly: part `index` of `count`. */
export function shareOfSlots(index: number, count: number, slots: number): SlotRanges {
  const [first, next] = [index, index + 1].map((n) => Math.floor((n * slots) / count)) as [number, number];
  return next > first ? [[first, next - 1]] : [];
}
