/**
 * CLUSTER: which node has which slots and keys.
 *
 * @module
 */
import { integer } from "../../numbers.ts";
import type { CommandGroup } from "../../registry.ts";
import { err, OK, type ReplyValue } from "../../reply.ts";
import type { Handler, Session } from "../../state.ts";
import { hashSlot, SLOTS } from "../hash_slot.ts";
import { addSlots, removeSlots, type SlotRange } from "../slot_ranges.ts";
import type { ClusterBus } from "./bus.ts";
import { describeShards, describeSlots } from "./describe.ts";
import { keysInSlot, leaveSlots } from "./leave_slots.ts";
import { type ClusterMember, knownNode, type NodeRecord } from "./member.ts";
import { membershipOf } from "./membership.ts";

function slotOf(text: string): number {
  const slot = integer(text, "Invalid or out of range slot");
  if (slot < 0 || slot >= SLOTS) throw err("Invalid or out of range slot");
  return slot;
}

function rangesOf(args: readonly string[], pairs: boolean): SlotRange[] {
  const slots = args.slice(2).map(slotOf);
  const ranges: SlotRange[] = [];
  for (let i = 0; i < slots.length; i += pairs ? 2 : 1) {
    const [first, last] = [slots[i]!, pairs ? slots[i + 1]! : slots[i]!];
    if (first > last) throw err(`start slot number ${first} is greater than end slot number ${last}`);
    ranges.push([first, last]);
  }
  const seen = new Set<number>();
  for (const [first, last] of ranges) {
    for (let slot = first; slot <= last; slot++) {
      if (seen.has(slot)) throw err(`Slot ${slot} specified multiple times`);
      seen.add(slot);
    }
  }
  return ranges;
}

function changeSlots(add: boolean, pairs: boolean): Handler {
  return (session, args) => {
    const name = args[1]!.toLowerCase();
    if (pairs && args.length % 2 !== 0) throw err(`wrong number of arguments for 'cluster|${name}' command`);
    const { bus, member } = membershipOf(session);
    const ranges = rangesOf(args, pairs);
    for (const [first, last] of ranges) {
      for (let slot = first; slot <= last; slot++) {
        const owner = member.ownerOf(slot);
        if (add && owner !== undefined) throw err(`Slot ${slot} is already busy`);
        if (!add && owner === undefined) throw err(`Slot ${slot} is already unassigned`);
      }
    }
    const { slots } = member.own;
    bus.update(member, { slots: add ? addSlots(slots, ranges) : removeSlots(slots, ranges) });
    return OK;
  };
}

function setSlot(session: Session, args: string[]): ReplyValue {
  const { bus, member } = membershipOf(session);
  if (member.own.master !== undefined) throw err("Please use SETSLOT only with masters.");
  const slot = slotOf(args[2]!);
  const word = args[3]!.toLowerCase();
  const mine = member.ownerOf(slot)?.id === member.id;
  if (word === "migrating" && args.length === 5) {
    if (!mine) throw err(`I'm not the owner of hash slot ${slot}`);
    if (!member.view.has(args[4]!)) throw err(`I don't know about node ${args[4]}`);
    if (knownNode(member, args[4]!).master !== undefined) throw err("Target node is not a master");
    member.migrating.set(slot, args[4]!);
  } else if (word === "importing" && args.length === 5) {
    if (mine) throw err(`I'm already the owner of hash slot ${slot}`);
    if (!member.view.has(args[4]!)) throw err(`I don't know about node ${args[4]}`);
    if (knownNode(member, args[4]!).master !== undefined) throw err("Target node is not a master");
    member.importing.set(slot, args[4]!);
  } else if (word === "stable" && args.length === 4) {
    member.migrating.delete(slot);
    member.importing.delete(slot);
  } else if (word === "node" && args.length === 5) {
    const record = member.view.get(args[4]!);
    if (record === undefined) throw err(`Unknown node ${args[4]}`);
    if (record.master !== undefined) throw err("Target node is not a master");
    if (mine && record.id !== member.id && keysInSlot(member, slot).length > 0) {
      throw err(
        `Can't assign hashslot ${slot} to a different node while I still hold keys for this hash slot.`,
      );
    }
    assignSlot(bus, member, slot, record);
  } else {
    throw err("Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP");
  }
  return OK;
}

/** A node learns by command who owns a slot. */
export function assignSlot(bus: ClusterBus, member: ClusterMember, slot: number, record: NodeRecord): void {
  const range: SlotRange[] = [[slot, slot]];
  if (record.id === member.id) {
    // A slot that was imported is taken with a new epoch, so that all others believe it.
    const epoch = member.importing.has(slot) ? bus.nextEpoch() : member.own.epoch;
    member.importing.delete(slot);
    bus.update(member, { slots: addSlots(member.own.slots, range), epoch });
    return;
  }
  const mine = member.ownerOf(slot)?.id === member.id;
  for (const [id, other] of member.view) {
    if (id === member.id) continue;
    const slots = id === record.id ? addSlots(other.slots, range) : removeSlots(other.slots, range);
    member.view.set(id, { ...other, slots });
  }
  member.migrating.delete(slot);
  member.invalidate();
  if (!mine) return;
  bus.update(member, { slots: removeSlots(member.own.slots, range) });
  leaveSlots(member, range);
}

function flushSlots(session: Session): ReplyValue {
  const { bus, member } = membershipOf(session);
  if (member.state.databases[0]!.size > 0) throw err("DB must be empty to perform CLUSTER FLUSHSLOTS.");
  bus.update(member, { slots: [] });
  return OK;
}

/** CLUSTER about slots. */
export const clusterSlots: CommandGroup = {
  "cluster|slots": (session) => describeSlots(membershipOf(session).member),
  "cluster|shards": (session) => describeShards(membershipOf(session).member),
  "cluster|keyslot": (_, args) => hashSlot(args[2]!),
  "cluster|countkeysinslot"(session, args) {
    const slot = integer(args[2]!, "Invalid slot");
    if (slot < 0 || slot >= SLOTS) throw err("Invalid slot");
    return keysInSlot(membershipOf(session).member, slot).length;
  },
  "cluster|getkeysinslot"(session, args) {
    const [slot, most] = [integer(args[2]!), integer(args[3]!)];
    if (slot < 0 || slot >= SLOTS || most < 0) throw err("Invalid slot or number of keys");
    return keysInSlot(membershipOf(session).member, slot).slice(0, most);
  },
  "cluster|setslot": setSlot,
  "cluster|addslots": changeSlots(true, false),
  "cluster|addslotsrange": changeSlots(true, true),
  "cluster|delslots": changeSlots(false, false),
  "cluster|delslotsrange": changeSlots(false, true),
  "cluster|flushslots": flushSlots,
};
