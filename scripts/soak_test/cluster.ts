/**
 * A cluster of three masters with a replica each, a proxy before each node. Nodes are killed, stopped and promoted, and
 * slots move, one thing at a time, while the links break at their own pace.
 *
 * @module
 */
import { BlockingClusterConnectionPool, RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { healed } from "../../tests/cluster/healed.ts";
import { moveSlots } from "../../tests/cluster/move_slots.ts";
import { type Cluster, type ClusterNode, startCluster } from "../../tests/harness/cluster.ts";
import { field, waitFor } from "../../tests/harness/wait.ts";
import { caughtUp } from "./caught_up.ts";
import { type Dice, sleep } from "./dice.ts";
import type { Fault } from "./faults.ts";
import { linkFaults } from "./link_faults.ts";
import type { Losses } from "./losses.ts";
import { serverFaults, stopper } from "./server_faults.ts";
import { LIMITS, proxiesFor, type Stage } from "./stage.ts";

const TAGS = 12;
/** Acknowledged data is in the kernel, and survives a kill of the process. */
const CONFIG = ["appendonly yes", "appendfsync no", 'save ""', "cluster-allow-replica-migration no"];
/** Slower than a node that is stopped briefly. */
const NODE_TIMEOUT = 1_000;

/** Returns one tag in every few slots. */
function spreadTags(): [string, ...string[]] {
  const tags: string[] = [];
  for (let n = 0; tags.length < TAGS; n++) {
    if (Math.floor(slotOf(`${n}`) * TAGS / 16_384) === tags.length) tags.push(`${n}`);
  }
  return tags as [string, ...string[]];
}

/** Returns the port of a slot's master, as most of these nodes report it. */
async function masterPort(nodes: readonly ClusterNode[], slot: number): Promise<number> {
  const votes = new Map<number, number>();
  for (const node of nodes) {
    const ranges = await node.cli("CLUSTER", "SLOTS").catch(() => []) as [number, number, [string, number]][];
    const [, , [, port] = ["", 0]] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? [];
    if (port !== 0) votes.set(port, (votes.get(port) ?? 0) + 1);
  }
  const [most] = [...votes].sort(([, a], [, b]) => b - a);
  if (most === undefined) throw new Error(`No node tells who has slot ${slot}`);
  return most[0];
}

/**
 * The faults of nodes and slots. `stopped` contains the nodes that cannot reply; `atomic`: the servers can move slots at
 * once.
 */
function nodeFaults(
  cluster: Cluster,
  operator: RedisCluster,
  slots: readonly number[],
  stopped: Set<ClusterNode>,
  { dice, losses, atomic }: { readonly dice: Dice; readonly losses: Losses; readonly atomic: boolean },
): Fault[] {
  const at = (port: number): ClusterNode => cluster.nodes.find((node) => node.port === port)!;
  const heal = async (): Promise<void> => {
    await healed(cluster, operator);
    await caughtUp(cluster.nodes);
  };
  const anyShard = async (): Promise<{ master: ClusterNode; replica: ClusterNode }> => {
    await heal();
    const { master, replicas } = dice.some(operator.topology.shards())!;
    return { master: at(master.port), replica: at(replicas[0]!.port) };
  };
  const elected = (replica: ClusterNode): Promise<void> =>
    waitFor("a replica to be elected", async () => {
      const role = field(await replica.cli("INFO", "replication"), "role");
      return role === "master" ? undefined : `its role is ${role}`;
    });
  /** Repeats CLUSTER FAILOVER: if the master was stopped just before, the replica stops trying after five seconds. */
  const ask = (replica: ClusterNode): ReturnType<typeof setInterval> => {
    const tell = (): void => void replica.cli("CLUSTER", "FAILOVER").catch(() => {});
    tell();
    return setInterval(tell, 6_000);
  };
  const stop = stopper(stopped);
  const slotsMoveAtOnce: Fault = {
    name: "slots move at once",
    weight: 3,
    run: async () => {
      const { master: target } = await anyShard();
      const source = at(operator.topology.masterOf(dice.some(slots)!)!.port);
      if (source === target) return;
      const moving = slots.filter((slot) => operator.topology.masterOf(slot)!.port === source.port);
      const ranges = moving.flatMap((slot) => [slot, slot]);
      await source.cli("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", ...ranges, "NODE", target.id);
      await waitFor("the migration to end", async () => {
        const [newest] = await source.cli("CLUSTER", "GETSLOTMIGRATIONS") as unknown[];
        const text = JSON.stringify(newest);
        return /"(success|failed|cancelled)"/.test(text) ? undefined : text;
      });
    },
  };
  return [
    ...serverFaults(cluster.nodes as [ClusterNode, ...ClusterNode[]], dice),
    {
      name: "SIGSTOP",
      weight: 3,
      run: () => stop(dice.some(cluster.nodes)!, () => sleep(dice.between(50, NODE_TIMEOUT * 0.6))),
    },
    {
      name: "SIGSTOP of a master until another is elected",
      weight: 2,
      run: async () => {
        const { master, replica } = await anyShard();
        losses.died();
        await stop(master, () => elected(replica));
        losses.woke();
        await heal();
      },
    },
    {
      name: "SIGKILL of a replica and restart",
      weight: 2,
      run: async () => {
        await (await anyShard()).replica.restart();
        await heal();
      },
    },
    {
      name: "SIGKILL of a master and restart",
      weight: 1,
      run: async () => {
        const { master } = await anyShard();
        losses.died();
        await master.restart();
        await heal();
      },
    },
    {
      name: "SIGKILL of a master until another is elected",
      weight: 2,
      run: async () => {
        const { master, replica } = await anyShard();
        losses.died();
        await master.kill();
        await elected(replica);
        await master.restart();
        await heal();
      },
    },
    {
      name: "CLUSTER FAILOVER",
      weight: 3,
      run: async () => {
        const { replica } = await anyShard();
        const asking = ask(replica);
        await elected(replica).finally(() => clearInterval(asking));
        await heal();
      },
    },
    {
      name: "a slot moves",
      weight: 5,
      run: async () => {
        const { master: target } = await anyShard();
        const slot = dice.some(slots)!;
        const source = at(operator.topology.masterOf(slot)!.port);
        if (source !== target) await moveSlots(source, target, [slot], cluster.nodes);
      },
    },
    ...atomic ? [slotsMoveAtOnce] : [],
  ];
}

/** A cluster and its clients. */
export async function clusterStage(dice: Dice, losses: Losses): Promise<Stage> {
  const cluster = await startCluster({ nodeTimeout: NODE_TIMEOUT, config: CONFIG });
  const { proxies, ports } = await proxiesFor(cluster.nodes);
  const operator = new RedisCluster(cluster.nodes.map(({ host, port }) => ({ host, port })));
  await operator.connect();
  const seeds = proxies.slice(0, 3).map(({ host, port }) => ({ host, port }));
  const limits = {
    ...LIMITS,
    addressMap: ({ host, port }: { host: string; port: number }) => ({ host, port: ports.get(port)! }),
  };
  const pool = new BlockingClusterConnectionPool(seeds, { ...limits, maxConnections: 12, timeout: 1_000 });
  const clients = [
    new RedisCluster(seeds, limits),
    new RedisCluster(seeds, { ...limits, protocol: 2, readFrom: "preferReplica" }),
    new RedisCluster({ pool, multiplex: false }),
  ] as const;
  const subscriber = new RedisCluster(seeds, limits);
  const tags = spreadTags();
  const stopped = new Set<ClusterNode>();
  // Valkey from 9 on.
  const [known = null] = await cluster.nodes[0]!.cli("COMMAND", "INFO", "CLUSTER|MIGRATESLOTS") as unknown[];
  const atomic = known !== null;
  return {
    tags,
    clients,
    orderly: [clients[0], clients[1]],
    replicaReaders: [clients[1]],
    subscriber,
    publish: ["SPUBLISH", `soak:{${tags[0]}}:news`],
    sole: false,
    proxies,
    faults: [
      linkFaults(proxies, dice),
      nodeFaults(cluster, operator, tags.map((tag) => slotOf(tag)), stopped, { dice, losses, atomic }),
    ],
    async master(key) {
      const awake = cluster.nodes.filter((node) => !stopped.has(node));
      return { port: await masterPort(awake, slotOf(key)) };
    },
    healed: () => healed(cluster, operator),
    close: async () =>
      void await Promise.all([...clients, subscriber, pool, operator].map((one) => one.close())),
    stop: () => cluster.stop(),
  };
}
