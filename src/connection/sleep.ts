/**
 * Waits: for a time, and for a promise with a time limit.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";
import { abortable } from "./time_limit.ts";

/**
 * Waits `delay` milliseconds.
 *
 * @throws the reason of `signal`, if it is aborted before.
 */
export async function sleep(clock: Clock, delay: number, signal?: AbortSignal): Promise<void> {
  let timer: Timer;
  const slept = new Promise<void>((resolve) => timer = clock.setTimeout(resolve, delay));
  try {
    await (signal === undefined ? slept : abortable(slept, signal));
  } finally {
    clock.clearTimeout(timer);
  }
}

/** Resolves with `end`, or after `timeout` milliseconds. */
export async function withTimeout(clock: Clock, timeout: number, end: Promise<unknown>): Promise<void> {
  let timer: Timer;
  const expired = new Promise<void>((resolve) => {
    if (timeout === 0) resolve();
    else timer = clock.setTimeout(resolve, timeout);
  });
  await Promise.race([expired, end]);
  clock.clearTimeout(timer);
}
