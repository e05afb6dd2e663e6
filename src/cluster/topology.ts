/**
 * Who has which slots, as far as is known here.
 *
 * @module
 */
import type { ClusterNode } from "./node.ts";
import { SLOTS } from "./slot.ts";

/** A master and its replicas. */
export interface Shard {
  /** Has the slots. */
  readonly master: ClusterNode;
  /** Follow the master. */
  readonly replicas: readonly ClusterNode[];
}

/** Why the slots were asked for: at the start, by the clock, after redirections, or because of a node. */
export type RefreshReason = "start" | "interval" | "moved" | "lost" | "silent" | "down" | "asked";

/** The nodes, their roles and their slots. Readable at any time; it changes when the cluster does. */
export class Topology {
  /** The epoch of the last refresh: each election and each slot that moves raises it. */
  epoch = 0;
  /** Why the last refresh was made; `undefined` before the first. */
  reason: RefreshReason | undefined = undefined;
  /** When the last refresh was made, by the clock of the options. */
  refreshedAt = 0;
  /** How often the slots were learned from a node. */
  refreshes = 0;
  readonly #slots: (Shard | undefined)[] = new Array<Shard | undefined>(SLOTS).fill(undefined);
  readonly #nodes: ReadonlyMap<string, ClusterNode>;

  /** Over the nodes that are known, by their addresses. */
  constructor(nodes: ReadonlyMap<string, ClusterNode>) {
    this.#nodes = nodes;
  }

  /** By slot: its master and replicas; `undefined` where nobody is known to have it. */
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
    const shards = new Map<ClusterNode, Shard>();
    for (const shard of this.#slots) if (shard !== undefined) shards.set(shard.master, shard);
    return [...shards.values()];
  }

  /** Writes down one slot, as a redirection told it. */
  move(slot: number, shard: Shard): void {
    this.#slots[slot] = shard;
  }

  /** Writes down all slots; returns the nodes that were the master of one and are not any more. */
  replace(slots: readonly (Shard | undefined)[]): Set<ClusterNode> {
    const displaced = new Set<ClusterNode>();
    for (let slot = 0; slot < SLOTS; slot++) {
      const before = this.#slots[slot]?.master;
      if (before !== undefined && before !== slots[slot]?.master) displaced.add(before);
      this.#slots[slot] = slots[slot];
    }
    return displaced;
  }
}
