/**
 * The errors of a cluster's pool.
 *
 * @module
 */
import { ConnectionError, MaxConnectionsError } from "../../errors.ts";
import type { NodePool } from "./node_pool.ts";

/** Describes the limit that is reached: that of the node, or that of the cluster. */
export function describeLimit(pool: NodePool, ofCluster: number): string {
  const { created, connecting, max } = pool.stats();
  return created + connecting >= max
    ? `all ${max} to this node are in use`
    : `all ${ofCluster} of the cluster are in use`;
}

/** The error of a pool at its limit. */
export function limitError(pool: NodePool, ofCluster: number): MaxConnectionsError {
  return new MaxConnectionsError(
    `Cannot take a connection to ${pool.options.connection}: ${describeLimit(pool, ofCluster)}; ` +
      "release them sooner, raise maxConnections or maxConnectionsPerNode, or use a BlockingClusterConnectionPool " +
      "to wait",
    { code: "MAX_CONNECTIONS", executed: "no" },
  );
}

/** The error of a pool that is closed. */
export function closedError(): ConnectionError {
  return new ConnectionError("Cannot take a connection to the cluster: the pool is closed", {
    code: "CLOSED",
    executed: "no",
  });
}
