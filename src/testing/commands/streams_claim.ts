/**
 * Streams: XCLAIM, XAUTOCLAIM and XINFO.
 *
 * @module
 */
import { notify } from "../keyspace.ts";
import { integer, integerIn } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { cString, err, ErrorReply, MapReply, NO_KEY, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import { lagOf } from "../stream_groups.ts";
import { parseId, parseStart } from "../stream_ids.ts";
import {
  type Consumer,
  formatId,
  type Group,
  MAX_ID,
  type PendingEntry,
  type Stream,
} from "../types/stream.ts";
import { showEntries } from "./streams.ts";

function groupOf(session: Session, key: string, name: string): [Stream, Group] {
  const stream = session.db.read(key, "stream");
  const group = stream?.groups.get(name);
  if (group === undefined) {
    throw new ErrorReply(`NOGROUP No such key '${cString(key)}' or consumer group '${cString(name)}'`);
  }
  return [stream!, group];
}

/** Hands a pending entry over. */
function assign(id: bigint, entry: PendingEntry, consumer: Consumer): void {
  if (entry.consumer !== consumer) {
    entry.consumer.pending.delete(id);
    entry.consumer = consumer;
    consumer.pending.set(id, entry);
  }
}

/** The consumer that gets entries; it is made when it gets the first. */
function claimant(session: Session, key: string, group: Group, name: string): Consumer {
  const { server } = session;
  if (!group.consumers.has(name)) notify(server, session.db, "t", "xgroup-createconsumer", key);
  const consumer = group.consumer(name, server.now);
  consumer.seenAt = server.now;
  return consumer;
}

function xclaim(session: Session, args: string[]): ReplyValue {
  const [, key, name, consumerName, idleText] = args as [string, string, string, string, string];
  const { server } = session;
  const [stream, group] = groupOf(session, key, name);
  const minIdle = Math.max(0, integer(idleText, "Invalid min-idle-time argument for XCLAIM"));
  const ids: bigint[] = [];
  let at = 5;
  for (; at < args.length; at++) {
    try {
      ids.push(parseId(args[at]!, 0n, true));
    } catch {
      break;
    }
  }
  let [force, justId, deliveredAt, retries, lastId] = [false, false, server.now, -1, 0n];
  for (; at < args.length; at++) {
    const word = args[at]!.toUpperCase();
    const left = args.length - at - 1;
    if (word === "FORCE") force = true;
    else if (word === "JUSTID") justId = true;
    else if (word === "IDLE" && left > 0) {
      deliveredAt = server.now - integer(args[++at]!, "Invalid IDLE option argument for XCLAIM");
    } else if (word === "TIME" && left > 0) {
      deliveredAt = integer(args[++at]!, "Invalid TIME option argument for XCLAIM");
    } else if (word === "RETRYCOUNT" && left > 0) {
      retries = integer(args[++at]!, "Invalid RETRYCOUNT option argument for XCLAIM");
    } else if (word === "LASTID" && left > 0) lastId = parseId(args[++at]!, 0n, true);
    else throw err(`Unrecognized XCLAIM option '${cString(args[at]!)}'`);
  }
  if (deliveredAt < 0 || deliveredAt > server.now) deliveredAt = server.now;
  session.db.keep(key);
  if (lastId > group.lastId) {
    group.lastId = lastId;
    server.dirty++;
  }
  const found: ReplyValue[] = [];
  for (const id of ids) {
    let entry = group.pending.get(id);
    if (!stream.entries.get(id)) {
      // A deleted entry is not pending either.
      if (entry !== undefined) {
        group.pending.delete(id);
        entry.consumer.pending.delete(id);
        server.dirty++;
      }
      continue;
    }
    if (entry === undefined && !force) continue;
    if (entry !== undefined && minIdle > 0 && server.now - entry.deliveredAt < minIdle) continue;
    const consumer = claimant(session, key, group, consumerName);
    if (entry === undefined) {
      entry = { consumer, deliveredAt: server.now, count: 1 };
      group.pending.set(id, entry);
      consumer.pending.set(id, entry);
    }
    assign(id, entry, consumer);
    entry.deliveredAt = deliveredAt;
    if (retries >= 0) entry.count = retries;
    else if (!justId) entry.count++;
    found.push(justId ? formatId(id) : showEntries(stream, id, id, false, 1)[0]!);
    server.dirty++;
  }
  return found;
}

function xautoclaim(session: Session, args: string[]): ReplyValue {
  const [, key, name, consumerName, idleText, startText] = args as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const { server } = session;
  // As in Redis, the key is looked up before the arguments are read.
  session.db.find(key);
  const minIdle = Math.max(0, integer(idleText, "Invalid min-idle-time argument for XAUTOCLAIM"));
  const start = parseStart(startText);
  let [count, justId] = [100, false];
  for (let at = 6; at < args.length; at++) {
    const word = args[at]!.toUpperCase();
    if (word === "COUNT" && at + 1 < args.length) {
      count = integerIn(args[++at]!, 1, 2 ** 59, "COUNT must be > 0");
    } else if (word === "JUSTID") justId = true;
    else throw SYNTAX;
  }
  session.server.counts = false;
  const [stream, group] = groupOf(session, key, name);
  session.db.keep(key);
  const [found, gone]: [ReplyValue[], ReplyValue[]] = [[], []];
  let attempts = count * 10;
  let next = 0n;
  for (const [id, entry] of group.pending.range(start, MAX_ID, false)) {
    if (attempts-- === 0 || count === 0) {
      next = id;
      break;
    }
    if (!stream.entries.get(id)) {
      group.pending.delete(id);
      entry.consumer.pending.delete(id);
      gone.push(formatId(id));
      count--;
      server.dirty++;
      continue;
    }
    if (minIdle > 0 && server.now - entry.deliveredAt < minIdle) continue;
    assign(id, entry, claimant(session, key, group, consumerName));
    entry.deliveredAt = server.now;
    if (!justId) entry.count++;
    found.push(justId ? formatId(id) : showEntries(stream, id, id, false, 1)[0]!);
    count--;
    server.dirty++;
  }
  return [formatId(next), found, gone];
}

function describe(stream: Stream): ReplyValue[] {
  return [
    "length",
    stream.size,
    "radix-tree-keys",
    Math.ceil(stream.size / 100),
    "radix-tree-nodes",
    Math.ceil(stream.size / 100) + 1,
    "last-generated-id",
    formatId(stream.lastId),
    "max-deleted-entry-id",
    formatId(stream.maxDeleted),
    "entries-added",
    stream.added,
    "recorded-first-entry-id",
    formatId(stream.firstId),
  ];
}

function describeGroup(stream: Stream, group: Group, count: number): ReplyValue {
  const limit = <T>(items: Iterable<T>): T[] => {
    const all = [...items];
    return count === 0 ? all : all.slice(0, count);
  };
  return new MapReply([
    "name",
    group.name,
    "last-delivered-id",
    formatId(group.lastId),
    "entries-read",
    group.read < 0 ? null : group.read,
    "lag",
    lagOf(stream, group),
    "pel-count",
    group.pending.size,
    "pending",
    limit(group.pending.range(0n, MAX_ID, false)).map(([id, entry]) => [
      formatId(id),
      entry.consumer.name,
      entry.deliveredAt,
      entry.count,
    ]),
    "consumers",
    sorted(group.consumers.values()).map((consumer) =>
      new MapReply([
        "name",
        consumer.name,
        "seen-time",
        consumer.seenAt,
        "pel-count",
        consumer.pending.size,
        "pending",
        limit(consumer.pending.range(0n, MAX_ID, false)).map(([id, entry]) => [
          formatId(id),
          entry.deliveredAt,
          entry.count,
        ]),
      ])
    ),
  ]);
}

/** Sorts by name, as Redis does. */
function sorted<T extends { readonly name: string }>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function infoStream(session: Session, args: string[]): ReplyValue {
  const stream = session.db.read(args[2]!, "stream");
  if (stream === undefined) throw NO_KEY;
  if (args.length === 3) {
    const [first, last] = [false, true].map((end) => showEntries(stream, 0n, MAX_ID, end, 1)[0] ?? null);
    return new MapReply([
      ...describe(stream),
      "groups",
      stream.groups.size,
      "first-entry",
      first!,
      "last-entry",
      last!,
    ]);
  }
  if (args[3]!.toUpperCase() !== "FULL" || args.length === 5 || args.length > 6) throw SYNTAX;
  let count = 10;
  if (args.length === 6) {
    if (args[4]!.toUpperCase() !== "COUNT") throw SYNTAX;
    count = integer(args[5]!);
    if (count < 0) count = 10;
  }
  return new MapReply([
    ...describe(stream),
    "entries",
    showEntries(stream, 0n, MAX_ID, false, count === 0 ? -1 : count),
    "groups",
    sorted(stream.groups.values()).map((group) => describeGroup(stream, group, count)),
  ]);
}

/** Claims and information. */
export const streamClaims: CommandGroup = {
  xclaim,
  xautoclaim,
  "xinfo|stream": infoStream,
  "xinfo|groups"(session, args) {
    const stream = session.db.read(args[2]!, "stream");
    if (stream === undefined) throw NO_KEY;
    return sorted(stream.groups.values()).map((group) =>
      new MapReply([
        "name",
        group.name,
        "consumers",
        group.consumers.size,
        "pending",
        group.pending.size,
        "last-delivered-id",
        formatId(group.lastId),
        "entries-read",
        group.read < 0 ? null : group.read,
        "lag",
        lagOf(stream, group),
      ])
    );
  },
  "xinfo|consumers"(session, args) {
    const stream = session.db.read(args[2]!, "stream");
    if (stream === undefined) throw NO_KEY;
    const group = stream.groups.get(args[3]!);
    if (group === undefined) {
      throw new ErrorReply(
        `NOGROUP No such consumer group '${cString(args[3]!)}' for key name '${cString(args[2]!)}'`,
      );
    }
    return sorted(group.consumers.values()).map((consumer) =>
      new MapReply([
        "name",
        consumer.name,
        "pending",
        consumer.pending.size,
        "idle",
        Math.max(0, session.server.now - consumer.seenAt),
      ])
    );
  },
};
