/**
 * What the holder of a connection is told when a command belongs elsewhere. A connection that was acquired follows
 * nobody, as nobody knows what else its holder has done on it.
 *
 * @module
 */
import { ReplyError } from "../errors.ts";
import { formatAddress } from "../topology/server_address.ts";
import type { ClusterState as Fleet } from "./cluster_state.ts";
import type { ClusterNode } from "./node.ts";
import { turnOf } from "./redirect.ts";

/** Takes note of what an error says about the slots, and makes it say what to do. */
export function advise(fleet: Fleet, node: ClusterNode, error: ReplyError): ReplyError {
  const turn = turnOf(error);
  if (turn === undefined || fleet.stopped) return error;
  if (turn.kind === "later") {
    if (turn.refresh) fleet.refresher.request("down");
    return error;
  }
  const { slot } = turn;
  const there = fleet.nodeNamed(turn.address, node);
  if (turn.kind === "moved") {
    fleet.moved(slot, there);
    fleet.refresher.request("moved");
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
