/**
 * The options of MONITOR.
 *
 * @module
 */
import type { BufferPolicy } from "../pubsub/buffer.ts";

/** The options of a monitor. */
export interface MonitorOptions {
  /** The maximum number of unread commands. Default 10,000. */
  readonly buffer?: number;
  /** The behavior when the buffer is full. Default `"dropOldest"`, which inserts a gap. */
  readonly policy?: Exclude<BufferPolicy, "pause">;
  /** Ends the monitor, which throws its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Checks options and fills in the size of the buffer.
 *
 * @throws {RangeError} for an invalid size; or the reason of the signal.
 */
export function checkMonitor(options: MonitorOptions): MonitorOptions & { readonly buffer: number } {
  const { buffer = 10_000, signal } = options;
  if (!(Number.isInteger(buffer) && buffer >= 1)) {
    throw new RangeError(`Cannot use the option \`buffer\`: ${buffer} is no whole number from 1 up`);
  }
  signal?.throwIfAborted();
  return { ...options, buffer };
}
