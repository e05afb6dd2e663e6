/**
 * Commands without keys for several nodes, by the server's command table (`request_policy`).
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { ClusterError } from "../../errors.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import type { ClusterNode } from "../topology/node.ts";
import { combine } from "./reply_policies.ts";

/** The nodes that a command goes to; `undefined`: one will do. */
export function targetsOf(cluster: ClusterState, { spec }: Command): ClusterNode[] | undefined {
  const { requestPolicy, responsePolicy, name } = spec;
  // Reports about a single node cannot be merged. RANDOMKEY can: any key of any node.
  if (responsePolicy === "special" && name !== "RANDOMKEY") return undefined;
  if (requestPolicy === "all_nodes") return cluster.topology.nodes().filter((node) => node.health !== "fail");
  if (requestPolicy !== "all_shards") return undefined;
  return cluster.topology.shards().map(({ master }) => master);
}

/**
 * Merges the replies of all nodes, errors included.
 *
 * @throws {PartialError} if a node failed and the policy does not allow it.
 */
export function gather(
  { spec: { name, responsePolicy } }: Command,
  nodes: readonly ClusterNode[],
  outcomes: readonly unknown[],
  random: number,
): unknown {
  if (name === "RANDOMKEY") return anyKey(outcomes, random);
  const parts = nodes.map((node, index) => ({ outcome: outcomes[index], where: node.toString() }));
  return combine(name, responsePolicy, parts);
}

function anyKey(outcomes: readonly unknown[], random: number): unknown {
  const keys = outcomes.filter((outcome) => outcome !== null && !(outcome instanceof Error));
  if (keys.length > 0) return keys[Math.floor(random * keys.length)];
  const failed = outcomes.find((outcome) => outcome instanceof Error);
  if (failed !== undefined) throw failed;
  return null;
}

/** The error for a command whose state is one node's, without a word on which node. */
export function needsNode(name: string): ClusterError {
  const why = name.endsWith("SCAN")
    ? "its cursor is one node's; use redis.scanIterator() for all of them, or redis.node(address).scan() for one"
    : 'each node has its own; use redis.node(address), for each of redis.topology.byRole("master")';
  return new ClusterError(`Cannot run ${name} on a cluster: ${why}`, { code: "NEEDS_NODE", executed: "no" });
}
