/**
 * The progress of groups, and deliveries to consumers.
 *
 * @module
 */
import { formatId, type Group, MAX_ID, type Stream } from "./types/stream.ts";
import type { ReplyValue } from "./reply.ts";

/** Whether an entry was deleted behind an id, and not only before the first entry that is left. */
function hasTombstones(stream: Stream, from: bigint): boolean {
  if (stream.size === 0 || stream.maxDeleted === 0n || stream.firstId > stream.maxDeleted) return false;
  return from <= stream.maxDeleted;
}

/** Returns the number of entries added up to an id; -1 if unknown. */
export function countUpTo(stream: Stream, id: bigint): number {
  if (stream.added === 0) return 0;
  if (stream.size === 0 && id <= stream.lastId) return stream.added;
  if (id === stream.lastId) return stream.added;
  if (id > stream.lastId) return -1;
  const first = stream.firstId;
  if (stream.maxDeleted === 0n || stream.maxDeleted < first) {
    if (id < first) return stream.added - stream.size;
    if (id === first) return stream.added - stream.size + 1;
  }
  return -1;
}

/** Returns the number of entries that a group has to read; `null` if unknown. */
export function lagOf(stream: Stream, group: Group): number | null {
  if (stream.added === 0) return 0;
  if (group.read >= 0 && !hasTombstones(stream, group.lastId)) return stream.added - group.read;
  const read = countUpTo(stream, group.lastId);
  return read < 0 ? null : stream.added - read;
}

/** Delivers new entries to a consumer of a group. */
export function deliver(
  stream: Stream,
  group: Group,
  name: string,
  count: number,
  noAck: boolean,
  now: number,
): ReplyValue[] {
  const consumer = group.consumer(name, now);
  const found: ReplyValue[] = [];
  for (const [id, fields] of stream.entries.range(group.lastId + 1n, MAX_ID, false)) {
    if (group.read >= 0 && !hasTombstones(stream, id)) group.read++;
    else if (stream.added > 0) group.read = countUpTo(stream, id);
    group.lastId = id;
    found.push([formatId(id), [...fields]]);
    if (!noAck) {
      const pending = { consumer, deliveredAt: now, count: 1 };
      group.pending.get(id)?.consumer.pending.delete(id);
      group.pending.set(id, pending);
      consumer.pending.set(id, pending);
    }
    if (found.length === count) break;
  }
  return found;
}
