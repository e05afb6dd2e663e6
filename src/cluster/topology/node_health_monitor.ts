/**
 * Detects unresponsive nodes before the timeouts of their commands expire.
 *
 * A node is silent when it owes replies and has sent nothing for `nodeTimeout`: it may be gone, or frozen, or busy with a
 * slow command. So its shared connection is not cut for that alone. A silent master is a reason to query the other
 * nodes, which may have elected another one. New reads avoid a silent replica, and a second connection probes it, as well
 * as a silent master that has lost some of its slots: if that fails, too, all connections to the node are cut, and reads are
 * retried elsewhere.
 *
 * @module
 */
import type { Clock, Timer } from "../../clock.ts";
import type { BackgroundTimers } from "../../connection/background_timers.ts";
import { startLimit } from "../../connection/time_limit.ts";
import { ConnectionError } from "../../errors.ts";
import type { ClusterNode } from "./node.ts";

/** The target that the monitor watches. */
export interface HealthTarget {
  /** The nodes. */
  nodes(): Iterable<ClusterNode>;
  /** Some nodes are silent, or cannot be connected to. */
  suspected(): void;
}

/** Checks all nodes that are in use, twice in each `nodeTimeout`. */
export class NodeHealthMonitor {
  readonly #clock: Clock;
  readonly #background: BackgroundTimers;
  readonly #timeout: number;
  readonly #target: HealthTarget;
  readonly #signal: AbortSignal;
  readonly #probed: Set<ClusterNode> = new Set();
  #timer: Timer = undefined;
  #round = 0;

  /** Checks until the signal is aborted; a `timeout` of 0 milliseconds: never. */
  constructor(
    clock: Clock,
    background: BackgroundTimers,
    timeout: number,
    target: HealthTarget,
    signal: AbortSignal,
  ) {
    this.#clock = clock;
    this.#background = background;
    this.#timeout = timeout;
    this.#target = target;
    this.#signal = signal;
    signal.addEventListener("abort", () => background.clear(this.#timer), { once: true });
  }

  /** Starts, once there is something to check. */
  start(): void {
    if (this.#timeout > 0 && this.#timer === undefined && !this.#signal.aborted) this.#schedule();
  }

  /** Whether a node owes replies and has sent nothing for too long. */
  isSilent(node: ClusterNode): boolean {
    return this.#timeout > 0 && node.silence(this.#clock) >= this.#timeout;
  }

  #schedule(): void {
    this.#timer = this.#background.set(() => this.#check(), Math.ceil(this.#timeout / 2));
  }

  #check(): void {
    this.#schedule();
    this.#round++;
    let suspected = false;
    for (const node of this.#target.nodes()) {
      const shared = node.openedShared;
      if (shared === undefined) continue;
      node.silent = node.usable && this.isSilent(node);
      suspected ||= node.silent || (!node.usable && this.#isMissed(node, shared.waiting > 0));
      // No node is elected in place of a replica.
      if (node.silent && node.role === "replica") this.probe(node);
    }
    if (suspected) this.#target.suspected();
  }

  /** A master that cannot be reached may have been replaced; without commands that wait there is no hurry. */
  #isMissed(node: ClusterNode, awaited: boolean): boolean {
    return awaited || (node.role === "master" && this.#round % 8 === 0);
  }

  /** Opens another connection, and closes all others if the node does not reply. */
  async probe(node: ClusterNode): Promise<void> {
    if (this.#probed.has(node)) return;
    this.#probed.add(node);
    const { connectTimeout } = node.pool.options.connection;
    const { signal, release } = startLimit(
      this.#clock,
      connectTimeout,
      () => silentError(node),
      this.#signal,
    );
    try {
      const connection = await node.pool.openBeside(signal);
      await connection.send(["PING"], { timeout: 0, signal }).finally(() => connection.disconnect());
    } catch (cause) {
      if (!this.#signal.aborted && this.isSilent(node)) node.disconnect(silentError(node, cause));
    } finally {
      release();
      this.#probed.delete(node);
    }
  }
}

/** The error for commands that wait for replies of a node that is out of reach. */
export function silentError(node: ClusterNode, cause?: unknown): ConnectionError {
  return new ConnectionError(`the node ${node} does not respond`, {
    code: "SILENT",
    executed: "unknown",
    cause,
  });
}
