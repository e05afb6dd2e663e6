/**
 * Dedicated connections to the nodes of slots: for commands that block, for clients that do not multiplex, and for leases.
 *
 * @module
 */
import { sleep } from "../../connection/sleep.ts";
import { closedError } from "../../client/commands/unsupported_commands.ts";
import { runDedicated, runOn } from "../../client/connections/dedicated_connection.ts";
import type { Call } from "../../client/executor.ts";
import { type Command, mayReadReplica } from "../../commands/command.ts";
import type { Connection } from "../../connection/connection.ts";
import { PipelineError, RedisError } from "../../errors.ts";
import { isUnreachable, replaced } from "./acquire_from_node.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import type { ClusterNode } from "../topology/node.ts";
import { attemptRedirected } from "../redirection/redirect_attempts.ts";
import { redirectionOf } from "../redirection/redirection.ts";
import { Redirections } from "../redirection/redirections.ts";

/**
 * Takes a connection to the node of a slot (negative: any node). The timeout of the call limits the search for a node that
 * can be reached; one attempt may take longer, as connecting and waiting for a place have limits of their own.
 */
export function acquireForSlot(
  cluster: ClusterState,
  slot: number,
  call: Call,
  readonly: boolean,
): Promise<{ readonly node: ClusterNode; readonly connection: Connection }> {
  const name = slot < 0 ? "Taking a connection" : `Taking a connection for the slot ${slot}`;
  return attemptRedirected(cluster, { name, slot, readonly }, call, async ({ node, call: rest, acquire }) => {
    return { node, connection: await acquire(name, rest, Infinity) };
  });
}

/** Runs a command on a dedicated connection. */
export function runDedicatedForSlot(
  cluster: ClusterState,
  command: Command,
  slot: number,
  call: Call,
  blocks: number,
): Promise<unknown> {
  const { name } = command.spec;
  const options = { name, command, slot, readonly: mayReadReplica(command) };
  return attemptRedirected(cluster, options, call, async ({ node, asking, call: rest, acquire }) => {
    let connection: Connection | undefined;
    try {
      if (!asking) return await runDedicated(node.pool, command, rest, blocks, acquire);
      const { clock } = node.pool.options.connection;
      const deadline = rest.timeout === 0 ? Infinity : clock.now() + rest.timeout;
      connection = await acquire(name, rest, deadline);
      connection.send(["ASKING"]).catch(() => {});
      return await runOn(connection, command, rest, deadline, blocks);
    } catch (error) {
      const ended = node.pool.closed && error instanceof RedisError && error.executed === "no" &&
        /^(CLOSED|UNBLOCKED)$/.test(error.code);
      if (!ended) throw error;
      // It has taken nothing. A pool that closes before the client is that of a node that has left.
      throw cluster.stopped ? closedError(name) : replaced(node);
    } finally {
      connection?.[Symbol.dispose]();
    }
  });
}

/** Whether a lease that failed with `error` ran nothing and may succeed anew; waits until it may. */
export async function canRetryLease(
  cluster: ClusterState,
  error: unknown,
  redirects: number,
  call: Pick<Call, "retry" | "signal">,
): Promise<boolean> {
  const { maxRedirections, connection: { clock } } = cluster.options;
  const mayRetry = call.retry.attempts > 0;
  if (call.signal?.aborted) return false;
  if (isUnreachable(error) && !cluster.stopped) {
    cluster.lost();
    // The next lease waits for a node that can be reached.
    return mayRetry && redirects < maxRedirections;
  }
  const refusal = refusalIn(error);
  if (refusal === undefined) return false;
  const next = new Redirections(redirects).next(cluster, refusal, {
    name: "a lease",
    node: undefined,
    mayRetry,
    readsReplicas: false,
    asks: false,
    timeLeft: Infinity,
  });
  if (next === undefined || next instanceof Error) return false;
  if (next.delay > 0) await sleep(clock, next.delay, call.signal);
  return true;
}

/** The redirection that kept all commands of a lease from being run, by itself or within a transaction. */
function refusalIn(error: unknown): RedisError | undefined {
  if (!(error instanceof RedisError) || error.executed !== "no") return undefined;
  const all = error instanceof PipelineError ? error.results : [error];
  return all.find((one): one is RedisError => one instanceof RedisError && redirectionOf(one) !== undefined);
}
