/**
 * Redirections on acquired connections. Such a connection stays at its node, as its holder may have changed its state: the
 * error explains what to do.
 *
 * @module
 */
import { ReplyError } from "../../errors.ts";
import { formatAddress } from "../../topology/server_address.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import type { ClusterNode } from "../topology/node.ts";
import { recordRedirection } from "./record_redirection.ts";
import { redirectionOf } from "./redirection.ts";

/** Records the slots that a redirection names, and returns an error with a hint. */
export function explainRedirection(cluster: ClusterState, node: ClusterNode, error: ReplyError): ReplyError {
  const redirection = redirectionOf(error);
  if (redirection === undefined || cluster.stopped) return error;
  if (redirection.kind === "retry") {
    if (redirection.refresh) cluster.refresher.request("down");
    return error;
  }
  const { slot } = redirection;
  const there = recordRedirection(cluster, redirection, node);
  if (redirection.kind === "moved") {
    cluster.refresher.request("moved");
    return explained(
      error,
      `the slot is at ${there} now, and a connection that was acquired stays at ${node}; ` +
        `nothing was run: give it back, and take one with acquireBySlot(${slot})`,
    );
  }
  return explained(
    error,
    `the slot is on its way from ${node} to ${there}, and nothing was run; send ASKING and the command over ` +
      `a connection of acquireByNode(${formatAddress(there)}), or try again when the slot has moved`,
  );
}

/** The reply's own text stays in front, where it can be read by programs. */
function explained(error: ReplyError, what: string): ReplyError {
  return new ReplyError(`${error.message} (${what})`, { executed: "no", cause: error });
}
