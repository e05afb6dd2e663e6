/**
 * Takes redirections over into the state of the cluster.
 *
 * @module
 */
import type { ClusterState } from "./cluster_state.ts";
import type { ClusterNode } from "./node.ts";
import type { Target } from "./redirection.ts";

/** Returns the node that a redirection names, and records it where it is a MOVED; `from` is the node that sent it. */
export function recordRedirection(
  cluster: ClusterState,
  { kind, slot, address }: Target,
  from: ClusterNode | undefined,
): ClusterNode {
  const target = cluster.nodeNamed(address, from);
  if (kind === "ask") return target;
  // A replica that names the master that is known follows another one by now, or does not serve reads.
  const known = cluster.topology.masterOf(slot) === target;
  if (known && from?.role === "replica") cluster.refresher.request("moved");
  cluster.moved(slot, target);
  return target;
}
