/**
 * Parses the topology of a node: CLUSTER SHARDS or CLUSTER SLOTS, in one form.
 *
 * @module
 */
import { ClusterError } from "../../errors.ts";
import type { Reply, ReplyObject } from "../../resp/types.ts";
import { formatAddress, type ServerAddress } from "../../topology/server_address.ts";
import { SLOTS } from "../routing/slot.ts";

/** A node as another one describes it. */
export interface FoundNode {
  /** The announced address, before `addressMap`. */
  readonly address: ServerAddress;
  /** Other names of the same address, as MOVED may use them. */
  readonly aliases: readonly ServerAddress[];
  /** The announced host name, if there is one. */
  readonly hostname: string | undefined;
  /** Its identity in the cluster. */
  readonly id: string | undefined;
  /** The role. */
  readonly role: "master" | "replica";
  /** The health, as other nodes see it. */
  readonly health: "online" | "loading" | "fail";
  /** The availability zone, if the server announces it (Valkey). */
  readonly zone: string | undefined;
}

/** A master with its replicas and slots. */
export interface FoundShard {
  /** Slots, from and to, both included. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
  /** The master; `undefined` where only replicas are left. */
  readonly master: FoundNode | undefined;
  /** The others. */
  readonly replicas: readonly FoundNode[];
}

/** The reply of one node. */
export interface Found {
  /** The epoch that the node knows: who knows the higher one is right. */
  readonly epoch: number;
  /** The shards. */
  readonly shards: readonly FoundShard[];
  /** The number of slots with a master. */
  readonly covered: number;
}

/** The queried node, and the command. */
export interface Asked {
  /** The address at which the node was reached: what an empty host means. */
  readonly host: string;
  /** Whether connections are TLS: a node may have a port for each. */
  readonly tls: boolean;
}

/** Returns the epoch of CLUSTER INFO; 0 if it is missing. */
export function readEpoch(info: Reply): number {
  return Number(/^cluster_current_epoch:(\d+)/m.exec(String(info))?.[1] ?? 0);
}

function nonsense(what: string): ClusterError {
  return new ClusterError(`Cannot read what the node says about its cluster: ${what}`, {
    code: "DISCOVERY",
    executed: "yes",
  });
}

/** A map, or the flat list of names and values that RESP2 makes of it. */
function fields(reply: Reply): ReplyObject {
  if (Array.isArray(reply)) {
    const object: ReplyObject = Object.create(null);
    for (let index = 0; index + 1 < reply.length; index += 2) {
      object[String(reply[index])] = reply[index + 1]!;
    }
    return object;
  }
  if (typeof reply === "object" && reply !== null) return reply as ReplyObject;
  throw nonsense("a map was expected");
}

function list(reply: Reply | undefined): Reply[] {
  if (Array.isArray(reply)) return reply;
  throw nonsense("a list was expected");
}

function port(reply: Reply | undefined): number {
  const number = Number(reply);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw nonsense("a port was expected");
}

function word(reply: Reply | undefined): string | undefined {
  // The server replies "?" if it prefers a host name that is not set.
  return typeof reply === "string" && reply !== "" && reply !== "?" ? reply : undefined;
}

function range(from: Reply | undefined, to: Reply | undefined): readonly [number, number] {
  const [first, last] = [Number(from), Number(to)];
  if (Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last < SLOTS) {
    return [first, last];
  }
  throw nonsense("a range of slots was expected");
}

/** All the names under which a node goes, the one to use first. */
function names(hosts: readonly (string | undefined)[], port: number, asked: Asked): ServerAddress[] {
  const known = [...new Set(hosts.filter((host) => host !== undefined))];
  return (known.length > 0 ? known : [asked.host]).map((host) => ({ host, port }));
}

function node(
  hosts: readonly (string | undefined)[],
  port: number,
  asked: Asked,
  rest: Omit<FoundNode, "address" | "aliases">,
): FoundNode {
  const [address, ...aliases] = names(hosts, port, asked) as [ServerAddress, ...ServerAddress[]];
  return { address, aliases, ...rest };
}

/** Reads CLUSTER SHARDS. */
export function readShards(reply: Reply, epoch: number, asked: Asked): Found {
  const shards = list(reply).map((entry): FoundShard => {
    const shard = fields(entry);
    const slots = list(shard.slots);
    const ranges = Array.from({ length: slots.length >> 1 }, (_, n) => range(slots[2 * n], slots[2 * n + 1]));
    const nodes = list(shard.nodes).map((one) => shardNode(fields(one), asked));
    const masters = nodes.filter(({ role }) => role === "master");
    // A master that was replaced keeps its role in the list until it is back.
    const master = masters.find(({ health }) => health !== "fail") ?? masters[0];
    return { ranges, master, replicas: nodes.filter((one) => one !== master && one.role === "replica") };
  });
  return found(shards, epoch);
}

function shardNode(entry: ReplyObject, asked: Asked): FoundNode {
  const health = entry.health === "fail" || entry.health === "failed"
    ? "fail"
    : entry.health === "loading"
    ? "loading"
    : "online";
  const hostname = word(entry.hostname);
  return node(
    [word(entry.endpoint), word(entry.ip), hostname],
    port((asked.tls ? entry["tls-port"] : entry.port) ?? entry.port ?? entry["tls-port"]),
    asked,
    {
      hostname,
      id: word(entry.id),
      role: entry.role === "master" ? "master" : "replica",
      health,
      zone: word(entry["availability-zone"]),
    },
  );
}

/** Reads CLUSTER SLOTS, for servers before SHARDS. */
export function readSlots(reply: Reply, epoch: number, asked: Asked): Found {
  const shards = new Map<string, { ranges: (readonly [number, number])[]; nodes: FoundNode[] }>();
  for (const entry of list(reply)) {
    const [from, to, ...members] = list(entry);
    const nodes = members.map((member, index) => slotNode(list(member), index, asked));
    const first = nodes[0];
    if (first === undefined) continue;
    const key = first.id ?? formatAddress(first.address);
    const shard = shards.get(key) ?? { ranges: [], nodes };
    shard.ranges.push(range(from, to));
    shards.set(key, shard);
  }
  return found(
    [...shards.values()].map(({ ranges, nodes: [master, ...replicas] }) => ({ ranges, master, replicas })),
    epoch,
  );
}

function slotNode([host, number, id, more]: Reply[], index: number, asked: Asked): FoundNode {
  const extra = more === undefined || more === null ? Object.create(null) as ReplyObject : fields(more);
  const hostname = word(extra.hostname);
  return node([word(host), word(extra.ip), hostname], port(number), asked, {
    hostname,
    id: word(id),
    role: index === 0 ? "master" : "replica",
    health: "online",
    zone: word(extra["availability-zone"]),
  });
}

function found(shards: readonly FoundShard[], epoch: number): Found {
  let covered = 0;
  for (const { ranges, master } of shards) {
    if (master !== undefined) { for (const [from, to] of ranges) covered += to - from + 1; }
  }
  return { epoch, shards, covered };
}

/** Whether SHARDS names a master for all the slots that it lists; else SLOTS knows better. */
export function isConclusive({ shards }: Found): boolean {
  return shards.every(({ ranges, master }) => ranges.length === 0 || master !== undefined);
}

/** Whether SHARDS may lack slots of a failed master: Redis from 7.2 on lists such a master without slots. */
export function hidesSlots({ covered, shards }: Found): boolean {
  return covered < SLOTS && shards.some(lacksSlots);
}

function lacksSlots({ ranges, master }: FoundShard): boolean {
  return ranges.length === 0 && master?.health === "fail";
}

/** Returns `shards` with the slots of failed masters, which SLOTS lists. */
export function addHiddenSlots({ epoch, shards }: Found, slots: Found): Found {
  const ranges = new Map(slots.shards.map((shard) => [shard.master?.id, shard.ranges]));
  return found(
    shards.map((shard) =>
      lacksSlots(shard) ? { ...shard, ranges: ranges.get(shard.master!.id) ?? [] } : shard
    ),
    epoch,
  );
}

/** Returns the slots without a node, for messages: `"0-99, 200"`. */
export function showGaps({ shards }: Found): string {
  const taken = new Uint8Array(SLOTS);
  for (const { ranges, master } of shards) {
    if (master !== undefined) { for (const [from, to] of ranges) taken.fill(1, from, to + 1); }
  }
  const gaps: string[] = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    if (taken[slot] === 1) continue;
    const from = slot;
    while (slot + 1 < SLOTS && taken[slot + 1] === 0) slot++;
    gaps.push(from === slot ? `${from}` : `${from}-${slot}`);
  }
  return gaps.length > 8 ? `${gaps.slice(0, 8).join(", ")} and ${gaps.length - 8} more` : gaps.join(", ");
}
