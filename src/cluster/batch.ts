/**
 * Pipelines and transactions: grouped by node, sent in parallel, redirected one by one, joined in order.
 *
 * @module
 */
import { runBatch } from "../client/batch.ts";
import { ExclusiveLane } from "../client/exclusive.ts";
import type { Call } from "../client/executor.ts";
import { type Command, CommandFlag } from "../commands/command.ts";
import { keysOf } from "../commands/keys.ts";
import { ConnectionError, RedisError } from "../errors.ts";
import type { Arg } from "../resp/types.ts";
import type { Fleet } from "./fleet.ts";
import { follow } from "./leased.ts";
import { crossSlotError } from "./multi_key.ts";
import type { ClusterNode } from "./node.ts";
import { turnOf } from "./redirect.ts";
import { NO_KEY, slotOfCommand } from "./route.ts";
import { slotOf } from "./slot.ts";

/** The ways of an executor that a batch needs. */
export interface BatchWays {
  /** Runs one command by itself. */
  execute(command: Command, call: Call): Promise<unknown>;
  /** Goes on with a command that has failed, at `deadline` at the latest; rejects where that is not right. */
  chase(command: Command, call: Call, deadline: number, error: Error): Promise<unknown>;
}

/** Commands for one node, and their places in the whole. */
interface Part {
  readonly commands: Command[];
  readonly places: number[];
}

/** Runs commands; resolves with their outcomes by position, errors in place. */
export async function runPipeline(
  fleet: Fleet,
  commands: readonly Command[],
  call: Call,
  multiplex: boolean,
  ways: BatchWays,
): Promise<unknown[]> {
  const { clock } = fleet.options.connection;
  const deadline = call.timeout === 0 ? Infinity : clock.now() + call.timeout;
  const outcomes: unknown[] = new Array(commands.length);
  const parts = new Map<ClusterNode, Part>();
  const waiting: Promise<void>[] = [];
  const settle = async (place: number, promise: Promise<unknown>): Promise<void> => {
    outcomes[place] = await promise.catch((error) => error);
  };
  for (let place = 0; place < commands.length; place++) {
    const command = commands[place]!;
    const slot = slotOfCommand(command);
    const readonly = (command.spec.flags & CommandFlag.readonly) !== 0;
    const node = slot >= 0 ? fleet.nodeOf(slot, readonly) : undefined;
    if (node === undefined) {
      // For all nodes, for any of them, over several slots, or nobody's: it has a way of its own.
      waiting.push(settle(place, ways.execute(command, call)));
      continue;
    }
    let part = parts.get(node);
    if (part === undefined) parts.set(node, part = { commands: [], places: [] });
    part.commands.push(command);
    part.places.push(place);
  }
  for (const [node, part] of parts) waiting.push(runPart(node, part));
  await Promise.all(waiting);
  return outcomes;

  async function runPart(node: ClusterNode, { commands, places }: Part): Promise<void> {
    const lane = multiplex ? node.lane : new ExclusiveLane(node.pool, call);
    const results = await runBatch(lane, commands, call).finally(() => {
      if (lane instanceof ExclusiveLane) lane.end();
    });
    const chased: Promise<void>[] = [];
    // Nothing of it was sent before the node was replaced: all of it goes to the new one, in order.
    const evicted = results.every(isEvicted);
    places.forEach((place, index) => {
      const result = outcomes[place] = results[index];
      const goesOn = result instanceof RedisError && (evicted || turnOf(result) !== undefined);
      if (goesOn) chased.push(settle(place, ways.chase(commands[index]!, call, deadline, result)));
    });
    await Promise.all(chased);
  }
}

function isEvicted(outcome: unknown): boolean {
  return outcome instanceof ConnectionError && outcome.code === "REPLACED" && outcome.executed === "no";
}

/**
 * Runs commands as one transaction, at the node that has the slot of all their keys.
 *
 * @throws {ClusterError} for keys in several slots.
 */
export async function runTransaction(
  fleet: Fleet,
  commands: readonly Command[],
  call: Call,
  multiplex: boolean,
): Promise<unknown[]> {
  const keys: Arg[] = commands.flatMap(keysOf);
  const slot = keys.length === 0 ? NO_KEY : slotOf(keys[0]!);
  if (keys.some((key) => slotOf(key) !== slot)) throw crossSlotError("the transaction", keys);
  let outcomes: unknown[] = [];
  try {
    return await follow(fleet, "a transaction", slot, call, { asks: false }, async ({ node, call: rest }) => {
      const lane = multiplex ? node.lane : new ExclusiveLane(node.pool, rest);
      try {
        outcomes = await runBatch(lane, commands, rest, true);
      } finally {
        if (lane instanceof ExclusiveLane) lane.end();
      }
      // One command that was refused has kept all the others from being run.
      const refused = outcomes.find((outcome) =>
        outcome instanceof RedisError && (turnOf(outcome) !== undefined || isEvicted(outcome))
      );
      const none = outcomes.every((outcome) => outcome instanceof RedisError && outcome.executed === "no");
      if (refused !== undefined && none) throw refused;
      return outcomes;
    });
  } catch (error) {
    // Redirected for too long: what the last try came to says it in each place.
    if (outcomes.includes(error)) return outcomes;
    throw error;
  }
}
