/**
 * Waits for the first topology, within the limits of a call.
 *
 * @module
 */
import type { Call } from "../../client/executor.ts";
import { abortable, startLimit } from "../../connection/time_limit.ts";
import { TimeoutError } from "../../errors.ts";
import type { ClusterState } from "./cluster_state.ts";

/**
 * Waits until the slots are known; returns the call with the rest of its time.
 *
 * @param name the command that waits, for messages
 * @throws {TimeoutError} after the timeout of the call; the reason of its signal; the error of the discovery.
 */
export async function awaitTopology<C extends Pick<Call, "timeout" | "signal">>(
  cluster: ClusterState,
  name: string,
  call: C,
): Promise<C> {
  if (cluster.topology.refreshes > 0) return call;
  const { clock } = cluster.options.connection;
  const { timeout } = call;
  const began = clock.now();
  const late = (): Error =>
    new TimeoutError(`${name} waited ${timeout} ms for the slots of ${cluster.options}`, {
      code: "COMMAND_TIMEOUT",
      executed: "no",
    });
  const limit = startLimit(clock, timeout, late, call.signal);
  try {
    await abortable(cluster.start(), limit.signal);
  } finally {
    limit.release();
  }
  return timeout === 0 ? call : { ...call, timeout: Math.max(1, timeout - (clock.now() - began)) };
}
