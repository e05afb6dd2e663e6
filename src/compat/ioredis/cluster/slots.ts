/**
 * The nodes of all slots, from CLUSTER SLOTS.
 *
 * @module
 */
import { SLOTS } from "../../../cluster/routing/slot.ts";
import type { RedisBase } from "../redis.ts";
import { noop } from "../support.ts";
import { connectionName, type NodeOptions } from "./options.ts";

/** A line of CLUSTER SLOTS: first and last slot, then nodes, the master first. */
export type SlotRange = [first: number, last: number, ...nodes: [host: string, port: number][]];

/** Asks a node over a connection beside its own, which a blocking command may hold up. */
export async function querySlots(
  node: RedisBase,
  timeout: number | undefined,
  name: string | undefined,
): Promise<SlotRange[]> {
  const asking = node.duplicate({
    enableOfflineQueue: true,
    enableReadyCheck: false,
    retryStrategy: null,
    protocol: 2,
    replyMapping: "legacy",
    stringNumbers: false,
    connectionName: connectionName("refresher", name),
  });
  asking.on("error", noop);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("timeout")), timeout);
  });
  try {
    return await Promise.race([asking.cluster("SLOTS") as Promise<SlotRange[]>, late]);
  } finally {
    clearTimeout(timer);
    asking.disconnect();
  }
}

/** Resolves with whether a cluster can serve commands. */
export async function isInOrder(cluster: { cluster(command: "INFO"): Promise<unknown> }): Promise<boolean> {
  try {
    const info = await cluster.cluster("INFO");
    return typeof info !== "string" || !/^cluster_state:fail/m.test(info);
  } catch {
    return false;
  }
}

/** Enters ranges into `slots`, and returns the nodes that serve them. */
export function readRanges(
  ranges: readonly SlotRange[],
  slots: string[][],
  map: (address: { host: string; port: number }) => { host: string; port: number },
): NodeOptions[] {
  const nodes: NodeOptions[] = [];
  for (const [first, last, ...members] of ranges) {
    const keys: string[] = [];
    members.forEach(([host, port], index) => {
      if (!host) return;
      const node = { ...map({ host, port }), readOnly: index > 0 };
      nodes.push(node);
      keys.push(`${node.host}:${node.port}`);
    });
    for (let slot = first; slot <= last; slot++) slots[slot] = keys;
  }
  return nodes;
}

/** Numbers for slots that the same nodes serve: commands of a pipeline must have one. */
export class SlotGroups {
  /** Numbers by the keys of nodes. */
  ids: Record<string, number> = Object.create(null);
  /** Numbers by slot. */
  readonly bySlot: (number | undefined)[] = Array(SLOTS);

  /** Numbers all slots anew. */
  reset(slots: readonly (readonly string[] | undefined)[]): void {
    this.ids = Object.create(null);
    let last = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const nodes = slots[slot]?.join(";");
      this.bySlot[slot] = nodes ? this.ids[nodes] ??= ++last : undefined;
    }
  }

  /** Numbers a slot whose nodes have changed. */
  note(slot: number, nodes: readonly string[]): void {
    this.bySlot[slot] = this.ids[nodes.join(";")];
  }
}
