/**
 * The options of clusters as they hold: complete, checked, frozen, and safe to print.
 *
 * @module
 */
import type { ClusterReadFrom, RemapFunction, RemapRule } from "./options_types.ts";
import type { ResolvedConnectionOptions, ResolvedPoolOptions } from "../options.ts";

/** What a cluster's options come to, beside those of its connections. */
export interface ClusterValues {
  readonly startupNodes: readonly { readonly host: string; readonly port: number }[];
  readonly initSlotCache: boolean;
  readonly maxConnections: number;
  readonly maxConnectionsPerNode: number;
  readonly reinitializeSteps: number;
  readonly skipFullCoverageCheck: boolean;
  readonly followCluster: boolean;
  readonly hostPortRemap?: readonly RemapRule[] | RemapFunction;
  readonly readFrom: ClusterReadFrom;
  readonly availabilityZone?: string;
  readonly maxRedirections: number;
  readonly refreshInterval: number;
  readonly silenceLimit: number;
}

/** The options of a cluster's pool, resolved. Made by `resolveClusterOptions`; see {@linkcode ClusterPoolOptions} for what each means. */
export class ResolvedClusterOptions {
  readonly #remap: readonly RemapRule[] | RemapFunction | undefined;
  /** The options of the pool of each node; host and port are those of the first startup node. */
  readonly node: ResolvedPoolOptions;
  /** Where the cluster can be found. */
  readonly startupNodes: readonly { readonly host: string; readonly port: number }[];
  /** Whether the slots are asked for before the first command. */
  readonly initSlotCache: boolean;
  /** How many connections there may be in all. */
  readonly maxConnections: number;
  /** How many there may be to one node. */
  readonly maxConnectionsPerNode: number;
  /** After how many MOVED replies the slots are asked for anew; 0 is never. */
  readonly reinitializeSteps: number;
  /** Whether slots may be without a node. */
  readonly skipFullCoverageCheck: boolean;
  /** Whether the nodes of now are asked, not only the startup nodes. */
  readonly followCluster: boolean;
  /** Where commands that change nothing are read. */
  readonly readFrom: ClusterReadFrom;
  /** Where this client is. */
  readonly availabilityZone: string | undefined;
  /** How often one command may be redirected. */
  readonly maxRedirections: number;
  /** Milliseconds after which the slots are asked for anew; 0 is never. */
  readonly refreshInterval: number;
  /** Milliseconds that a node may owe replies and say nothing; 0 is for ever. */
  readonly silenceLimit: number;

  /** Takes over values that have been checked; users call `resolveClusterOptions`. */
  constructor(values: ClusterValues, node: ResolvedPoolOptions) {
    this.#remap = values.hostPortRemap;
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
    this.silenceLimit = values.silenceLimit;
    Object.freeze(this);
  }

  /** The options of the connections. */
  get connection(): ResolvedConnectionOptions {
    return this.node.connection;
  }

  /** How announced addresses become such as can be reached. */
  get hostPortRemap(): readonly RemapRule[] | RemapFunction | undefined {
    return this.#remap;
  }

  /** All options as plain values; secrets are `"[redacted]"`. */
  toJSON(): Record<string, unknown> {
    const remap = typeof this.#remap === "function" ? "[function]" : this.#remap;
    return { ...this.node.toJSON(), ...this, node: undefined, hostPortRemap: remap };
  }

  /** Where the startup nodes are. */
  toString(): string {
    return this.startupNodes.map(({ host, port }) =>
      host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
    )
      .join(", ");
  }

  /** What Node and Bun print. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `ClusterOptions ${JSON.stringify(this, null, 2)}`;
  }

  /** What Deno prints. */
  [Symbol.for("Deno.customInspect")](): string {
    return `ClusterOptions ${JSON.stringify(this, null, 2)}`;
  }
}
