/**
 * Takes redirections over into the state of the cluster.
 *
 * @module
 */
import { addressOf, type Route } from "../../observe/route.ts";
import { notify } from "../../observe/target.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import type { ClusterNode } from "../topology/node.ts";
import type { Target } from "./redirection.ts";

/**
 * Returns the node that a redirection names, and records it where it is a MOVED; `from` is the node that sent it, `route`
 * the record of the command, for an observer.
 */
export function recordRedirection(
  cluster: ClusterState,
  { kind, slot, address }: Target,
  from: ClusterNode | undefined,
  route?: Route,
): ClusterNode {
  const target = cluster.nodeNamed(address, from);
  notify(
    cluster.options.connection,
    (observer, first) =>
      observer.redirected?.({
        code: kind === "ask" ? "ASK" : "MOVED",
        slot,
        from: from && addressOf(from),
        to: addressOf(target),
      }, first),
  );
  if (route !== undefined) {
    route.redirections++;
    route.at(slot, target);
  }
  if (kind === "ask") {
    cluster.asked(slot);
    return target;
  }
  // A replica that names the master that is known follows another one by now, or does not serve reads.
  const known = cluster.topology.masterOf(slot) === target;
  if (known && from?.role === "replica") cluster.refresher.request("moved");
  cluster.moved(slot, target);
  return target;
}
