/**
 * Who notices that a node says nothing, long before the deadlines of its commands do.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";
import type { ClusterNode } from "./node.ts";

/** Whom a sentry watches and tells. */
export interface Watch {
  /** The nodes. */
  nodes(): Iterable<ClusterNode>;
  /** These owe replies, or a connection, and say nothing. */
  suspect(nodes: readonly ClusterNode[]): void;
}

/** Looks at all nodes that are in use, twice in each time that a node may be silent. */
export class NodeHealthMonitor {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #watch: Watch;
  #timer: Timer = undefined;
  #round = 0;

  /** A node may owe replies and be silent for `limit` milliseconds; 0: for ever. */
  constructor(clock: Clock, limit: number, watch: Watch) {
    this.#clock = clock;
    this.#limit = limit;
    this.#watch = watch;
  }

  /** Begins, if that has not been done. */
  start(): void {
    if (this.#limit > 0 && this.#timer === undefined) this.#sleep();
  }

  /** Ends. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Whether a node owes replies and has said nothing for too long. */
  isSilent(node: ClusterNode): boolean {
    return this.#limit > 0 && node.silence(this.#clock) >= this.#limit;
  }

  #sleep(): void {
    this.#timer = this.#clock.setTimeout(() => this.#look(), Math.ceil(this.#limit / 2));
  }

  #look(): void {
    this.#sleep();
    this.#round++;
    const suspects: ClusterNode[] = [];
    for (const node of this.#watch.nodes()) {
      const lane = node.openedLane;
      if (lane !== undefined && this.#isSuspect(node, lane.waiting > 0)) suspects.push(node);
    }
    if (suspects.length > 0) this.#watch.suspect(suspects);
  }

  #isSuspect(node: ClusterNode, awaited: boolean): boolean {
    if (node.usable) return this.isSilent(node);
    // A master that cannot be reached may have been replaced; where nobody waits there is no hurry to learn it.
    return awaited || (node.role === "master" && this.#round % 8 === 0);
  }
}
