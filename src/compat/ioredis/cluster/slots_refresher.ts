/**
 * Asks the nodes of a cluster which slots they serve: when it is called, and in intervals.
 *
 * @module
 */
import { ClusterAllFailedError } from "../errors.ts";
import { shuffle } from "../support.ts";
import type { ClusterParts } from "./contract.ts";
import { querySlots, type SlotRange } from "./slots.ts";

/** A cluster's client, as its refreshes see it. */
export interface RefreshedCluster extends Pick<ClusterParts, "options" | "status" | "connectionPool"> {
  emit(event: string, ...args: unknown[]): boolean;
}

/** Refreshes the slots of a cluster's client. */
export class SlotsRefresher {
  readonly #cluster: RefreshedCluster;
  readonly #take: (ranges: readonly SlotRange[]) => void;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #isPeriodic = false;
  #refreshing = false;
  #callbacks: ((error?: Error) => void)[] = [];

  /** Passes the slots to `take`. */
  constructor(cluster: RefreshedCluster, take: (ranges: readonly SlotRange[]) => void) {
    this.#cluster = cluster;
    this.#take = take;
  }

  /** Asks one node after the other until one replies. Calls during a refresh share its outcome. */
  refresh(callback?: (error?: Error) => void): void {
    if (callback !== undefined) this.#callbacks.push(callback);
    if (this.#refreshing) return;
    this.#refreshing = true;
    this.#refresh().then(() => undefined, (error) => error as Error).then((error) => {
      this.#refreshing = false;
      const callbacks = this.#callbacks;
      this.#callbacks = [];
      for (const each of callbacks) each(error);
    });
  }

  /** Refreshes after each `slotsRefreshInterval`. */
  start(): void {
    const { slotsRefreshInterval } = this.#cluster.options;
    if (this.#isPeriodic || !slotsRefreshInterval) return;
    this.#isPeriodic = true;
    const next = (): void => {
      // It may have been stopped during a refresh, and started again.
      clearTimeout(this.#timer);
      if (!this.#isPeriodic) return;
      this.#timer = setTimeout(() => this.refresh(next), slotsRefreshInterval);
    };
    next();
  }

  /** Stops the intervals. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#isPeriodic = false;
  }

  async #refresh(): Promise<void> {
    let last: Error | null = null;
    const cluster = this.#cluster;
    const { slotsRefreshTimeout, redisOptions } = cluster.options;
    for (const node of shuffle(cluster.connectionPool.getNodes())) {
      let ranges: SlotRange[] | undefined;
      let failure: Error | undefined;
      try {
        ranges = await querySlots(node, slotsRefreshTimeout, redisOptions?.connectionName);
      } catch (error) {
        failure = error as Error;
      }
      if (cluster.status === "close" || cluster.status === "end") throw new Error("Cluster is disconnected.");
      if (cluster.status === "disconnecting") throw new Error("Cluster is disconnecting.");
      if (ranges !== undefined) {
        this.#take(ranges);
        cluster.emit("refresh");
        return;
      }
      cluster.emit("node error", failure, `${node.options.host}:${node.options.port}`);
      last = failure!;
    }
    throw new ClusterAllFailedError(ClusterAllFailedError.defaultMessage, last);
  }
}
