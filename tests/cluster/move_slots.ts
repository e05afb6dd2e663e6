/**
 * Slots that move from one node to another while clients work, as an operator's tool does it.
 *
 * @module
 */
import type { ClusterNode } from "../harness/cluster.ts";
import { type RawClient, rawClient } from "../harness/raw_client.ts";
import { waitFor } from "../harness/wait.ts";

/**
 * Moves slots with their keys; calls `between` once, when the keys of the first slots have moved and the
 * slots have not. Resolves when all nodes know of it. Before 7.0 they learn of it with the next heartbeat. A
 * further move or an election before that leaves nodes that never agree.
 */
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
    await agreed([source, target, ...others]);
    await setSlots(target, slots, "IMPORTING", from.id);
    await setSlots(source, slots, "MIGRATING", to.id);
    for (const slot of await withKeys(source, slots)) {
      for (let keys = await keysIn(source, slot); keys.length > 0; keys = await keysIn(source, slot)) {
        await source.call("MIGRATE", to.host, to.port, "", 0, 5_000, "KEYS", ...keys);
      }
    }
    await between();
    // One by one: until the source knows, a packet of it can make the target drop the slot and its keys.
    for (const slot of slots) {
      await setSlots(target, [slot], "NODE", to.id);
      await setSlots(source, [slot], "NODE", to.id);
    }
    // Replicas reject the command and learn from their masters.
    await Promise.all(others.map((other) => setSlots(other, slots, "NODE", to.id).catch(() => {})));
    for (const client of [source, target, ...others]) {
      await waitFor("all nodes to know of slots that have moved", async () => {
        const gone = await unaware(client, slots, to.id);
        return gone === undefined ? undefined : `slot ${gone} is still somebody else's`;
      });
    }
  } finally {
    await Promise.all([source, target, ...others].map((client) => client.close()));
  }
}

/**
 * Waits until all nodes know the configuration epochs of all masters. A target that does not know that of the source can
 * take the same one, and then loses the slots to it again.
 */
async function agreed(nodes: readonly RawClient[]): Promise<void> {
  await waitFor("the nodes to agree on epochs", async () => {
    const views = await Promise.all(nodes.map(async (node) => {
      const lines = String(await node.call("CLUSTER", "NODES")).trim().split("\n").map((line) =>
        line.split(" ")
      );
      return lines.filter((words) => words[2]!.includes("master")).map((words) => `${words[0]} ${words[6]}`)
        .sort();
    }));
    const [first] = views;
    if (views.some((view) => view.join() !== first!.join())) return "they differ";
    const epochs = first!.map((line) => line.split(" ")[1]);
    return new Set(epochs).size === epochs.length ? undefined : `two masters have the same: ${epochs}`;
  });
}

/** A slot of these that is not its owner's yet, as a node sees it. */
async function unaware(
  client: RawClient,
  slots: readonly number[],
  owner: string,
): Promise<number | undefined> {
  const ranges = await client.call("CLUSTER", "SLOTS") as [number, number, [string, number, string]][];
  const its = ranges.filter(([, , [, , id]]) => id === owner);
  return slots.find((slot) => !its.some(([first, last]) => first <= slot && slot <= last));
}

/** Sends all in one flight: moves of many slots would take long on a busy machine otherwise. */
function setSlots(client: RawClient, slots: readonly number[], state: string, id: string): Promise<unknown> {
  return Promise.all(slots.map((slot) => client.call("CLUSTER", "SETSLOT", slot, state, id)));
}

async function withKeys(client: RawClient, slots: readonly number[]): Promise<number[]> {
  const counts = await Promise.all(slots.map((slot) => client.call("CLUSTER", "COUNTKEYSINSLOT", slot)));
  return slots.filter((_, index) => Number(counts[index]) > 0);
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
