/**
 * Handles slots that a node no longer owns: keys, waiting clients, subscribers.
 *
 * @module
 */
import { after } from "../../dispatch.ts";
import { changedOutside } from "../../keyspace.ts";
import { ErrorReply, Push } from "../../reply.ts";
import type { Session } from "../../state.ts";
import { hashSlot } from "../hash_slot.ts";
import { hasSlot, type SlotRanges } from "../slot_ranges.ts";
import type { ClusterMember } from "./member.ts";

const DEMOTED = new ErrorReply(
  "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
);

/** The keys in a slot. */
export function keysInSlot({ state }: ClusterMember, slot: number): string[] {
  return state.databases[0]!.keys.keys().filter((key) => hashSlot(key) === slot);
}

/** Deletes the keys of slots, and ends the subscriptions of their shard channels. */
export function leaveSlots(member: ClusterMember, slots: SlotRanges): void {
  const { state } = member;
  const [db] = state.databases;
  for (const key of db!.keys.keys()) {
    if (!hasSlot(slots, hashSlot(key))) continue;
    db!.delete(key);
    state.replication.append(0, ["DEL", key]);
    changedOutside(state, db!, key);
  }
  state.tracking.flush();
}

/** Ends waits for keys of other nodes: with a redirection, or an error where the node has become a replica. */
export function releaseBlocked(member: ClusterMember, demoted: boolean = false): void {
  const { state } = member;
  let released = false;
  for (const session of state.sessions.values()) {
    endShardSubscriptions(member, session);
    const waiter = session.blocked;
    if (waiter === undefined || waiter.keys.length === 0) continue;
    const slot = hashSlot(waiter.keys[0]!);
    const owner = member.ownerOf(slot);
    if (demoted) state.blocking.finish(waiter, DEMOTED);
    else if (!member.healthy) {
      state.blocking.finish(waiter, new ErrorReply("CLUSTERDOWN The cluster is down"));
    } else if (owner === undefined) {
      state.blocking.finish(waiter, new ErrorReply("CLUSTERDOWN Hash slot not served"));
    } else if (owner.id !== member.id) {
      state.blocking.finish(waiter, member.redirection("MOVED", slot, owner.id));
    } else continue;
    released = true;
    if (demoted) session.link?.close();
  }
  if (released) after(state);
}

function endShardSubscriptions(member: ClusterMember, session: Session): void {
  for (const channel of session.shards) {
    const owner = member.ownerOf(hashSlot(channel))?.id;
    if (owner === member.id || (owner !== undefined && owner === member.own.master)) continue;
    session.shards.delete(channel);
    session.server.pubsub.remove(session.server.pubsub.shards, channel, session);
    session.send(new Push(["sunsubscribe", channel, session.shards.size]));
  }
}
