/**
 * Attempts at the node of a slot, one after the other, until one is not redirected: for commands, transactions and leases
 * on dedicated connections.
 *
 * @module
 */
import { sleep } from "../../connection/sleep.ts";
import type { Acquire } from "../../client/connections/dedicated_connection.ts";
import type { Call } from "../../client/executor.ts";
import type { Command } from "../../commands/command.ts";
import { withUnknownOutcome } from "../../connection/failures.ts";
import { ConnectionError, RedisError } from "../../errors.ts";
import { shouldRetry } from "../../retry.ts";
import { acquireFromNode, isUnreachable } from "../connections/acquire_from_node.ts";
import { awaitTopology } from "../topology/await_topology.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import type { ClusterNode } from "../topology/node.ts";
import { downError, redirectDelay } from "./redirection.ts";
import { Redirections } from "./redirections.ts";

/** The node of an attempt. */
export interface Place {
  /** The node. */
  readonly node: ClusterNode;
  /** Whether ASKING must come first. */
  readonly asking: boolean;
  /** The call, with the rest of its time. */
  readonly call: Call;
  /** Takes a connection to the node; fails when another node becomes the right one. */
  readonly acquire: Acquire;
}

/** The options of attempts. */
export interface AttemptOptions {
  /** The name of the command, for messages. */
  readonly name: string;
  /** The command, where it is a single one. */
  readonly command?: Command;
  /** The slot; negative: any node. */
  readonly slot: number;
  /** Whether `readFrom` selects the node. Default `false`: the master. */
  readonly readonly?: boolean;
  /** Whether an attempt can begin with ASKING. Default `true`; otherwise an ASK is waited out. */
  readonly asks?: boolean;
}

/**
 * Makes attempts until one succeeds or fails for another reason than a redirection. While the node cannot be reached, the
 * slot's node is looked up anew, until the time of the call is over.
 *
 * @throws the error of the last attempt.
 */
export async function attemptRedirected<T>(
  cluster: ClusterState,
  { name, command, slot, readonly = false, asks = true }: AttemptOptions,
  given: Call,
  attempt: (place: Place) => Promise<T>,
): Promise<T> {
  const { connection: { clock }, readFrom } = cluster.options;
  const call = cluster.ready ? given : await awaitTopology(cluster, name, given);
  const { signal, retry } = call;
  const deadline = call.timeout === 0 ? Infinity : clock.now() + call.timeout;
  let named: ClusterNode | undefined;
  let asking = false;
  const redirections = new Redirections();
  let mayHaveExecuted = false;
  for (let losses = 0;;) {
    const node = named ??
      (slot < 0
        ? cluster.anyNode()
        : cluster.nodeOf(slot, readonly && !redirections.toMaster) ?? guess(cluster, slot));
    const rest = call.timeout === 0 ? call : { ...call, timeout: Math.max(1, deadline - clock.now()) };
    const asked = asking;
    call.route?.at(slot, node);
    let unreachable: unknown;
    const acquire: Acquire = async (what, one, until) => {
      try {
        return await acquireFromNode(
          cluster,
          node!,
          () => asked || isRight(cluster, node!, slot, readonly),
          what,
          one,
          until,
        );
      } catch (error) {
        throw unreachable = error;
      }
    };
    try {
      if (node === undefined) throw downError(slot);
      const value = await attempt({ node, asking, call: rest, acquire });
      if (!readonly) call.ranAt?.add(node);
      return value;
    } catch (error) {
      const failure = mayHaveExecuted ? withUnknownOutcome(error) : error;
      if (signal?.aborted || cluster.stopped) throw failure;
      mayHaveExecuted ||= error instanceof RedisError && error.executed !== "no";
      const next = !(error instanceof RedisError) ? undefined : redirections.next(cluster, error, {
        name,
        command,
        node,
        mayRetry: retry.attempts > 0,
        readsReplicas: readonly,
        asks,
        timeLeft: deadline - clock.now(),
        route: call.route,
      });
      if (next instanceof Error) {
        throw next === error ? failure : mayHaveExecuted ? withUnknownOutcome(next) : next;
      }
      named = next?.node;
      asking = next?.asking ?? false;
      let delay = next?.delay ?? 0;
      if (isReplaced(error)) redirections.toMaster ||= readFrom !== "replica";
      else if (next === undefined) {
        const failed = node !== undefined && slot >= 0 ? cluster.failureOf(node, name) : undefined;
        if (failed !== undefined) throw mayHaveExecuted ? failure : failed;
        const context = { attempt: 1, readonly: true, executed: "no" } as const;
        if (!isUnreachable(unreachable) || !shouldRetry(retry, unreachable, context)) throw failure;
        redirections.toMaster ||= readFrom !== "replica";
        delay = redirectDelay(++losses, clock);
      }
      if (clock.now() + delay >= deadline) throw failure;
      if (delay > 0) await sleep(clock, delay, signal);
    }
  }
}

/** Whether nothing was sent, as another node has become the right one. */
export function isReplaced(error: unknown): boolean {
  return error instanceof ConnectionError && error.code === "REPLACED" && error.executed === "no";
}

/** Whether a node is still one that serves a slot. */
function isRight({ topology }: ClusterState, node: ClusterNode, slot: number, readonly: boolean): boolean {
  if (slot < 0) return topology.refreshes === 0 || topology.nodes().includes(node);
  const shard = topology.slots[slot];
  return shard === undefined || shard.master === node || (readonly && shard.replicas.includes(node));
}

/** Returns a node before the topology is known: any node can redirect. */
function guess(cluster: ClusterState, slot: number): ClusterNode | undefined {
  return cluster.topology.refreshes === 0 ? cluster.topology.masterOf(slot) ?? cluster.anyNode() : undefined;
}
