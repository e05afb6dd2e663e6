/**
 * A publisher that numbers its messages, and a check that a reader's holes are covered by gaps.
 *
 * @module
 */
import type { Redis, Subscription } from "../../mod.ts";

/** The outcome of a stream of numbers. */
export interface Verdict {
  /** Numbers that came. */
  readonly received: number;
  /** Numbers that came twice or out of order. */
  readonly repeated: number;
  /** Numbers that are missing. */
  readonly missing: number;
  /** The number of holes without a gap before them. */
  readonly uncovered: number;
  /** The number of reported gaps. */
  readonly gaps: number;
  /** The last number that came. */
  readonly last: number;
}

/** Publishes 1, 2, 3... until stopped; resolves with the last number. Reports each number before it is sent. */
export async function publishNumbers(
  redis: Redis,
  channel: string,
  stop: AbortSignal,
  tell: (number: number) => void = () => {},
): Promise<number> {
  let number = 0;
  while (!stop.aborted) {
    await Promise.all(Array.from({ length: 5 }, () => {
      tell(++number);
      return redis.publish(channel, String(number));
    }));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return number;
}

/** Reads numbers until `last` has arrived; reports each. */
export async function readNumbers(
  subscription: Subscription<string>,
  last: () => number,
  tell: (number: number) => void = () => {},
): Promise<Verdict> {
  let expected = 1, received = 0, repeated = 0, missing = 0, uncovered = 0, gaps = 0, seen = 0;
  let covered = false;
  for await (const item of subscription) {
    if (item.kind === "gap") {
      gaps++;
      covered = true;
      continue;
    }
    const number = Number(item.message);
    received++;
    if (number < expected) repeated++;
    if (number > expected) {
      missing += number - expected;
      if (!covered) uncovered++;
    }
    covered = false;
    expected = Math.max(expected, number + 1);
    tell(seen = number);
    if (seen === last()) break;
  }
  return { received, repeated, missing, uncovered, gaps, last: seen };
}
