/**
 * Pipelines in a cluster: which node gets all the commands, and when the pipeline is sent again.
 *
 * @module
 */
import { slotOf, SLOTS } from "../../../cluster/routing/slot.ts";
import type { Arg } from "../../../resp/types.ts";
import { Command } from "../command.ts";
import { isKnown, isReadOnly } from "../command_table.ts";

// deno-lint-ignore no-explicit-any
type Pipeline = any;

/**
 * Returns the slot whose node gets the pipeline.
 *
 * @throws {Error} when the keys are served by different nodes.
 */
export function checkSlots(pipeline: Pipeline): number {
  const slots: number[] = [];
  for (const command of pipeline._queue as Command[]) {
    const own = command.getKeys().map((key) => slotOf(key as Arg));
    if (own.length === 0) continue;
    if (own.some((slot) => slot !== own[0])) {
      throw new Error("All the keys in a pipeline command should belong to the same slot");
    }
    slots.push(own[0]!);
  }
  if (slots.length === 0) return Math.floor(Math.random() * SLOTS);
  const groups = pipeline.redis._groupsBySlot as readonly (number | undefined)[];
  if (slots.some((slot) => groups[slot] !== groups[slots[0]!])) {
    throw new Error("All keys in the pipeline should belong to the same slots allocation group");
  }
  return slots[0]!;
}

const MOVED = /^MOVED (\d+) (\S+)$/;

/** Whether two errors call for the same step. Slots that have moved to the same node do; ioredis retries one slot only. */
function isSame(message: string, other: string): boolean {
  return message === other ||
    (MOVED.test(message) && MOVED.exec(message)?.[2] === MOVED.exec(other)?.[2]);
}

/** Enters the new node of each slot of a pipeline that has moved. */
function noteAllMoved(pipeline: Pipeline): void {
  for (const [error] of pipeline._result as [Error | null][]) {
    const [, slot, key] = MOVED.exec(error?.message ?? "") ?? [];
    if (slot !== undefined) pipeline.redis.noteMoved(Number(slot), key);
  }
}

/** The one error that all commands which failed have in common, where no other command can have changed anything. */
function commonError(pipeline: Pipeline): { name: string; message: string } | undefined {
  let common: { name: string; message: string } | undefined;
  for (let index = 0; index < pipeline._result.length; index++) {
    const error = pipeline._result[index][0] as Error | null;
    const command = pipeline._queue[index] as Command;
    if (error) {
      const { name, message } = error;
      if (
        command.name === "exec" &&
        message === "EXECABORT Transaction discarded because of previous errors."
      ) {
        continue;
      }
      common ??= { name, message };
      if (common.name !== name || !isSame(common.message, message)) return undefined;
    } else if (!command.inTransaction) {
      if (!isKnown(command.name) || !isReadOnly(command.name)) return undefined;
    }
  }
  return common;
}

/** Sends a pipeline again after a redirection; returns whether it does. */
export function retryPipeline(pipeline: Pipeline): boolean {
  const error = commonError(pipeline);
  if (error === undefined) return false;
  const asks = error.message.startsWith("ASK ");
  const queue = pipeline._queue as Command[];
  pipeline._queue = [];
  let inTransaction = false;
  queue.forEach((command, index) => {
    if (asks && !inTransaction && command.name !== "asking" && queue[index - 1]?.name !== "asking") {
      const asking = new Command("asking");
      asking.ignore = true;
      pipeline.sendCommand(asking);
    }
    command.initPromise();
    pipeline.sendCommand(command);
    inTransaction = command.inTransaction;
  });
  const cluster = pipeline.redis;
  let again = true;
  const exec = (): void => void pipeline.exec();
  const fail = (): void => void (again = false);
  pipeline.leftRedirections ??= {};
  cluster.handleError(error, pipeline.leftRedirections, {
    moved: (slot: number, key: string) => {
      pipeline.preferKey = key;
      cluster.noteMoved(slot, key);
      noteAllMoved(pipeline);
      cluster.refreshSlotsCache();
      exec();
    },
    ask: (_slot: number, key: string) => {
      pipeline.preferKey = key;
      exec();
    },
    tryagain: exec,
    clusterDown: exec,
    connectionClosed: exec,
    maxRedirections: fail,
    defaults: fail,
  });
  if (!again) pipeline._queue = queue;
  return again;
}
