/**
 * A cluster of scripted peers in memory: as many nodes as one likes, that say of each other what a test wants.
 *
 * @module
 */
import type { Transport } from "../../src/transport.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { ErrorReply, type Wire } from "../harness/resp.ts";
import { type Answer, type PeerConnection, ScriptedPeer } from "../harness/scripted_peer.ts";

/** A shard as a node describes it. */
export interface FakeShard {
  /** First and last slot. */
  range: readonly [number, number];
  /** The port of the master. */
  master: number;
  /** The ports of the replicas. */
  replicas?: readonly number[];
}

/** The topology that one node reports. */
export interface Belief {
  /** The epoch that it knows. */
  epoch: number;
  /** The shards that it knows. */
  shards: readonly FakeShard[];
}

/** Deals all slots out to masters from port 7000 on. */
export function dealt(masters: number, epoch = masters): Belief {
  const at = (index: number): number => Math.floor(index * 16_384 / masters);
  return {
    epoch,
    shards: Array.from({ length: masters }, (_, index) => ({
      range: [at(index), at(index + 1) - 1] as const,
      master: 7000 + index,
    })),
  };
}

/** Scripted nodes, by port. */
export class FakeCluster {
  /** The nodes that have been connected to. */
  readonly peers: Map<number, ScriptedPeer> = new Map();
  /** The topology that all nodes report, except those in `beliefs`. */
  belief: Belief;
  /** The topologies of single nodes. */
  readonly beliefs: Map<number, Belief> = new Map();
  /** The host that nodes announce. */
  host: string | null = "node";
  /** Whether nodes know CLUSTER SHARDS. */
  speaksShards = true;
  /** Nodes that refuse connections. */
  readonly down: Set<number> = new Set();
  /** Answers before the node does; `undefined` lets the node answer. */
  before: (port: number, command: readonly string[], connection: PeerConnection) => Answer = () => undefined;
  /** The endpoints that were connected to, in order. */
  readonly connected: string[] = [];

  /** Nodes that report this topology. */
  constructor(belief: Belief) {
    this.belief = belief;
  }

  /** The number of open connections to all nodes. */
  get open(): number {
    return [...this.peers.values()].reduce((sum, peer) => sum + peer.open.length, 0);
  }

  /** The number of requests for slots that all nodes received. */
  get asked(): number {
    return this.count("CLUSTER", "SHARDS") + this.count("CLUSTER", "SLOTS");
  }

  /** Returns how often all nodes received a command. */
  count(...words: readonly string[]): number {
    let count = 0;
    for (const peer of this.peers.values()) {
      count += peer.received.filter((command) =>
        words.every((word, index) => command[index] === word)
      ).length;
    }
    return count;
  }

  /** The node at a port. */
  peer(port: number): ScriptedPeer {
    let peer = this.peers.get(port);
    if (peer === undefined) {
      peer = new ScriptedPeer({ script: (command, connection) => this.#answer(port, command, connection) });
      this.peers.set(port, peer);
    }
    return peer;
  }

  /** The way to all of them. */
  transport(): Transport {
    return {
      name: "memory",
      connect: (endpoint, options, handlers) => {
        if (!("port" in endpoint)) throw new Error("A fake cluster has ports only");
        this.connected.push(`${endpoint.host}:${endpoint.port}`);
        const peer = this.peer(endpoint.port);
        peer.onConnection = () => {
          if (this.down.has(endpoint.port)) throw new Error("this node is down");
        };
        return peer.transport().connect(endpoint, options, handlers);
      },
    };
  }

  #answer(port: number, command: readonly string[], connection: PeerConnection): Answer | Promise<Answer> {
    const special = this.before(port, command, connection);
    if (special !== undefined) return special;
    const belief = this.beliefs.get(port) ?? this.belief;
    if (command[0] === "READONLY" || command[0] === "ASKING") return "OK";
    if (command[0] === "CLUSTER" && command[1] === "MYID") return `id-${port}`;
    if (command[0] === "CLUSTER") return this.#cluster(belief, command);
    const key = ["GET", "SET", "INCR"].includes(command[0]!) ? command[1] : undefined;
    if (key === undefined) return connection.serve();
    const slot = slotOf(key);
    const shard = belief.shards.find(({ range: [from, to] }) => slot >= from && slot <= to);
    if (shard === undefined) return new ErrorReply("CLUSTERDOWN Hash slot not served");
    const reads = command[0] === "GET" && shard.replicas?.includes(port);
    if (shard.master === port || reads) return connection.serve();
    return new ErrorReply(`MOVED ${slot} ${this.host ?? ""}:${shard.master}`);
  }

  #cluster({ epoch, shards }: Belief, command: readonly string[]): Wire {
    if (command[1]?.toUpperCase() === "INFO") return `cluster_state:ok\r\ncluster_current_epoch:${epoch}\r\n`;
    if (command[1]?.toUpperCase() === "SHARDS" && this.speaksShards) {
      return shards.map(({ range, master, replicas = [] }) => [
        "slots",
        [...range],
        "nodes",
        [master, ...replicas].map((port) => [
          ...["id", `id-${port}`, "port", port, "ip", this.host ?? "", "endpoint", this.host],
          ...["role", port === master ? "master" : "replica", "health", "online"],
        ]),
      ]);
    }
    if (command[1]?.toUpperCase() === "SLOTS") {
      return shards.map(({ range: [from, to], master, replicas = [] }) => [
        from,
        to,
        ...[master, ...replicas].map((port) => [this.host, port, `id-${port}`, []]),
      ]);
    }
    return new ErrorReply("ERR unknown subcommand");
  }
}
