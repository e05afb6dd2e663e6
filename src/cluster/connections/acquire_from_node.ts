/**
 * Takes a dedicated connection to a node, as long as that is the right node.
 *
 * @module
 */
import { acquireUntil } from "../../client/connections/dedicated_connection.ts";
import type { Call } from "../../client/executor.ts";
import type { Timer } from "../../clock.ts";
import type { Connection } from "../../connection/connection.ts";
import { startLimit } from "../../connection/time_limit.ts";
import { ConnectionError, TimeoutError } from "../../errors.ts";
import { isFinal } from "../../retry.ts";
import type { ClusterState, TopologyListener } from "../topology/cluster_state.ts";
import type { ClusterNode } from "../topology/node.ts";

/**
 * Acquires a connection to `node`, in one attempt until the deadline, or as long as that is the right node. If the
 * node is unreachable or silent for longer than `nodeTimeout`, the other nodes are asked about it.
 *
 * @param name the name of the command, for messages
 * @param right returns whether the node is still the right one; called after changes of the topology
 * @throws {ConnectionError} with the code `REPLACED` if another node has become the right one.
 */
export async function acquireFromNode(
  cluster: ClusterState,
  node: ClusterNode,
  right: () => boolean,
  name: string,
  call: Call,
  deadline: number,
): Promise<Connection> {
  const { clock } = cluster.options.connection;
  const { nodeTimeout } = cluster.options;
  const limit = startLimit(clock, 0, () => replaced(node), call.signal);
  const look = (): void => {
    if (!right()) limit.abort(replaced(node));
  };
  const listener: TopologyListener = { discovered: look, failed: () => false, rearranged: look };
  let timer: Timer;
  const wait = (): void => {
    timer = clock.setTimeout(() => {
      // A caller that waits for a place in the pool waits for other callers, not for the node.
      if (node.pool.stats().connecting > 0) cluster.silent();
      wait();
    }, nodeTimeout);
  };
  if (nodeTimeout > 0) wait();
  cluster.listen(listener);
  try {
    return await acquireUntil(node.pool, name, { ...call, signal: limit.signal }, deadline, { retry: false });
  } catch (error) {
    if (isUnreachable(error)) cluster.lost();
    throw error;
  } finally {
    cluster.unlisten(listener);
    clock.clearTimeout(timer);
    limit.release();
  }
}

/** Whether a connection could not be made for reasons that a new master, or a little time, may end. */
export function isUnreachable(error: unknown): error is ConnectionError | TimeoutError {
  if (isFinal(error)) return false;
  if (error instanceof TimeoutError) return error.code === "CONNECT_TIMEOUT";
  return error instanceof ConnectionError && error.executed === "no" && error.code !== "REPLACED";
}

/** Creates the error for a command that `node` has not run, and that goes to another node. */
export function replaced(node: ClusterNode): ConnectionError {
  return new ConnectionError(`another node than ${node} is the right one now`, {
    code: "REPLACED",
    executed: "no",
  });
}
