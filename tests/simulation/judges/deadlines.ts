/**
 * Every promise settles once, and by its deadline.
 *
 * @module
 */
import { describeOperation, describeOutcome, type History, type Operation } from "../history.ts";

/** Timers are whole milliseconds, and a link is looked at in steps. */
const SLACK = 25;

/** The longest delay before a retry of a batch, which may be under way when its client closes. */
const RETRY_DELAY = 2_000;

/** Calls that end with their client; the others do something else before and after. */
const PLAIN: ReadonlySet<Operation["how"]> = new Set(["call", "pipeline", "multi"]);

/** Judges when promises settled. */
export function judgeDeadlines({ operations, sleeps, goneAt, scenario }: History): string[] {
  const faults: string[] = [];
  for (const operation of operations) {
    const { calledAt, settledAt, limit, settlements, outcome, client, how } = operation;
    if (settlements > 1) {
      faults.push(`settling: ${describeOperation(operation)} settled ${settlements} times`);
    }
    if (outcome === undefined) {
      faults.push(`settling: ${describeOperation(operation)} never settled`);
      continue;
    }
    let allowed = limit + SLACK;
    for (const { at, ms } of sleeps) if (at >= calledAt && at <= settledAt) allowed += ms + SLACK;
    // Reads that wait for the first search for replicas end with that. With a pool of their own, calls may finish behind a
    // client; so may those with connections of their own.
    const { options, pool, shares } = scenario.clients[client]!;
    const ends = PLAIN.has(how) && pool === undefined && shares === undefined &&
      options.multiplex !== false &&
      options.readFrom === undefined;
    const gone = ends ? goneAt.get(client) ?? Infinity : Infinity;
    const late = how === "call" ? SLACK : SLACK + RETRY_DELAY;
    if (calledAt < gone && settledAt > gone + late) {
      faults.push(
        `close: ${describeOperation(operation)} settled at ${settledAt} ms, after close() at ${gone} ms`,
      );
    }
    if (settledAt - calledAt > allowed) {
      faults.push(
        `deadline: ${describeOperation(operation)} took ${settledAt - calledAt} ms of ${limit}; ` +
          describeOutcome(outcome),
      );
    }
  }
  return faults;
}
