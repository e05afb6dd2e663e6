/**
 * The times at which the whole process stood still, as it got no processor: limits that passed meanwhile prove nothing.
 *
 * @module
 */
import { setInterval } from "node:timers";

/** Milliseconds between two looks at the time, and by how many the second may be late. */
const [TICK, LATE] = [50, 200];

let last = performance.now();
let stalledAt = -Infinity;

setInterval(() => {
  const now = performance.now();
  if (now - last > TICK + LATE) stalledAt = now;
  last = now;
}, TICK).unref();

/** Returns whether the process has stood still since `time`, by `performance.now()`. */
export function stalledSince(time: number): boolean {
  return stalledAt >= time || performance.now() - last > TICK + LATE;
}
