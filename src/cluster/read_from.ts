/**
 * Which node of a shard a command that changes nothing is read from.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { ClusterReadFrom } from "./options_types.ts";
import type { ResolvedClusterOptions } from "./resolved_options.ts";
import type { ClusterNode } from "./node.ts";
import type { Shard } from "./topology.ts";

/** Picks a node for each read. */
export interface ReadFromPolicy {
  /** The node to read from now. */
  pick(shard: Shard): ClusterNode;
}

/** How long a measured latency holds, in milliseconds. */
const FRESH = 10_000;
/** How much of a latency is the last measurement; the rest is the ones before. */
const WEIGHT = 0.3;

/** A node that has failed, is loading or has lost its connection is left out; one not tried yet is not. */
function isFit(node: ClusterNode): boolean {
  return node.health === "online" && (node.openedLane === undefined || node.usable);
}

/** Takes one after the other. */
class InTurn implements ReadFromPolicy {
  readonly #from: Exclude<ClusterReadFrom, "master" | "nearest">;
  #turn = 0;

  constructor(from: Exclude<ClusterReadFrom, "master" | "nearest">) {
    this.#from = from;
  }

  pick({ master, replicas }: Shard): ClusterNode {
    const count = replicas.length;
    const start = this.#turn++;
    const all = this.#from === "any" ? count + 1 : count;
    for (let tried = 0; tried < all; tried++) {
      const place = (start + tried) % all;
      const node = place === count ? master : replicas[place]!;
      if (isFit(node)) return node;
      // Its connection may only need to be opened: it is, while another one answers.
      node.openedLane?.want();
    }
    // Nobody is fit: `replica` insists on one as long as there is one.
    return this.#from === "replica" && count > 0 ? replicas[start % count]! : master;
  }
}

/** Takes the one that is nearest: of the same zone first, then by latency. */
class Nearest implements ReadFromPolicy {
  readonly #clock: Clock;
  readonly #zone: string | undefined;
  readonly #measured: WeakMap<ClusterNode, number> = new WeakMap();

  constructor(clock: Clock, zone: string | undefined) {
    this.#clock = clock;
    this.#zone = zone;
  }

  pick({ master, replicas }: Shard): ClusterNode {
    const now = this.#clock.now();
    this.#measure(master, now);
    let best = master;
    for (let index = 0; index < replicas.length; index++) {
      const node = replicas[index]!;
      this.#measure(node, now);
      if (node.usable && node.health === "online" && this.#nearer(node, best)) best = node;
    }
    return best;
  }

  #nearer(one: ClusterNode, other: ClusterNode): boolean {
    if (!other.usable) return true;
    if (this.#zone !== undefined) {
      const here = this.#isHere(one);
      if (here !== this.#isHere(other)) return here;
    }
    return (one.latency ?? Infinity) < (other.latency ?? Infinity);
  }

  #isHere(node: ClusterNode): boolean {
    const zone = node.availabilityZone ?? node.lane.connection?.server.availability_zone;
    return zone === this.#zone;
  }

  /** Sends a PING now and then; opens the connection where there is none. */
  #measure(node: ClusterNode, now: number): void {
    if (now - (this.#measured.get(node) ?? -Infinity) < FRESH) return;
    this.#measured.set(node, now);
    const measure = async (): Promise<void> => {
      await node.lane.connect();
      const start = this.#clock.now();
      await node.lane.connection?.send(["PING"]);
      const took = this.#clock.now() - start;
      node.latency = node.latency === undefined ? took : node.latency * (1 - WEIGHT) + took * WEIGHT;
    };
    // Who cannot be measured is not near; the lane brings itself back.
    measure().catch(() => node.latency = undefined);
  }
}

/** What `readFrom` says; `undefined`: the master. */
export function makeReadFrom(
  { readFrom, availabilityZone, connection }: ResolvedClusterOptions,
): ReadFromPolicy | undefined {
  if (readFrom === "master") return undefined;
  return readFrom === "nearest" ? new Nearest(connection.clock, availabilityZone) : new InTurn(readFrom);
}
