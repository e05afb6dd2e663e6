/**
 * Selects the node of a shard for a read-only command.
 *
 * @module
 */
import { averageLatency, measureLatency } from "../../topology/latency.ts";
import { ReadSelector } from "../../topology/read_selector.ts";
import type { ResolvedClusterOptions } from "../options/resolved.ts";
import type { ClusterNode } from "../topology/node.ts";
import type { Shard } from "../topology/topology.ts";

/** The time for which a measured latency is used, in milliseconds. */
const LATENCY_TTL = 10_000;

/** Selects nodes as the option `readFrom` defines; with `"nearest"` measures their latencies. */
export class ClusterReads {
  readonly #options: ResolvedClusterOptions;
  readonly #selector: ReadSelector;
  readonly #measured: WeakMap<ClusterNode, number> = new WeakMap();

  /** Selects among the nodes of one pool. */
  constructor(options: ResolvedClusterOptions) {
    this.#options = options;
    this.#selector = new ReadSelector(options.readFrom, options.availabilityZone);
  }

  /** Returns the node for the next read of a shard. */
  select(shard: Shard): ClusterNode {
    const { master, replicas } = shard;
    const { readFrom } = this.#options;
    if (readFrom === "nearest") {
      this.#measure(master);
      for (let index = 0; index < replicas.length; index++) this.#measure(replicas[index]!);
    }
    // Valkey before 9 sends its zone only to connected clients.
    if (typeof readFrom === "object") {
      for (const node of replicas) {
        if (node.openedShared === undefined && node.zone === undefined) node.shared.ensureConnected();
      }
    }
    return this.#selector.select(master, replicas, shard) ??
      (readFrom === "replica" && replicas.length > 0 ? replicas[0]! : master);
  }

  /** Sends a PING now and then; opens the connection where there is none. */
  #measure(node: ClusterNode): void {
    const { clock } = this.#options.connection;
    const now = clock.now();
    if (now - (this.#measured.get(node) ?? -Infinity) < LATENCY_TTL) return;
    this.#measured.set(node, now);
    node.shared.connect().then(async () => {
      const { connection } = node.shared;
      const latency = connection && await measureLatency(connection);
      node.latency = averageLatency(node.latency, latency);
    }).catch(() => node.latency = undefined);
  }
}
