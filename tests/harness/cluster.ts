/**
 * A cluster: masters with all slots among them, and their replicas.
 *
 * @module
 */
import { startServer } from "./server.ts";
import type { Server, ServerOptions } from "./types.ts";
import { BUS_OFFSET } from "./ports.ts";
import { field, waitFor } from "./wait.ts";

const SLOTS = 16_384;

/** The options of a cluster. */
export interface ClusterOptions {
  /** The number of masters. Default 3. */
  readonly masters?: number;
  /** The number of all replicas, assigned to the masters in turn. Default: one for each master. */
  readonly replicas?: number;
  /** `cluster-node-timeout` in milliseconds, which determines the duration of a failover. Default 2,000. */
  readonly nodeTimeout?: number;
  /** The nodes speak TLS with each other, and announce their TLS ports; the plain ports stay open. */
  readonly tls?: boolean;
  /** The password of the nodes. */
  readonly password?: string;
  /** Further lines of configuration, for all nodes or by their number (masters first). */
  readonly config?: readonly string[] | ((index: number) => readonly string[]);
  /** The function that starts a node. Default: `startServer`. */
  readonly start?: (options: ServerOptions) => Promise<Server>;
}

/** A node of a cluster. */
export interface ClusterNode extends Server {
  /** Its identity in the cluster. */
  readonly id: string;
}

/** A cluster. */
export interface Cluster {
  /** The masters at the start; the first owns the lowest slots. */
  readonly masters: readonly ClusterNode[];
  /** The replicas at the start; the one at `i` follows the master at `i % masters.length`. */
  readonly replicas: readonly ClusterNode[];
  /** All of them. */
  readonly nodes: readonly ClusterNode[];
  /** Starts a further node, which knows the others but owns nothing. */
  addNode(): Promise<ClusterNode>;
  /** Resolves when every reachable node reports a healthy cluster. */
  settled(): Promise<void>;
  /** Resolves with a description of the present problem, or `undefined`. */
  disorder(): Promise<string | undefined>;
  /** Ends all nodes. */
  stop(): Promise<void>;
  /** The same as `stop()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

async function startNode(options: ClusterOptions, index: number): Promise<ClusterNode> {
  const { tls = false, password, config = [], start = startServer } = options;
  const server = await start({
    cluster: true,
    tls,
    password,
    config: [
      `cluster-node-timeout ${options.nodeTimeout ?? 2_000}`,
      // A replica whose data is a little old may still take over: tests kill masters at once.
      "cluster-replica-validity-factor 0",
      "repl-ping-replica-period 1",
      ...tls ? ["tls-cluster yes", "tls-replication yes"] : [],
      ...password === undefined ? [] : [`masterauth ${JSON.stringify(password)}`],
      ...typeof config === "function" ? config(index) : config,
    ],
  });
  return Object.assign(server, { id: String(await server.cli("CLUSTER", "MYID")) });
}

async function meet(from: ClusterNode, to: ClusterNode, tls: boolean): Promise<void> {
  const { host, port: plain, tlsPort = plain } = to.inside ?? to;
  const port = tls ? tlsPort : plain;
  await from.cli("CLUSTER", "MEET", host, port, port + BUS_OFFSET);
}

/** Returns a missing connection between nodes, or the list of known nodes. */
async function acquainted(nodes: readonly ClusterNode[]): Promise<string | undefined> {
  for (const node of nodes) {
    const lines = String(await node.cli("CLUSTER", "NODES"));
    for (const other of nodes) {
      const line = lines.split("\n").find((text) => text.startsWith(other.id));
      if (line === undefined || /handshake|noaddr|disconnected/.test(line)) {
        return `${node.port} does not know ${other.port} yet`;
      }
    }
  }
  return undefined;
}

/** Returns the owners of slots in the view of a node. A master that was away may not know yet that it was replaced. */
async function ownersAt(node: ClusterNode): Promise<string> {
  const ranges = await node.cli("CLUSTER", "SLOTS") as [number, number, [string, number, string]][];
  const owned = ranges.map(([first, last, [, , id]]): [number, number, string] => [first, last, id]);
  return owned.sort(([one], [other]) => one - other).join(" ");
}

async function inOrder(nodes: readonly ClusterNode[]): Promise<string | undefined> {
  let agreed: string | undefined;
  for (const node of nodes) {
    const info = await node.cli("CLUSTER", "INFO").catch(() => undefined);
    if (info === undefined) continue;
    if (field(info, "cluster_state") !== "ok") {
      const counts = ["assigned", "pfail", "fail"].map((name) =>
        `${name} ${field(info, `cluster_slots_${name}`)}`
      );
      return `${node.port} says that the cluster's state is not ok (slots: ${counts.join(", ")})`;
    }
    const role = await node.cli("INFO", "replication");
    if (field(role, "role") === "slave" && field(role, "master_link_status") !== "up") {
      return `the replica ${node.port} is not linked with its master`;
    }
    const owners = await ownersAt(node);
    agreed ??= owners;
    if (owners !== agreed) return `${node.port} sees other owners of slots than the nodes before it`;
  }
  return undefined;
}

/** Starts a cluster. Resolves when all nodes report a healthy cluster and all replicas are connected. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { masters: masterCount = 3, replicas: replicaCount = masterCount, tls = false } = options;
  const nodes: ClusterNode[] = [];
  let started = 0;
  const stop = async () => void await Promise.all(nodes.map((node) => node.stop()));
  const add = async () => {
    const index = started++;
    const node = await startNode(options, index);
    nodes[index] = node;
    return node;
  };
  try {
    const starts = await Promise.allSettled(Array.from({ length: masterCount + replicaCount }, add));
    const failed = starts.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    const masters = nodes.slice(0, masterCount);
    const replicas = nodes.slice(masterCount);
    await Promise.all(masters.map(async (master, index) => {
      const [first, next] = [index, index + 1].map((n) => Math.floor(n * SLOTS / masterCount)) as [
        number,
        number,
      ];
      await master.cli("CLUSTER", "ADDSLOTS", ...Array.from({ length: next - first }, (_, n) => first + n));
      await master.cli("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
    }));
    // All nodes meet all others; gossip would take some seconds.
    await Promise.all(nodes.map((node, index) => {
      return Promise.all(nodes.slice(index + 1).map((other) => meet(node, other, tls)));
    }));
    await waitFor("the nodes to know each other", () => acquainted(nodes));
    await Promise.all(replicas.map(async (replica, index) => {
      await replica.cli("CLUSTER", "REPLICATE", (masters[index % masterCount] as ClusterNode).id);
    }));
    const settled = () => waitFor("the cluster to be in order", () => inOrder(nodes));
    await settled();
    await waitFor("all nodes to know who follows whom", async () => {
      for (const node of nodes) {
        const known = String(await node.cli("CLUSTER", "NODES")).match(/ (?:myself,)?slave /g)?.length ?? 0;
        if (known !== replicaCount) return `${node.port} knows ${known} of ${replicaCount} replicas`;
      }
      return undefined;
    });
    return {
      masters,
      replicas,
      nodes,
      settled,
      disorder: () => inOrder(nodes),
      stop,
      [Symbol.asyncDispose]: stop,
      async addNode() {
        const node = await add();
        await Promise.all(nodes.filter((other) => other !== node).map((other) => meet(node, other, tls)));
        await waitFor("the new node to know the others", () => acquainted(nodes));
        return node;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
