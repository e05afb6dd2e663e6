/**
 * The nodes of all slots, as far as known.
 *
 * @module
 */
import type { ClusterNode } from "./node.ts";
import { SLOTS } from "../routing/slot.ts";

/** A master and its replicas. */
export interface Shard {
  /** Has the slots. */
  readonly master: ClusterNode;
  /** Follow the master. */
  readonly replicas: readonly ClusterNode[];
}

/** The reason of a refresh: the start, the interval, redirections, or a node. */
export type RefreshReason = "start" | "interval" | "moved" | "lost" | "silent" | "down" | "asked";

/** The nodes, their roles and their slots. Readable at any time; it changes when the cluster does. */
export class Topology {
  /** The epoch of the last refresh: each election and each slot that moves raises it. */
  epoch = 0;
  /** The reason of the last refresh; `undefined` before the first. */
  reason: RefreshReason | undefined = undefined;
  /** The time of the last refresh, by the clock of the options. */
  refreshedAt = 0;
  /** The number of refreshes. */
  refreshes = 0;
  readonly #slots: (Shard | undefined)[] = new Array<Shard | undefined>(SLOTS).fill(undefined);
  /** The number of slots of each shard. */
  readonly #shards: Map<Shard, number> = new Map();
  readonly #nodes: { values(): Iterable<ClusterNode> };

  /** Uses the known nodes. */
  constructor(nodes: { values(): Iterable<ClusterNode> }) {
    this.#nodes = nodes;
  }

  /** The shard of each slot: its master and replicas; `undefined` if unknown. */
  get slots(): readonly (Shard | undefined)[] {
    return this.#slots;
  }

  /** All nodes. */
  nodes(): ClusterNode[] {
    return [...this.#nodes.values()];
  }

  /** The nodes of one role. */
  byRole(role: "master" | "replica"): ClusterNode[] {
    return this.nodes().filter((node) => node.role === role);
  }

  /** The master of a slot. */
  masterOf(slot: number): ClusterNode | undefined {
    return this.#slots[slot]?.master;
  }

  /** The replicas of a slot. */
  replicasOf(slot: number): readonly ClusterNode[] {
    return this.#slots[slot]?.replicas ?? [];
  }

  /** The masters that have slots, each with its replicas. */
  shards(): Shard[] {
    return [...this.#shards.keys()];
  }

  /** The shard of a master. */
  shardOf(master: ClusterNode): Shard | undefined {
    for (const shard of this.#shards.keys()) if (shard.master === master) return shard;
    return undefined;
  }

  /**
   * Sets the shard of a slot, as a redirection named it.
   *
   * @internal
   */
  move(slot: number, shard: Shard): void {
    const before = this.#slots[slot];
    if (before === shard) return;
    if (before !== undefined) {
      const count = this.#shards.get(before)! - 1;
      if (count === 0) this.#shards.delete(before);
      else this.#shards.set(before, count);
    }
    this.#count(shard, 1);
    this.#slots[slot] = shard;
  }

  /**
   * Sets the shards of all slots; returns the slots whose master was another one, by that master.
   *
   * @internal
   */
  replace(slots: readonly (Shard | undefined)[]): Map<ClusterNode, number[]> {
    const moved = new Map<ClusterNode, number[]>();
    this.#shards.clear();
    for (let slot = 0, from = 0; slot < SLOTS; slot++) {
      const [before, shard] = [this.#slots[slot]?.master, slots[slot]];
      if (before !== undefined && before !== shard?.master) {
        const known = moved.get(before);
        if (known === undefined) moved.set(before, [slot]);
        else known.push(slot);
      }
      this.#slots[slot] = shard;
      // A shard has its slots in a few runs.
      if (slot + 1 === SLOTS || slots[slot + 1] !== shard) {
        if (shard !== undefined) this.#count(shard, slot + 1 - from);
        from = slot + 1;
      }
    }
    return moved;
  }

  #count(shard: Shard, slots: number): void {
    this.#shards.set(shard, (this.#shards.get(shard) ?? 0) + slots);
  }
}
