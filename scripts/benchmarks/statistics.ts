/**
 * Medians and their spread.
 *
 * @module
 */

/** The value below which a share `q` of the numbers lies. */
export function quantile(numbers: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!;
}

/** The median. */
export function median(numbers: ArrayLike<number>): number {
  return quantile(numbers, 0.5);
}

/** Rounds to three significant digits, because the rest is noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
