/**
 * Decides what to do with a failed command of a cluster.
 *
 * @module
 */
import { SLOTS } from "../../../cluster/routing/slot.ts";
import { CONNECTION_CLOSED_ERROR_MSG } from "../support.ts";
import type { ClusterParts, ErrorHandlers, Left } from "./contract.ts";
import type { DelayQueue } from "./delay_queue.ts";

/** Calls the handler for an error, at once or after the delay that the options give. */
export function decide(
  cluster: ClusterParts,
  queue: DelayQueue,
  error: Error,
  left: Left,
  handlers: ErrorHandlers,
): void {
  const { options } = cluster;
  left.value = left.value === undefined ? options.maxRedirections! : left.value - 1;
  if (left.value <= 0) {
    return handlers.maxRedirections(new Error(`Too many Cluster redirections. Last error: ${error}`));
  }
  const [code, first, key] = error.message.split(" ") as [string, string, string];
  const before = (callback: () => void): void => cluster.refreshSlotsCache(callback);
  if (code === "MOVED") {
    const slot = Number(first);
    if (!Number.isInteger(slot) || slot < 0 || slot >= SLOTS) return handlers.defaults();
    const timeout = options.retryDelayOnMoved;
    if (!timeout) return handlers.moved(slot, key);
    queue.push("moved", () => handlers.moved(slot, key), { timeout });
  } else if (code === "ASK") {
    handlers.ask(Number(first), key);
  } else if (code === "TRYAGAIN") {
    queue.push("tryagain", handlers.tryagain, { timeout: options.retryDelayOnTryAgain! });
  } else if (code === "CLUSTERDOWN" && options.retryDelayOnClusterDown! > 0) {
    queue.push("clusterdown", handlers.connectionClosed, {
      timeout: options.retryDelayOnClusterDown!,
      before,
    });
  } else if (
    error.message === CONNECTION_CLOSED_ERROR_MSG && options.retryDelayOnFailover! > 0 &&
    cluster.status === "ready"
  ) {
    queue.push("failover", handlers.connectionClosed, { timeout: options.retryDelayOnFailover!, before });
  } else handlers.defaults();
}
