/**
 * Measures round trips.
 *
 * @module
 */
import type { LatencySummary } from "./diagnosis.ts";

/** The limits of the histogram, in milliseconds. */
const LIMITS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, Infinity];

/** Summarizes durations in milliseconds; there must be one at least. */
export function summarize(durations: readonly number[]): LatencySummary {
  const sorted = [...durations].sort((one, other) => one - other);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
  const buckets = LIMITS.map((limit, index) => {
    const above = LIMITS[index - 1] ?? -1;
    return { limit, count: sorted.filter((each) => each > above && each <= limit).length };
  });
  const first = buckets.findIndex(({ count }) => count > 0);
  const last = buckets.findLastIndex(({ count }) => count > 0);
  return {
    count: sorted.length,
    min: sorted[0]!,
    p50: at(0.5),
    p99: at(0.99),
    max: sorted.at(-1)!,
    buckets: buckets.slice(first, last + 1),
  };
}

/** A duration as text: `"0.21 ms"`. */
export function formatTime(milliseconds: number): string {
  if (milliseconds >= 1_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  return `${milliseconds < 10 ? milliseconds.toFixed(2) : milliseconds.toFixed(0)} ms`;
}

const WIDTH = 40;

/** The histogram as lines of text. */
export function drawHistogram({ buckets, count }: LatencySummary): string {
  const most = Math.max(...buckets.map((bucket) => bucket.count));
  return buckets.map((bucket) => {
    const limit = bucket.limit === Infinity ? "longer" : `<= ${bucket.limit} ms`;
    const bar = "#".repeat(Math.ceil(WIDTH * bucket.count / most));
    const share = `${(100 * bucket.count / count).toFixed(1)} %`;
    return `  ${limit.padStart(12)}  ${share.padStart(7)}  ${bar}`.trimEnd() + "\n";
  }).join("");
}
