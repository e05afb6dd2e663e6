/**
 * Suggests known names for misspelled ones.
 *
 * @module
 */

/** Returns the number of letters to change, add, remove or swap with their neighbor. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (!same && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

const plain = (name: string): string => name.replace(/[_\-]/g, "").toLowerCase();

/** The known name that is nearest to `name`, if one is near at all. Case, `_` and `-` do not count. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  // A name this long is no slip of the pen, and the work grows with the square of the length.
  if (name.length > 40) return undefined;
  const wanted = plain(name);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const steps = distance(wanted, plain(candidate));
    if (steps < least && steps < candidate.length) {
      best = candidate;
      least = steps;
    }
  }
  return best;
}
