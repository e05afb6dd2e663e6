/**
 * Slots that move from one node to another while clients work, as an operator's tool does it.
 *
 * @module
 */
import type { ClusterNode } from "../harness/cluster.ts";
import { type RawClient, rawClient } from "../harness/raw_client.ts";

/** Moves slots with their keys; `between` is called once, when the keys of the first slots have moved and the slots have not. */
export async function moveSlots(
  from: ClusterNode,
  to: ClusterNode,
  slots: readonly number[],
  nodes: readonly ClusterNode[],
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const source = await rawClient(from);
  const target = await rawClient(to);
  const others: RawClient[] = [];
  for (const node of nodes) if (node !== from && node !== to) others.push(await rawClient(node));
  try {
    for (const slot of slots) {
      await target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", from.id);
      await source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id);
    }
    for (const slot of slots) {
      for (let keys = await keysIn(source, slot); keys.length > 0; keys = await keysIn(source, slot)) {
        await source.call("MIGRATE", to.host, to.port, "", 0, 5_000, "KEYS", ...keys);
      }
    }
    await between();
    for (const slot of slots) {
      await target.call("CLUSTER", "SETSLOT", slot, "NODE", to.id);
      await source.call("CLUSTER", "SETSLOT", slot, "NODE", to.id);
      for (const other of others) await other.call("CLUSTER", "SETSLOT", slot, "NODE", to.id).catch(() => {});
    }
  } finally {
    await Promise.all([source, target, ...others].map((client) => client.close()));
  }
}

async function keysIn(client: RawClient, slot: number): Promise<string[]> {
  return await client.call("CLUSTER", "GETKEYSINSLOT", slot, 100) as string[];
}

/** Takes a node out of the cluster; its slots must have gone before. */
export async function forget(nodes: readonly ClusterNode[], gone: ClusterNode): Promise<void> {
  await Promise.all(
    nodes.filter((node) => node !== gone).map((node) => node.cli("CLUSTER", "FORGET", gone.id)),
  );
  await gone.cli("CLUSTER", "RESET", "HARD");
}
