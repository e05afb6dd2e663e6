/**
 * The latency of a server, measured by PING.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";

/** The weight of the last measurement in the moving average. */
const WEIGHT = 0.3;

/** Returns the duration of a PING in milliseconds; `undefined` without a reply. */
export async function measureLatency(connection: Connection): Promise<number | undefined> {
  const { clock } = connection.options;
  const start = clock.now();
  try {
    await connection.send(["PING"]);
    return clock.now() - start;
  } catch {
    return undefined;
  }
}

/** Returns the moving average of latencies; `undefined` after a failed measurement. */
export function averageLatency(before: number | undefined, now: number | undefined): number | undefined {
  if (before === undefined || now === undefined) return now;
  return before * (1 - WEIGHT) + now * WEIGHT;
}
