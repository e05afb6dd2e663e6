/**
 * A node of a cluster: its knowledge of itself and of others.
 *
 * @module
 */
import { err, ErrorReply } from "../../reply.ts";
import type { TestServerBase } from "../../server.ts";
import type { ServerState } from "../../state.ts";
import { SLOTS } from "../hash_slot.ts";
import type { Host } from "../network.ts";
import type { ReplicationEnd, ReplicationLink } from "../replication_link.ts";
import { countSlots, type SlotRanges } from "../slot_ranges.ts";

/** An immutable record about a node. */
export interface NodeRecord {
  /** 40 hexadecimal digits. */
  readonly id: string;
  /** Grows with each change that the node itself makes. */
  readonly version: number;
  /** The id of its master; `undefined` for a master. */
  readonly master: string | undefined;
  /** The configuration epoch: of several nodes that claim a slot, the one with the highest owns it. */
  readonly epoch: number;
  /** The slots that it claims. */
  readonly slots: SlotRanges;
}

/** A node that does not answer: as one node sees it, or by the word of the majority. */
export type Failure = "pfail" | "fail";

/** A node. */
export class ClusterMember implements Host, ReplicationEnd {
  /** 40 hexadecimal digits. */
  id: string;
  /** The server. */
  readonly server: TestServerBase;
  /** The server's state. */
  readonly state: ServerState;
  /** @inheritdoc */
  host: string;
  /** @inheritdoc */
  port: number;
  /** @inheritdoc */
  up = true;
  /** Its records of all nodes, including itself. */
  readonly view: Map<string, NodeRecord> = new Map();
  /** Nodes that do not answer. */
  readonly failing: Map<string, Failure> = new Map();
  /** The times when nodes were found to have failed. */
  readonly failedAt: Map<string, number> = new Map();
  /** Nodes that it has to forget, with the time until which it does not learn of them from others. */
  readonly forgotten: Map<string, number> = new Map();
  /** The highest known epoch. */
  currentEpoch = 0;
  /** The last epoch in which it voted. */
  votedEpoch = 0;
  /** The times of its votes, by master. */
  readonly votedAt: Map<string, number> = new Map();
  /** Slots on their way to other nodes. */
  readonly migrating: Map<number, string> = new Map();
  /** Slots on their way to this node. */
  readonly importing: Map<number, string> = new Map();
  /** The way to its master. */
  link: ReplicationLink | undefined;
  /** Milliseconds until writes of its master arrive. */
  lag = 0;
  /** Finds another node by its id. */
  readonly find: (id: string | undefined) => ClusterMember | undefined;
  /** Whether slots without an owner stop the whole cluster. */
  readonly #fullCoverage: boolean;
  #owners: (NodeRecord | undefined)[] | undefined;
  #healthy: boolean | undefined;

  /** Creates a node that knows no other. */
  constructor(id: string, parts: {
    readonly host: string;
    readonly port: number;
    readonly server: TestServerBase;
    readonly state: ServerState;
    readonly find: (id: string | undefined) => ClusterMember | undefined;
    readonly fullCoverage: boolean;
  }) {
    this.id = id;
    this.host = parts.host;
    this.port = parts.port;
    this.server = parts.server;
    this.state = parts.state;
    this.find = parts.find;
    this.#fullCoverage = parts.fullCoverage;
    this.view.set(id, { id, version: 0, master: undefined, epoch: 0, slots: [] });
  }

  /** The address. */
  get address(): { readonly host: string; readonly port: number } {
    return this;
  }

  /** Its own record. */
  get own(): NodeRecord {
    return this.view.get(this.id)!;
  }

  /** Called when its knowledge has changed: clears derived values. */
  invalidate(): void {
    this.#owners = undefined;
    this.#healthy = undefined;
  }

  /** The owner of a slot, as far as it knows. */
  ownerOf(slot: number): NodeRecord | undefined {
    return (this.#owners ??= this.#findOwners())[slot];
  }

  /** The slots that a node owns, as far as it knows, in ascending ranges. */
  slotsOf(id: string): [first: number, last: number][] {
    this.#owners ??= this.#findOwners();
    const ranges: [number, number][] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.#owners[slot]?.id !== id) continue;
      const first = slot;
      while (slot + 1 < SLOTS && this.#owners[slot + 1]?.id === id) slot++;
      ranges.push([first, slot]);
    }
    return ranges;
  }

  /** Returns the masters that own slots, which may vote. */
  voters(): NodeRecord[] {
    const owners = new Set(this.#owners ??= this.#findOwners());
    return [...this.view.values()].filter((record) => owners.has(record));
  }

  /** Whether the cluster is in order, as far as it knows. */
  get healthy(): boolean {
    return this.#healthy ??= this.#isHealthy();
  }

  /** The replicas of a node, as far as it knows. */
  replicasOf(id: string): NodeRecord[] {
    return [...this.view.values()].filter(({ master }) => master === id);
  }

  /** MOVED or ASK to another node. */
  redirection(kind: "MOVED" | "ASK", slot: number, id: string): ErrorReply {
    const { host = "", port = 0 } = this.find(id) ?? {};
    return new ErrorReply(`${kind} ${slot} ${host}:${port}`);
  }

  #findOwners(): (NodeRecord | undefined)[] {
    const owners = new Array<NodeRecord | undefined>(SLOTS).fill(undefined);
    const records = [...this.view.values()].sort((a, b) => a.epoch - b.epoch || (a.id < b.id ? -1 : 1));
    for (const record of records) {
      for (const [first, last] of record.slots) owners.fill(record, first, last + 1);
    }
    return owners;
  }

  #isHealthy(): boolean {
    this.#owners ??= this.#findOwners();
    if (this.#fullCoverage) {
      const failed = (record: NodeRecord | undefined): boolean =>
        record === undefined || this.failing.get(record.id) === "fail";
      if (new Set(this.#owners).size === 0 || [...new Set(this.#owners)].some(failed)) return false;
    }
    const voters = this.voters();
    const there = voters.filter(({ id }) => !this.failing.has(id)).length;
    return there >= Math.floor(voters.length / 2) + 1;
  }

  /** Returns the number of slots of a node. */
  countSlotsOf(id: string): number {
    return countSlots(this.slotsOf(id));
  }
}

/** Returns what a node knows of another one.
 *
 * @throws {ErrorReply} if it does not know it. */
export function knownNode(member: ClusterMember, id: string): NodeRecord {
  const record = member.view.get(id);
  if (record === undefined) throw err(`Unknown node ${id}`);
  return record;
}
