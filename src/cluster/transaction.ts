/**
 * Transactions: MULTI ... EXEC at the node that has the slot of all their keys.
 *
 * @module
 */
import { runBatch } from "../client/batch.ts";
import { DedicatedBatchConnection } from "../client/dedicated_connection.ts";
import type { Call } from "../client/executor.ts";
import type { Command } from "../commands/command.ts";
import { keysOf } from "../commands/keys.ts";
import { RedisError } from "../errors.ts";
import type { Arg } from "../resp/types.ts";
import { isUnreachable } from "./acquire_from_node.ts";
import type { ClusterState } from "./cluster_state.ts";
import { crossSlotError } from "./multi_key.ts";
import { attemptRedirected, isReplaced } from "./redirect_attempts.ts";
import { redirectionOf } from "./redirection.ts";
import { NO_KEY } from "./route.ts";
import { slotOf } from "./slot.ts";

/**
 * Runs commands as one transaction, at the node that has the slot of all their keys.
 *
 * @throws {ClusterError} for keys in several slots.
 */
export async function runTransaction(
  cluster: ClusterState,
  commands: readonly Command[],
  call: Call,
  multiplex: boolean,
): Promise<unknown[]> {
  const keys: Arg[] = commands.flatMap(keysOf);
  const slot = keys.length === 0 ? NO_KEY : slotOf(keys[0]!);
  if (keys.some((key) => slotOf(key) !== slot)) throw crossSlotError("the transaction", keys);
  let outcomes: unknown[] = [];
  try {
    return await attemptRedirected(
      cluster,
      { name: "a transaction", slot, asks: false },
      call,
      async ({ node, call: rest, acquire }) => {
        const lane = multiplex ? node.lane : new DedicatedBatchConnection(node.pool, rest, acquire);
        try {
          outcomes = await runBatch(lane, commands, rest, true);
        } finally {
          if (lane instanceof DedicatedBatchConnection) lane.end();
        }
        // One command that was refused has kept all the others from being run.
        const refused = outcomes.find((outcome) =>
          outcome instanceof RedisError &&
          (redirectionOf(outcome) !== undefined || isReplaced(outcome) || isUnreachable(outcome))
        );
        const none = outcomes.every((outcome) => outcome instanceof RedisError && outcome.executed === "no");
        if (refused !== undefined && none) throw refused;
        return outcomes;
      },
    );
  } catch (error) {
    // Redirected for too long: what the last try came to says it in each place.
    if (outcomes.includes(error)) return outcomes;
    throw error;
  }
}
