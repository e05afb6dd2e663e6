/**
 * Learns the topology from the nodes: whom to query, and which of several answers is right.
 *
 * @module
 */
import type { Clock } from "../../clock.ts";
import { ClusterError, RedisError } from "../../errors.ts";
import { type Found, showGaps } from "./discovery.ts";
import { isFatalDiscoveryError } from "./fatal_discovery_error.ts";
import type { ClusterNode } from "./node.ts";
import { queryNode, queryUntil } from "./query_nodes.ts";
import { SLOTS } from "../routing/slot.ts";

/** An answer, and the node that gave it. */
export interface Answer {
  /** The topology as the node describes it. */
  readonly found: Found;
  /** The node. */
  readonly node: ClusterNode;
}

/** The topology before a query. */
export interface Known {
  /** Whether nothing is known yet. */
  readonly first: boolean;
  /** The epoch of the last answer. */
  readonly epoch: number;
  /** The number of slots that had a master in the last reply. */
  readonly covered: number;
  /** Whether slots may be without a master. */
  readonly gapsAllowed: boolean;
}

/** The time to wait for one node before querying the next one, in milliseconds. */
const PATIENCE = 200;

/**
 * Queries nodes until one gives a current and complete answer; else takes the best answer.
 *
 * @param keep whether the connections that are opened stay open for commands
 * @throws {RedisError} when no node gives a usable answer; the reason of the signal when it is aborted.
 */
export async function queryTopology(
  candidates: readonly ClusterNode[],
  known: Known,
  keep: boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<Answer> {
  const { accepted, others, errors } = await queryUntil<ClusterNode, Answer>(
    candidates,
    async (node, round) => ({ found: await queryNode(node, keep, round), node }),
    ({ found }) => isCurrent(found, known),
    clock,
    PATIENCE,
    signal,
  );
  const answer = accepted ?? best(others, known);
  if (answer === undefined) throw noAnswer(candidates, errors);
  if (known.first && answer.found.covered < SLOTS && !known.gapsAllowed) throw uncovered(answer);
  return answer;
}

/** A node with an older epoch is behind; one with fewer slots may not be part of the cluster any more. */
function isCurrent({ epoch, covered }: Found, known: Known): boolean {
  if (epoch < known.epoch) return false;
  return covered === SLOTS || (known.gapsAllowed && covered > 0 && covered >= known.covered);
}

/** All nodes that answered are behind, or have gaps: the one with the highest epoch is right. */
function best(answers: readonly Answer[], { first }: Known): Answer | undefined {
  return [...answers].sort((a, b) => b.found.epoch - a.found.epoch || b.found.covered - a.found.covered)
    .find(({ found }) => found.covered > 0 || first);
}

function noAnswer(queried: readonly ClusterNode[], errors: readonly unknown[]): Error {
  const last = errors.at(-1);
  // Refused by all for good: the error needs no other words. What the query was sent is not what callers wait to send.
  const alone = errors.length === 1 || errors.every(isFatalDiscoveryError);
  if (alone && last instanceof RedisError && last.executed === "no") return last;
  const why = last instanceof Error ? `: ${last.message}` : "";
  return new ClusterError(`Cannot learn the slots from any of ${queried.length} nodes${why}`, {
    code: "DISCOVERY",
    executed: "no",
    cause: errors.length > 1 ? new AggregateError(errors, "No node told the slots") : last,
  });
}

function uncovered({ found, node }: Answer): ClusterError {
  return new ClusterError(
    `Cannot use the cluster as ${node} describes it: nobody has the slots ${showGaps(found)}; ` +
      "assign them, or give skipFullCoverageCheck: true to work with the rest",
    { code: "UNCOVERED", executed: "no" },
  );
}
