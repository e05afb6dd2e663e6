/**
 * Every promise settles once, and by its deadline.
 *
 * @module
 */
import { describeOperation, describeOutcome, type History } from "../history.ts";

/** Timers are whole milliseconds, and a link is looked at in steps. */
const SLACK = 25;

/** Judges when promises settled. */
export function judgeDeadlines({ operations, sleeps }: History): string[] {
  const faults: string[] = [];
  for (const operation of operations) {
    const { calledAt, settledAt, limit, settlements, outcome } = operation;
    if (settlements > 1) {
      faults.push(`settling: ${describeOperation(operation)} settled ${settlements} times`);
    }
    if (outcome === undefined) {
      faults.push(`settling: ${describeOperation(operation)} never settled`);
      continue;
    }
    let allowed = limit + SLACK;
    for (const { at, ms } of sleeps) if (at >= calledAt && at <= settledAt) allowed += ms + SLACK;
    if (settledAt - calledAt > allowed) {
      faults.push(
        `deadline: ${describeOperation(operation)} took ${settledAt - calledAt} ms of ${limit}; ` +
          describeOutcome(outcome),
      );
    }
  }
  return faults;
}
