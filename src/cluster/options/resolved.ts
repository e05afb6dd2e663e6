/**
 * The options of clusters as they hold: complete, checked, frozen, and safe to print.
 *
 * @module
 */
import { printed } from "../../options/redacted_options.ts";
import type { ResolvedConnectionOptions, ResolvedPoolOptions } from "../../options.ts";
import type { AddressMap } from "../../topology/address_map.ts";
import type { ReadFrom } from "../../topology/read_from.ts";
import { formatAddress, type ServerAddress } from "../../topology/server_address.ts";

/** The resolved options of a cluster, without those of its connections. */
export interface ClusterValues {
  readonly startupNodes: readonly ServerAddress[];
  readonly initSlotCache: boolean;
  readonly maxConnections: number;
  readonly maxConnectionsPerNode: number;
  readonly reinitializeSteps: number;
  readonly skipFullCoverageCheck: boolean;
  readonly followCluster: boolean;
  readonly addressMap?: AddressMap;
  readonly readFrom: ReadFrom;
  readonly availabilityZone?: string;
  readonly maxRedirections: number;
  readonly refreshInterval: number;
  readonly nodeTimeout: number;
}

/** The options of a cluster's pool, resolved. Made by `resolveClusterOptions`; see {@linkcode ClusterPoolOptions} for what each means. */
export class ResolvedClusterOptions {
  readonly #addressMap: AddressMap | undefined;
  /** The options of the pool of each node. The host and port are those of the first startup node. */
  declare readonly node: ResolvedPoolOptions;
  /** The startup nodes. */
  declare readonly startupNodes: readonly ServerAddress[];
  /** Whether to query the slots before the first command. */
  declare readonly initSlotCache: boolean;
  /** The maximum number of connections to all nodes. */
  declare readonly maxConnections: number;
  /** The maximum number of connections to one node. */
  declare readonly maxConnectionsPerNode: number;
  /** The number of MOVED replies after which the topology is refreshed; 0: never. */
  declare readonly reinitializeSteps: number;
  /** Whether slots may be without a node. */
  declare readonly skipFullCoverageCheck: boolean;
  /** Whether to query all known nodes, or the startup nodes only. */
  declare readonly followCluster: boolean;
  /** The nodes that receive read-only commands. */
  declare readonly readFrom: ReadFrom;
  /** The availability zone of this client. */
  declare readonly availabilityZone: string | undefined;
  /** The maximum number of redirections of one command. */
  declare readonly maxRedirections: number;
  /** The milliseconds between refreshes of the topology; 0: never. */
  declare readonly refreshInterval: number;
  /** Milliseconds without a reply after which the health of a node is checked; 0 is never. */
  declare readonly nodeTimeout: number;

  /** Uses checked values. Users call `resolveClusterOptions`. */
  constructor(values: ClusterValues, node: ResolvedPoolOptions) {
    this.#addressMap = values.addressMap;
    this.node = node;
    this.startupNodes = values.startupNodes;
    this.initSlotCache = values.initSlotCache;
    this.maxConnections = values.maxConnections;
    this.maxConnectionsPerNode = values.maxConnectionsPerNode;
    this.reinitializeSteps = values.reinitializeSteps;
    this.skipFullCoverageCheck = values.skipFullCoverageCheck;
    this.followCluster = values.followCluster;
    this.readFrom = values.readFrom;
    this.availabilityZone = values.availabilityZone;
    this.maxRedirections = values.maxRedirections;
    this.refreshInterval = values.refreshInterval;
    this.nodeTimeout = values.nodeTimeout;
    Object.freeze(this);
  }

  /** The options of the connections. */
  get connection(): ResolvedConnectionOptions {
    return this.node.connection;
  }

  /** Maps announced addresses to addresses that this client can reach. */
  get addressMap(): AddressMap | undefined {
    return this.#addressMap;
  }

  /** All options as plain values; secrets are `"[redacted]"`. */
  toJSON(): Record<string, unknown> {
    const addressMap = typeof this.#addressMap === "function" ? "[function]" : this.#addressMap;
    return { ...this.node.toJSON(), ...this, node: undefined, addressMap };
  }

  /** Returns the addresses of the startup nodes. */
  toString(): string {
    return this.startupNodes.map(formatAddress).join(", ");
  }

  /** Returns the text that Node and Bun print. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return printed("ClusterOptions", this);
  }

  /** Returns the text that Deno prints. */
  [Symbol.for("Deno.customInspect")](): string {
    return printed("ClusterOptions", this);
  }
}
