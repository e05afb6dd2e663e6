/**
 * Delays between retries.
 *
 * @module
 */
import type { Clock } from "./clock.ts";

/**
 * Computes the delay before each retry. Created by {@linkcode none}, {@linkcode constant} or {@linkcode exponential}.
 * A plain {@linkcode BackoffFunction} is accepted as well.
 */
export interface Backoff {
  /** Milliseconds before repeat number `attempt` (from 1). `random` gives jitter, `previous` is the last delay (0: none yet). */
  delay(attempt: number, random: () => number, previous: number): number;
  /** The spelling that a URL takes: `"none"`, `"constant:100"`, `"exponential:50:2000:full"`. */
  toString(): string;
}

/** Milliseconds before repeat number `attempt`, which counts from 1. */
export type BackoffFunction = (attempt: number) => number;

/**
 * The spread of exponential delays: `0..d` (`"full"`), `d/2..d` (`"equal"`), relative to the previous delay
 * (`"decorrelated"`), or none.
 */
export type Jitter = "full" | "equal" | "decorrelated" | "none";

/** The options of {@linkcode exponential}. */
export interface ExponentialOptions {
  /** Milliseconds before the first repeat; it doubles from one to the next. Default 50. */
  readonly base?: number;
  /** The longest delay, in milliseconds. Default 2,000. */
  readonly cap?: number;
  /** The spread of the delays, so that many clients do not reconnect at the same time. Default `"full"`. */
  readonly jitter?: Jitter;
}

/** Longest delay that a timer takes. */
const LONGEST = 2_147_483_647;

/** The delay where a function of the user's gives none: it must not make a loop that never rests. */
const FALLBACK = 1_000;

const JITTERS: readonly Jitter[] = ["full", "equal", "decorrelated", "none"];

function checkDelay(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= LONGEST) return value;
  throw new RangeError(
    `Cannot make a backoff: \`${name}\` is ${
      String(value)
    }, but it must be whole milliseconds from 0 to ${LONGEST}`,
  );
}

/** Returns a backoff without delays. */
export function none(): Backoff {
  return Object.freeze({ delay: () => 0, toString: () => "none" });
}

/**
 * The same delay each time.
 *
 * @param milliseconds the delay
 * @throws {RangeError} when it is no whole number from 0 up.
 */
export function constant(milliseconds: number): Backoff {
  const delay = checkDelay("milliseconds", milliseconds);
  return Object.freeze({ delay: () => delay, toString: () => `constant:${delay}` });
}

/**
 * Delays that double, up to a cap, spread by jitter.
 *
 * @throws {RangeError} when `base` or `cap` is no whole number from 0 up, `cap` is below `base`, or `jitter` is unknown.
 *
 * @example
 * ```ts
 * import { exponential } from "./backoff.ts";
 *
 * const backoff = exponential({ base: 100, cap: 1_000, jitter: "none" });
 * backoff.delay(1, Math.random, 0); // 100
 * backoff.delay(9, Math.random, 0); // 1,000
 * ```
 */
export function exponential(options: ExponentialOptions = {}): Backoff {
  const base = checkDelay("base", options.base ?? 50);
  const cap = checkDelay("cap", options.cap ?? Math.max(base, 2_000));
  const jitter = options.jitter ?? "full";
  if (cap < base) {
    throw new RangeError(`Cannot make a backoff: \`cap\` (${cap}) is below \`base\` (${base})`);
  }
  if (!JITTERS.includes(jitter)) {
    throw new RangeError(`Cannot make a backoff: \`jitter\` must be one of ${JITTERS.join(", ")}`);
  }
  return Object.freeze({
    delay: (attempt: number, random: () => number, previous: number): number => {
      if (jitter === "decorrelated") {
        // The previous delay widens the range, so the spread grows with the attempts.
        const from = Math.max(previous, base);
        return Math.min(cap, base + random() * (from * 3 - base));
      }
      // 2 ** 31 is beyond every cap; a larger exponent would only lose precision.
      const full = Math.min(cap, base * 2 ** Math.min(attempt - 1, 31));
      if (jitter === "none") return full;
      return jitter === "full" ? random() * full : full / 2 + random() * (full / 2);
    },
    toString: () => `exponential:${base}:${cap}:${jitter}`,
  });
}

/** Converts a function to a backoff. Returns a backoff unchanged. */
export function toBackoff(value: Backoff | BackoffFunction): Backoff {
  if (typeof value !== "function") return value;
  return Object.freeze({ delay: (attempt: number) => value(attempt), toString: () => "[function]" });
}

/**
 * Makes a backoff of its spelling: `none`, `constant:MS`, `exponential[:BASE[:CAP[:JITTER]]]`.
 *
 * @returns `undefined` when the text is no such spelling.
 * @throws {RangeError} when the spelling is right and a number in it is out of range.
 */
export function parseBackoff(text: string): Backoff | undefined {
  if (text === "none") return none();
  const [, delay] = /^constant:(\d{1,10})$/.exec(text) ?? [];
  if (delay !== undefined) return constant(Number(delay));
  const match = /^exponential(?::(\d{1,10})(?::(\d{1,10})(?::([a-z]+))?)?)?$/.exec(text);
  if (match === null) return undefined;
  const [, base, cap, jitter] = match;
  return exponential({
    base: base === undefined ? undefined : Number(base),
    cap: cap === undefined ? undefined : Number(cap),
    jitter: jitter as Jitter | undefined,
  });
}

/**
 * Returns the delay before retry number `attempt`. Never throws: if a custom function throws or returns an invalid
 * number, the delay is one second.
 */
export function delayOf(
  backoff: Backoff,
  attempt: number,
  clock: Pick<Clock, "random">,
  previous = 0,
): number {
  let delay: number;
  try {
    delay = backoff.delay(attempt, () => clock.random(), previous);
  } catch {
    return FALLBACK;
  }
  return delay >= 0 ? Math.min(delay, LONGEST) : FALLBACK;
}
