/**
 * The nodes of a cluster with their roles and names.
 *
 * @module
 */
import { type AddressFunction, toAddressFunction } from "../../topology/address_map.ts";
import { configuredZone } from "../../topology/read_selector.ts";
import { formatAddress, type ServerAddress } from "../../topology/server_address.ts";
import type { Found, FoundNode } from "./discovery.ts";
import { ClusterNode, type NodeRole } from "./node.ts";
import type { NodePool } from "../connections/node_pool.ts";
import type { ResolvedClusterOptions } from "../options/resolved.ts";
import { SLOTS } from "../routing/slot.ts";
import type { Shard } from "./topology.ts";

/** The changes of the nodes in a new topology. */
export interface NodeChanges {
  /** The shard of each slot. */
  readonly slots: readonly (Shard | undefined)[];
  /** Nodes that are not part of the cluster any more. */
  readonly left: readonly ClusterNode[];
  /** Seeds that were connected to under a name that no node has. */
  readonly seeds: readonly ClusterNode[];
  /** Whether a node is new, or has another role or health than before. */
  readonly changed: boolean;
}

/** Finds nodes by their addresses, and keeps one object for each. */
export class ClusterNodes {
  readonly #options: ResolvedClusterOptions;
  readonly #makePool: (node: ClusterNode) => NodePool;
  readonly #opened: (node: ClusterNode) => void;
  readonly #mapAddress: AddressFunction;
  readonly #nodes: Map<string, ClusterNode> = new Map();
  /** Other names of the nodes. */
  readonly #aliases: Map<string, ClusterNode> = new Map();
  /** Seeds that the topology has not named: addresses to ask, not nodes of the cluster. */
  readonly #seeds: Map<string, ClusterNode> = new Map();
  /** The identities of the seeds that answered under another name than they announce. */
  readonly #seedIds: Map<string, string> = new Map();

  /** `makePool` makes the pool of a node when it is first needed; `opened` is called when it gets its shared connection. */
  constructor(
    options: ResolvedClusterOptions,
    makePool: (node: ClusterNode) => NodePool,
    opened: (node: ClusterNode) => void,
  ) {
    this.#options = options;
    this.#makePool = makePool;
    this.#opened = opened;
    this.#mapAddress = toAddressFunction(options.addressMap);
  }

  /** All nodes. */
  values(): IterableIterator<ClusterNode> {
    return this.#nodes.values();
  }

  /** The node at an address, or with that other name. */
  find(address: ServerAddress): ClusterNode | undefined {
    const key = formatAddress(address);
    return this.#nodes.get(key) ?? this.#aliases.get(key);
  }

  /** The node at an address that can be reached from here; a new one where none is known. */
  at(address: ServerAddress): ClusterNode {
    return this.find(address) ?? this.#add(address);
  }

  /** The node that a server names by an announced address. */
  named(address: ServerAddress): ClusterNode {
    const node = this.at(this.#mapAddress(address));
    if (node.role === "unknown") node.serverName ??= certificateName(address.host, node);
    return node;
  }

  /** Returns the seeds by the names that the user gave. Each connect resolves the names again. */
  seeds(): ClusterNode[] {
    return this.#options.startupNodes.map((address) => {
      const key = formatAddress(address);
      let seed = this.#nodes.get(key) ?? this.#seeds.get(key);
      if (seed === undefined) this.#seeds.set(key, seed = this.#make(address));
      return seed;
    });
  }

  /** Sets the role of a node. Its idle connections are closed, and the shared connection is switched. */
  assign(node: ClusterNode, role: NodeRole): void {
    node.role = role;
    const readonly = role === "replica" && this.#options.readFrom !== "master";
    const pool = node.openedPool;
    if (pool === undefined || pool.readonly === readonly) return;
    pool.readonly = readonly;
    pool.disconnect({ inUse: false });
    for (const connection of node.openedShared?.connections ?? []) {
      connection.send([readonly ? "READONLY" : "READWRITE"]).catch(() => {});
    }
  }

  /** Takes over a topology. */
  apply(found: Found): NodeChanges {
    const slots = new Array<Shard | undefined>(SLOTS).fill(undefined);
    const staying = new Map<string, ClusterNode>();
    const before = this.#describe();
    this.#aliases.clear();
    const meet = (one: FoundNode): ClusterNode => {
      const node = this.#meet(one);
      staying.set(formatAddress(node), node);
      for (const alias of one.aliases) this.#aliases.set(formatAddress(this.#mapAddress(alias)), node);
      return node;
    };
    for (const { ranges, master, replicas } of found.shards) {
      const followers = replicas.map(meet);
      if (master === undefined) continue;
      const shard: Shard = { master: meet(master), replicas: followers };
      for (const [from, to] of ranges) slots.fill(shard, from, to + 1);
    }
    const left = [...this.#nodes].filter(([key]) => !staying.has(key)).map(([, node]) => node);
    for (const node of left) this.#nodes.delete(formatAddress(node));
    return { slots, left, seeds: this.#releaseSeeds(), changed: this.#describe() !== before };
  }

  /** Removes seeds that are other names of known nodes. */
  #releaseSeeds(): ClusterNode[] {
    const seeds = [...this.#seeds.values()];
    for (const [key, { id }] of this.#seeds) if (id !== undefined) this.#seedIds.set(key, id);
    this.#seeds.clear();
    const byId = new Map([...this.#nodes.values()].map((node) => [node.id, node]));
    for (const [key, id] of this.#seedIds) {
      const node = byId.get(id);
      if (node !== undefined && !this.#nodes.has(key)) this.#aliases.set(key, node);
    }
    return seeds;
  }

  #describe(): string {
    return [...this.#nodes].map(([key, { role, health }]) => `${key} ${role} ${health}`).sort().join();
  }

  #meet(found: FoundNode): ClusterNode {
    const address = this.#mapAddress(found.address);
    const node = this.#nodes.get(formatAddress(address)) ?? this.#add(address);
    node.id = found.id;
    node.health = found.health;
    node.availabilityZone = found.zone ?? node.availabilityZone;
    node.serverName = certificateName(found.hostname ?? found.address.host, node);
    this.assign(node, found.role);
    return node;
  }

  /** A seed that turns out to be a node stays the same object, with its connections. */
  #add(address: ServerAddress): ClusterNode {
    const key = formatAddress(address);
    const node = this.#seeds.get(key) ?? this.#make(address);
    this.#seeds.delete(key);
    this.#nodes.set(key, node);
    return node;
  }

  #make(address: ServerAddress): ClusterNode {
    const zone = configuredZone(this.#options.readFrom, address);
    return new ClusterNode(address, zone, this.#makePool, this.#opened);
  }
}

/** Returns the name in the certificate: the announced host, whatever address it is mapped to. */
function certificateName(announced: string, node: ClusterNode): string | undefined {
  const isName = !/^[\d.]+$|:/.test(announced);
  return isName && announced !== node.host ? announced : undefined;
}
