/**
 * Streams: XREAD and XREADGROUP.
 *
 * @module
 */
import { notify } from "../keyspace.ts";
import { integer } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { cString, err, ErrorReply, MapReply, NULL_ARRAY, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import { deliver } from "../stream_groups.ts";
import { parseId } from "../stream_ids.ts";
import { formatId, type Group, MAX_ID, type Stream } from "../types/stream.ts";
import { deadlineOfMs, waitFor } from "../waiting.ts";
import { showEntries } from "./streams.ts";

interface Query {
  readonly count: number;
  readonly deadline: number | undefined;
  readonly noAck: boolean;
  readonly group: string | undefined;
  readonly consumer: string;
  readonly keys: readonly string[];
  readonly ids: readonly string[];
}

function readQuery(session: Session, args: readonly string[], name: string): Query {
  let [count, noAck, group, consumer, streams]: [number, boolean, string | undefined, string, number] = [
    0,
    false,
    undefined,
    "",
    0,
  ];
  let deadline: number | undefined;
  for (let i = 1; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    const left = args.length - i - 1;
    if (word === "BLOCK" && left > 0) {
      if (session.script) {
        throw err(`${args[0]!.toLowerCase()} command is not allowed with BLOCK option from scripts`);
      }
      deadline = deadlineOfMs(session, args[++i]!);
    } else if (word === "COUNT" && left > 0) count = Math.max(0, integer(args[++i]!));
    else if (word === "STREAMS" && left > 0) {
      streams = i + 1;
      if ((args.length - streams) % 2 !== 0) {
        throw err("Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");
      }
      break;
    } else if (word === "GROUP" && left >= 2) {
      if (name === "xread") {
        throw err("The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
      }
      group = args[++i]!;
      consumer = args[++i]!;
    } else if (word === "NOACK") {
      if (name === "xread") {
        throw err("The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
      }
      noAck = true;
    } else throw SYNTAX;
  }
  if (streams === 0) throw SYNTAX;
  if (name === "xreadgroup" && group === undefined) throw err("Missing GROUP option for XREADGROUP");
  const half = (args.length - streams) / 2;
  return {
    count,
    deadline,
    noAck,
    group,
    consumer,
    keys: args.slice(streams, streams + half),
    ids: args.slice(streams + half),
  };
}

function groupOf(session: Session, key: string, name: string): Group {
  const group = session.db.read(key, "stream")?.groups.get(name);
  if (group === undefined) {
    throw new ErrorReply(
      `NOGROUP No such key '${cString(key)}' or consumer group '${
        cString(name)
      }' in XREADGROUP with GROUP option`,
    );
  }
  return group;
}

/** Returns the pending entries of a consumer. */
function history(
  stream: Stream,
  group: Group,
  name: string,
  after: bigint,
  count: number,
  now: number,
): ReplyValue[] {
  const consumer = group.consumer(name, now);
  const found: ReplyValue[] = [];
  for (const [id, pending] of consumer.pending.range(after + 1n, MAX_ID, false)) {
    const fields = stream.entries.get(id);
    found.push(fields === undefined ? [formatId(id), NULL_ARRAY] : [formatId(id), [...fields]]);
    pending.deliveredAt = now;
    pending.count++;
    if (found.length === count) break;
  }
  return found;
}

function show(session: Session, found: readonly (readonly [string, ReplyValue[]])[]): ReplyValue {
  return session.protocol === 3
    ? new MapReply(found.flatMap(([key, entries]) => [key, entries]))
    : found.map(([key, entries]) => [key, entries]);
}

function deliverTo(session: Session, key: string, query: Query): ReplyValue[] {
  const { server, db } = session;
  const stream = db.write(key, "stream")!;
  const group = stream.groups.get(query.group!)!;
  const entries = deliver(stream, group, query.consumer, query.count, query.noAck, server.now);
  if (entries.length > 0) {
    server.dirty++;
    session.effects = [
      ...session.effects ?? [],
      [
        "XREADGROUP",
        "GROUP",
        query.group!,
        query.consumer,
        "COUNT",
        String(entries.length),
        ...(query.noAck ? ["NOACK"] : []),
        "STREAMS",
        key,
        ">",
      ],
    ];
  }
  return entries;
}

function xread(session: Session, args: string[], name: "xread" | "xreadgroup"): ReplyValue {
  const query = readQuery(session, args, name);
  const { db, server } = session;
  const { keys, count } = query;
  const from = query.ids.map((id, index) => {
    const last = query.group === undefined
      ? db.read(keys[index]!, "stream")?.lastId ?? 0n
      : groupOf(session, keys[index]!, query.group).lastId;
    if (id === "$") {
      if (query.group !== undefined) {
        throw err(
          "The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
        );
      }
      return last;
    }
    if (id === ">") {
      if (query.group === undefined) {
        throw err(
          "The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
        );
      }
      return undefined;
    }
    const after = parseId(id, 0n, true);
    // The highest id is how Redis keeps the one for new entries.
    return query.group !== undefined && after === MAX_ID ? undefined : after;
  });
  const found: [string, ReplyValue[]][] = [];
  for (const [index, key] of keys.entries()) {
    const stream = db.read(key, "stream");
    if (stream === undefined) continue;
    const after = from[index];
    if (query.group === undefined) {
      if ((stream.entries.last() ?? 0n) > after!) {
        const entries = showEntries(stream, after! + 1n, MAX_ID, false, count);
        if (entries.length > 0) found.push([key, entries]);
      }
      continue;
    }
    const group = stream.groups.get(query.group)!;
    const last = stream.entries.last() ?? 0n;
    // A consumer is made when there is something for it.
    if (after === undefined && last <= group.lastId) continue;
    const seen = group.consumers.get(query.consumer);
    if (seen === undefined) {
      db.keep(key);
      group.consumer(query.consumer, server.now);
      server.dirty++;
      notify(server, db, "t", "xgroup-createconsumer", key);
      session.effects = [...session.effects ?? [], [
        "XGROUP",
        "CREATECONSUMER",
        key,
        query.group,
        query.consumer,
      ]];
    } else seen.seenAt = server.now;
    if (after !== undefined) {
      found.push([key, history(stream, group, query.consumer, after, count, server.now)]);
    } else {
      const entries = deliverTo(session, key, query);
      if (entries.length > 0) found.push([key, entries]);
    }
  }
  if (found.length > 0) return show(session, found);
  if (query.deadline === undefined) return NULL_ARRAY;
  return waitFor(session, keys, query.deadline, (key) => serve(session, key, query, from), NULL_ARRAY);
}

/** Passes new entries to a waiting client. */
function serve(
  session: Session,
  key: string,
  query: Query,
  from: readonly (bigint | undefined)[],
): ReplyValue | undefined {
  const value = session.db.peek(key)?.value;
  if (value === undefined || typeof value === "string" || value.type !== "stream") {
    if (query.group === undefined) return undefined;
    return new ErrorReply("UNBLOCKED the stream key no longer exists");
  }
  if (query.group === undefined) {
    const after = from[query.keys.indexOf(key)]!;
    if (value.lastId <= after) return undefined;
    const entries = showEntries(value, after + 1n, MAX_ID, false, query.count);
    return entries.length === 0 ? undefined : show(session, [[key, entries]]);
  }
  const group = value.groups.get(query.group);
  if (group === undefined) {
    return new ErrorReply("NOGROUP the consumer group this client was blocked on no longer exists");
  }
  if (value.lastId <= group.lastId) return undefined;
  const entries = deliverTo(session, key, query);
  return entries.length === 0 ? undefined : show(session, [[key, entries]]);
}

/** Reading of streams. */
export const streamReads: CommandGroup = {
  xread: (session, args) => xread(session, args, "xread"),
  xreadgroup: (session, args) => xread(session, args, "xreadgroup"),
};
