/**
 * The waiting and pending commands of a cluster: the queues of the router and of the shared connections to the nodes.
 *
 * @module
 */
import type { Call } from "../../client/executor.ts";
import { startLimit } from "../../connection/time_limit.ts";
import { TimeoutError } from "../../errors.ts";
import type { QueueStats } from "../../pool/stats.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import type { Router } from "./router.ts";

/** Returns the numbers of pending commands over all shared connections, and of commands that wait in the router. */
export function loadOfCluster({ topology }: ClusterState, router: Router): QueueStats {
  const sum = { ...router.load, unsent: 0, unsentBytes: 0, inFlight: 0 };
  for (const { openedShared } of topology.nodes()) {
    if (openedShared === undefined) continue;
    const { load, router: further } = openedShared;
    for (const name of Object.keys(sum) as (keyof QueueStats)[]) {
      sum[name] += load[name] + (further?.load[name] ?? 0);
    }
  }
  return sum;
}

/**
 * Resolves when a producer may continue: no command waits for the topology, a redirection or a connection, and all
 * nodes read what they are sent.
 *
 * @throws {TimeoutError} after the timeout of the call; the reason of its signal.
 */
export async function drainCluster(
  cluster: ClusterState,
  router: Router,
  { timeout, signal }: Pick<Call, "timeout" | "signal">,
): Promise<void> {
  signal?.throwIfAborted();
  const { topology, options } = cluster;
  const late = (): Error =>
    new TimeoutError(`drained() waited ${timeout} ms: ${options} takes nothing more`, {
      code: "COMMAND_TIMEOUT",
      executed: "no",
    });
  const limit = startLimit(options.connection.clock, timeout, late, signal);
  try {
    await router.drained(limit.signal);
    await Promise.all(topology.nodes().map((node) => node.openedShared?.drained(limit.signal)));
  } finally {
    limit.release();
  }
}
