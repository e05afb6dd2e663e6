/**
 * All judges.
 *
 * @module
 */
import type { History } from "./history.ts";
import { judgeCache } from "./judges/cache.ts";
import { judgeConsistency } from "./judges/consistency.ts";
import { judgeDeadlines } from "./judges/deadlines.ts";
import { judgeErrors } from "./judges/errors.ts";
import { judgeExecuted } from "./judges/executed.ts";
import { judgeOrder } from "./judges/order.ts";
import { judgeRefusals } from "./judges/refusals.ts";
import { judgeReplies } from "./judges/replies.ts";
import { judgeReplicas } from "./judges/replicas.ts";
import { judgeStaleness } from "./judges/staleness.ts";
import { judgeStreams } from "./judges/streams.ts";
import { judgeSubscriptions } from "./judges/subscriptions.ts";

/** Returns all violations in a history; those that could not be decided begin with `undecided`. */
export function judge(history: History): string[] {
  return [
    ...history.faults,
    ...judgeDeadlines(history),
    ...judgeErrors(history),
    ...judgeRefusals(history),
    ...judgeExecuted(history),
    ...judgeOrder(history),
    ...judgeConsistency(history),
    ...judgeSubscriptions(history),
    ...judgeCache(history),
    ...judgeStreams(history),
    ...judgeReplicas(history),
    ...judgeReplies(history),
    ...judgeStaleness(history),
  ];
}
