/**
 * Waiting for an end, but not for ever.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";

/** Resolves with `end`, or when `grace` milliseconds are over. */
export async function withTimeout(clock: Clock, grace: number, end: Promise<unknown>): Promise<void> {
  let timer: Timer;
  const over = new Promise<void>((resolve) => {
    if (grace === 0) resolve();
    else timer = clock.setTimeout(resolve, grace);
  });
  await Promise.race([over, end]);
  clock.clearTimeout(timer);
}
