/**
 * `connect()` within the time limit of `with({ timeout })`.
 *
 * @module
 */
import type { Clock } from "../../clock.ts";
import { startLimit } from "../../connection/time_limit.ts";
import { TimeoutError } from "../../errors.ts";
import type { Call, Executor } from "../executor.ts";

/**
 * Connects within `call.connectTimeout`. The connection attempt continues in the background when the time is up.
 *
 * @throws {TimeoutError} code `CONNECT_TIMEOUT`, when the time is up.
 */
export async function connectWithin(executor: Executor, call: Call, clock: Clock): Promise<void> {
  const { connectTimeout = 0, signal } = call;
  const late = (): Error =>
    new TimeoutError(`connect() took longer than ${connectTimeout} ms`, {
      code: "CONNECT_TIMEOUT",
      executed: "no",
    });
  const limit = startLimit(clock, connectTimeout, late, signal);
  try {
    await executor.connect({ ...call, signal: limit.signal });
  } finally {
    limit.release();
  }
}
