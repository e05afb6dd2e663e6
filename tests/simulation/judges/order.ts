/**
 * Commands of one client over its shared connection run in the order of the calls. Those of a pipeline or a lease run in
 * theirs, and a pipeline behind the calls before it. Single reads have an order with the writes to their keys.
 *
 * @module
 */
import { writes } from "../commands.ts";
import { describeOperation, type History, isLossy, type Operation } from "../history.ts";
import type { Scenario } from "../scenario.ts";

/** The last commands that must run in the order of their calls: the writes to all keys, and what used each key. */
interface Lane {
  last: Operation | undefined;
  readonly byKey: Map<string, Operation>;
  readonly readByKey: Map<string, Operation>;
}

/** The commands of each caller. */
class Lanes {
  readonly #known: Map<string | number, Lane> = new Map();

  of(caller: string | number): Lane {
    let lane = this.#known.get(caller);
    if (lane === undefined) {
      this.#known.set(caller, lane = { last: undefined, byKey: new Map(), readByKey: new Map() });
    }
    return lane;
  }
}

/** The first and the last time at which it ran, and may have got its result. A repeated read runs more than once. */
function runs({ part, executions, called, settled }: Operation): readonly [number, number] {
  if (writes(part)) return [executions[0]!, executions[0]!];
  const within = executions.filter((event) => event > called && event <= settled);
  return [within[0]!, within.at(-1)!];
}

/** Whether a command has an order that the log shows. */
function isOrdered(
  { part, how, client, executions, outcome, settled }: Operation,
  scenario: Scenario,
): boolean {
  const { retry, readFrom } = scenario.clients[client]!.options;
  if (executions.length === 0 || how === "pop" || how === "watch") return false;
  // A write that is sent again after a loss may run behind later ones.
  if (how === "once") return false;
  // A command with an unknown outcome may be in transit, and run after commands that were sent over the
  // next connection.
  if (outcome === undefined || outcome.executed === "unknown") return false;
  if (typeof retry === "object" && retry.unsafe) return false;
  if (writes(part)) return true;
  // Batches of reads are repeated behind later calls. Only the log of the server that replied would show the order of a read.
  return how === "call" && part.verb !== "get" && readFrom === undefined && outcome.error === undefined &&
    !isLossy(scenario) &&
    executions[0]! <= settled;
}

/** Returns a command that ran later than it, though it was called before. `anyKey`: writes to other keys count. */
function overtaken(operation: Operation, lane: Lane, anyKey: boolean): Operation | undefined {
  const { part } = operation;
  const [, end] = runs(operation);
  const earlier = [lane.byKey.get(part.key)];
  if (writes(part)) earlier.push(lane.readByKey.get(part.key), anyKey ? lane.last : undefined);
  return earlier.find((before) => before !== undefined && runs(before)[0] > end);
}

/** Judges the order of what was executed. */
export function judgeOrder({ operations, scenario }: History): string[] {
  const faults: string[] = [];
  const lanes = new Lanes();
  for (const operation of operations) {
    const { part, how, client, group } = operation;
    if (!isOrdered(operation, scenario)) continue;
    // Without a shared connection each call has its own. A pipeline goes out in parts, between which others may run.
    const multiplex = scenario.clients[client]!.options.multiplex !== false;
    const shared = (how === "call" || how === "multi") && multiplex;
    const lane = lanes.of(shared ? `client ${client}` : group);
    // In a cluster each key has an order of its own, as the keys of a slot move one by one. Channels have none.
    const cluster = scenario.topology === "cluster";
    if (cluster && part.verb.endsWith("publish")) continue;
    // A script that the server has forgotten is sent again, behind later commands with other keys.
    const anyKey = !cluster && part.via !== "script";
    const before = how === "pipeline" && multiplex ? lanes.of(`client ${client}`) : lane;
    const later = overtaken(operation, lane, anyKey) ?? overtaken(operation, before, anyKey);
    if (later !== undefined) {
      faults.push(`order: ${describeOperation(operation)} ran before ${describeOperation(later)}`);
    }
    if (!writes(part)) lane.readByKey.set(part.key, operation);
    else {
      if (anyKey) lane.last = operation;
      lane.byKey.set(part.key, operation);
    }
  }
  return faults;
}
