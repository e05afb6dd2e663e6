/**
 * Streams: groups and their pending entries.
 *
 * @module
 */
import { changed, created, notify } from "../keyspace.ts";
import { integer, parseInteger } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import {
  cString,
  err,
  ErrorReply,
  NOT_INTEGER,
  NULL_ARRAY,
  OK,
  type ReplyValue,
  SYNTAX,
  unknownSubcommand,
} from "../reply.ts";
import type { Session } from "../state.ts";
import { parseEnd, parseId, parseStart } from "../stream_ids.ts";
import { formatId, Group, MAX_ID, Stream } from "../types/stream.ts";

const NO_STREAM = err(
  "The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.",
);

/** Reports a change of a group. As in Redis, it is none for clients that watch or track the key. */
function groupChanged({ server, db }: Session, key: string, event: string): void {
  server.dirty++;
  notify(server, db, "t", event, key);
}

function streamOf(session: Session, key: string): Stream {
  const stream = session.db.write(key, "stream");
  if (stream === undefined) throw NO_STREAM;
  return stream;
}

function groupOf(stream: Stream, key: string, name: string): Group {
  const group = stream.groups.get(name);
  if (group === undefined) {
    throw new ErrorReply(`NOGROUP No such consumer group '${cString(name)}' for key name '${cString(key)}'`);
  }
  return group;
}

function readEntriesRead(text: string): number {
  const read = parseInteger(text);
  if (read === undefined) throw NOT_INTEGER;
  if (read < 0 && read !== -1) throw err("value for ENTRIESREAD must be positive or -1");
  return Number(read);
}

function create(session: Session, args: string[]): ReplyValue {
  const [, , key, name, id] = args as [string, string, string, string, string];
  let [make, read] = [false, -1];
  for (let i = 5; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    if (word === "MKSTREAM") make = true;
    else if (word === "ENTRIESREAD" && i + 1 < args.length) read = readEntriesRead(args[++i]!);
    else throw unknownSubcommand(args, "XGROUP");
  }
  let stream = session.db.write(key, "stream");
  if (stream === undefined && !make) throw NO_STREAM;
  const from = id === "$" ? stream?.lastId ?? 0n : parseId(id, 0n, true);
  if (stream?.groups.has(name)) throw new ErrorReply("BUSYGROUP Consumer Group name already exists");
  if (stream === undefined) {
    session.db.set(key, stream = new Stream());
    created(session, key);
    changed(session, key);
  }
  stream.groups.set(name, new Group(name, from, read));
  groupChanged(session, key, "xgroup-create");
  return OK;
}

function setid(session: Session, args: string[]): ReplyValue {
  const [, , key, name, id] = args as [string, string, string, string, string];
  let read = -1;
  for (let i = 5; i < args.length; i++) {
    if (args[i]!.toUpperCase() === "ENTRIESREAD" && i + 1 < args.length) read = readEntriesRead(args[++i]!);
    else throw unknownSubcommand(args, "XGROUP");
  }
  const stream = streamOf(session, key);
  const group = groupOf(stream, key, name);
  group.lastId = id === "$" ? stream.lastId : parseId(id);
  group.read = read;
  groupChanged(session, key, "xgroup-setid");
  return OK;
}

function delconsumer(session: Session, [, , key, name, consumer]: string[]): ReplyValue {
  const group = groupOf(streamOf(session, key!), key!, name!);
  const found = group.consumers.get(consumer!);
  if (found === undefined) return 0;
  const { size } = found.pending;
  for (const [id] of found.pending.range(0n, MAX_ID, false)) group.pending.delete(id);
  group.consumers.delete(consumer!);
  groupChanged(session, key!, "xgroup-delconsumer");
  return size;
}

function xack(session: Session, args: string[]): ReplyValue {
  const stream = session.db.write(args[1]!, "stream");
  const group = stream?.groups.get(args[2]!);
  if (group === undefined) return 0;
  const ids = args.slice(3).map((id) => parseId(id, 0n, true));
  let count = 0;
  for (const id of ids) {
    const pending = group.pending.get(id);
    if (pending === undefined) continue;
    group.pending.delete(id);
    pending.consumer.pending.delete(id);
    count++;
  }
  session.server.dirty += count;
  return count;
}

function xpending(session: Session, args: string[]): ReplyValue {
  const [, key, name] = args as [string, string, string];
  let [at, idle] = [3, 0];
  if (args.length !== 3 && (args.length < 6 || args.length > 9)) throw SYNTAX;
  if (args.length !== 3 && args[3]!.toUpperCase() === "IDLE") {
    idle = integer(args[4]!);
    if (args.length < 8) throw SYNTAX;
    at = 5;
  }
  const short = args.length === 3;
  const count = short ? 0 : Math.max(0, integer(args[at + 2]!));
  const [start, end] = short ? [0n, MAX_ID] : [parseStart(args[at]!), parseEnd(args[at + 1]!)];
  const group = session.db.read(key, "stream")?.groups.get(name);
  if (group === undefined) {
    throw new ErrorReply(`NOGROUP No such key '${cString(key)}' or consumer group '${cString(name)}'`);
  }
  if (short) {
    const { pending } = group;
    if (pending.size === 0) return [0, null, null, NULL_ARRAY];
    const consumers = [...group.consumers.values()].filter((one) => one.pending.size > 0)
      .sort((a, b) => a.name < b.name ? -1 : 1);
    return [
      pending.size,
      formatId(pending.first()!),
      formatId(pending.last()!),
      consumers.map((one) => [one.name, String(one.pending.size)]),
    ];
  }
  const consumer = args[at + 3] === undefined ? undefined : group.consumers.get(args[at + 3]!);
  if (args[at + 3] !== undefined && consumer === undefined) return [];
  const found: ReplyValue[] = [];
  if (count === 0) return found;
  const { now } = session.server;
  for (const [id, entry] of (consumer ?? group).pending.range(start, end, false)) {
    const age = Math.max(0, now - entry.deliveredAt);
    if (age < idle) continue;
    found.push([formatId(id), entry.consumer.name, age, entry.count]);
    if (found.length === count) break;
  }
  return found;
}

/** Groups of streams. */
export const streamGroups: CommandGroup = {
  "xgroup|create": create,
  "xgroup|setid": setid,
  "xgroup|destroy"(session, args) {
    const stream = streamOf(session, args[2]!);
    if (!stream.groups.delete(args[3]!)) return 0;
    groupChanged(session, args[2]!, "xgroup-destroy");
    session.server.blocking.signal(session.db, args[2]!);
    return 1;
  },
  "xgroup|createconsumer"(session, args) {
    const group = groupOf(streamOf(session, args[2]!), args[2]!, args[3]!);
    if (group.consumers.has(args[4]!)) return 0;
    group.consumer(args[4]!, session.server.now);
    groupChanged(session, args[2]!, "xgroup-createconsumer");
    return 1;
  },
  "xgroup|delconsumer": delconsumer,
  xack,
  xpending,
};
