/**
 * Pipelines and transactions: grouped by node, sent in parallel, redirected one by one, joined in order.
 *
 * @module
 */
import { runBatch } from "../client/batch.ts";
import { DedicatedBatchConnection } from "../client/dedicated_connection.ts";
import type { Call } from "../client/executor.ts";
import { type Command, CommandFlag } from "../commands/command.ts";
import { keysOf } from "../commands/keys.ts";
import { ConnectionError, RedisError } from "../errors.ts";
import type { Arg } from "../resp/types.ts";
import type { ClusterState as Fleet } from "./cluster_state.ts";
import { gather, targetsOf } from "./fan_out.ts";
import { follow } from "./leased.ts";
import { crossSlot, crossSlotError, join, split } from "./multi_key.ts";
import type { ClusterNode } from "./node.ts";
import { unlessAborted } from "./policies.ts";
import { turnOf } from "./redirect.ts";
import { NO_KEY, SEVERAL, slotOfCommand } from "./route.ts";
import { acquireAt, isUnreachable } from "./seek.ts";
import { slotOf } from "./slot.ts";

/** The ways of an executor that a batch needs. */
export interface BatchWays {
  /** Runs one command by itself. */
  execute(command: Command, call: Call): Promise<unknown>;
  /** Goes on with a command that has failed, at `deadline` at the latest; rejects where that is not right. */
  chase(command: Command, call: Call, deadline: number, error: Error): Promise<unknown>;
}

/** A command for one node, and what is to be done with its outcome. */
interface Item {
  readonly command: Command;
  /** It goes to this node, whatever the slots do. */
  readonly pinned: boolean;
  settled(outcome: unknown): void;
}

/** A pipeline on its way: its items by node, in order. */
class ClusterPipeline {
  readonly #fleet: Fleet;
  readonly #call: Call;
  readonly #ways: BatchWays;
  readonly #deadline: number;
  readonly #outcomes: unknown[];
  readonly #parts: Map<ClusterNode, Item[]> = new Map();
  readonly #waiting: Promise<void>[] = [];
  /** What is to be put together out of several outcomes, when all are there. */
  readonly #joins: (() => void)[] = [];

  constructor(fleet: Fleet, call: Call, ways: BatchWays, count: number) {
    this.#fleet = fleet;
    this.#call = call;
    this.#ways = ways;
    const { clock } = fleet.options.connection;
    this.#deadline = call.timeout === 0 ? Infinity : clock.now() + call.timeout;
    this.#outcomes = new Array(count);
  }

  /** Takes a command to the nodes where it is to run. */
  add(command: Command, place: number): void {
    const slot = slotOfCommand(command);
    const settled = (outcome: unknown): void => void (this.#outcomes[place] = outcome);
    if (slot >= 0) return this.#to(slot, command, settled);
    if (slot === SEVERAL) {
      const splits = split(command);
      if (splits === undefined) return settled(crossSlot(command));
      const outcomes: unknown[] = [];
      splits.forEach((part, index) => this.#to(part.slot, part.command, (one) => outcomes[index] = one));
      return this.#join(place, () => join(command, splits, unlessAborted(outcomes, this.#call.signal)));
    }
    const nodes = targetsOf(this.#fleet, command);
    // For any node: it has a way of its own, as has what is refused.
    if (nodes === undefined) return this.#alone(command, settled);
    const outcomes: unknown[] = [];
    nodes.forEach((node, index) => {
      this.#item(node, { command, pinned: true, settled: (one) => outcomes[index] = one });
    });
    const random = this.#fleet.options.connection.clock.random();
    this.#join(
      place,
      () => gather(command, nodes, unlessAborted(outcomes, this.#call.signal), random),
    );
  }

  /** Sends all; resolves when all are back. */
  async run(multiplex: boolean): Promise<unknown[]> {
    for (const [node, items] of this.#parts) this.#waiting.push(this.#runPart(node, items, multiplex));
    await Promise.all(this.#waiting);
    for (const put of this.#joins) put();
    return unlessAborted(this.#outcomes, this.#call.signal);
  }

  #to(slot: number, command: Command, settled: (outcome: unknown) => void): void {
    const node = this.#fleet.nodeOf(slot, (command.spec.flags & CommandFlag.readonly) !== 0);
    if (node === undefined) this.#alone(command, settled);
    else this.#item(node, { command, pinned: false, settled });
  }

  #item(node: ClusterNode, item: Item): void {
    const items = this.#parts.get(node);
    if (items === undefined) this.#parts.set(node, [item]);
    else items.push(item);
  }

  #alone(command: Command, settled: (outcome: unknown) => void): void {
    this.#waiting.push(this.#ways.execute(command, this.#call).then(settled, settled));
  }

  #join(place: number, put: () => unknown): void {
    this.#joins.push(() => {
      try {
        this.#outcomes[place] = put();
      } catch (error) {
        this.#outcomes[place] = error;
      }
    });
  }

  async #runPart(node: ClusterNode, items: readonly Item[], multiplex: boolean): Promise<void> {
    const call = this.#call;
    const commands = items.map(({ command }) => command);
    const here = (): boolean => this.#fleet.topology.nodes().includes(node);
    const lane = multiplex
      ? node.lane
      : new DedicatedBatchConnection(node.pool, call, (...rest) =>
        acquireAt(this.#fleet, node, here, ...rest));
    const results = await runBatch(lane, commands, call).finally(() => {
      if (lane instanceof DedicatedBatchConnection) lane.end();
    });
    // Nothing of it was sent before the node was replaced: all of it goes to the new one, in order.
    const evicted = results.every((result) => isEvicted(result) || (!multiplex && isUnreachable(result)));
    const chased: Promise<void>[] = [];
    items.forEach(({ command, pinned, settled }, index) => {
      const result = results[index];
      const goesOn = !pinned && result instanceof RedisError && (evicted || turnOf(result) !== undefined);
      if (!goesOn) return settled(result);
      chased.push(this.#ways.chase(command, call, this.#deadline, result).then(settled, settled));
    });
    await Promise.all(chased);
  }
}

/** Runs commands; resolves with their outcomes by position, errors in place. */
export function runPipeline(
  fleet: Fleet,
  commands: readonly Command[],
  call: Call,
  multiplex: boolean,
  ways: BatchWays,
): Promise<unknown[]> {
  const pipeline = new ClusterPipeline(fleet, call, ways, commands.length);
  commands.forEach((command, place) => pipeline.add(command, place));
  return pipeline.run(multiplex);
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
    return await follow(
      fleet,
      "a transaction",
      slot,
      call,
      { asks: false },
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
          (turnOf(outcome) !== undefined || isEvicted(outcome) || isUnreachable(outcome))
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
