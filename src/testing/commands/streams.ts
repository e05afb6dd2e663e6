/**
 * Streams: entries.
 *
 * @module
 */
import { changedWith, created, notify } from "../keyspace.ts";
import { integer, parseInteger } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, NO_KEY, NOT_INTEGER, NULL_ARRAY, OK, type ReplyValue, SYNTAX, wrongArity } from "../reply.ts";
import type { Session } from "../state.ts";
import { parseEnd, parseId, parseNewId, parseStart } from "../stream_ids.ts";
import { formatId, idMs, idSequence, makeId, MAX_ID, Stream } from "../types/stream.ts";

interface Trim {
  kind: "maxlen" | "minid" | undefined;
  roughly: boolean;
  most: number | undefined;
  least: bigint;
  limit: number;
  noMake: boolean;
}

/** Reads options up to the id (`add`), or all of them. Returns the place behind. */
function readTrim(session: Session, args: readonly string[], add: boolean): [Trim, number] {
  const trim: Trim = { kind: undefined, roughly: false, most: undefined, least: 0n, limit: 0, noMake: false };
  let limited = false;
  let i = 2;
  for (; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    const left = args.length - i - 1;
    if (add && word === "*") break;
    if ((word === "MAXLEN" || word === "MINID") && left >= 1) {
      if (trim.kind !== undefined) {
        throw err("syntax error, MAXLEN and MINID options at the same time are not compatible");
      }
      trim.roughly = false;
      if (left >= 2 && (args[i + 1] === "~" || args[i + 1] === "=")) trim.roughly = args[++i] === "~";
      const value = args[++i]!;
      if (word === "MAXLEN") {
        trim.most = integer(value);
        if (trim.most < 0) throw err("The MAXLEN argument must be >= 0.");
      } else {
        trim.least = parseId(value, 0n, true);
      }
      trim.kind = word === "MAXLEN" ? "maxlen" : "minid";
    } else if (word === "LIMIT" && left >= 1) {
      trim.limit = integer(args[++i]!);
      if (trim.limit < 0) throw err("The LIMIT argument must be >= 0.");
      limited = true;
    } else if (add && word === "NOMKSTREAM") {
      trim.noMake = true;
    } else if (add) {
      parseNewId(args[i]!);
      break;
    } else throw SYNTAX;
  }
  if (limited && trim.limit !== 0 && trim.kind === undefined) {
    throw err("syntax error, LIMIT cannot be used without specifying a trimming strategy");
  }
  if (!add && trim.kind === undefined) {
    throw err("syntax error, XTRIM must be called with a trimming strategy");
  }
  if (limited && !trim.roughly) throw err("syntax error, LIMIT cannot be used without the special ~ option");
  if (!limited && trim.roughly) {
    const most = 100 * session.server.config.number("stream-node-max-entries");
    trim.limit = most <= 0 ? 10_000 : Math.min(most, 1_000_000);
  }
  return [trim, i];
}

function doTrim(stream: Stream, { kind, most, least, roughly, limit }: Trim): number {
  return kind === undefined ? 0 : stream.trim(kind === "maxlen" ? most : undefined, least, roughly, limit);
}

/** The id that an entry gets. */
function nextId(
  session: Session,
  stream: Stream | undefined,
  { ms, sequence }: ReturnType<typeof parseNewId>,
): bigint {
  const last = stream?.lastId ?? 0n;
  if (ms !== undefined && sequence !== undefined) {
    const id = makeId(ms, sequence);
    if (id <= last) throw err("The ID specified in XADD is equal or smaller than the target stream top item");
    return id;
  }
  if (ms === undefined) {
    const now = BigInt(session.server.now);
    return now > idMs(last) ? makeId(now, 0n) : last + 1n;
  }
  if (ms < idMs(last) || (ms === idMs(last) && idSequence(last) === 18446744073709551615n)) {
    throw err("The ID specified in XADD is equal or smaller than the target stream top item");
  }
  if (ms > idMs(last)) return makeId(ms, 0n);
  return last + 1n;
}

function xadd(session: Session, args: string[]): ReplyValue {
  const key = args[1]!;
  const [trim, at] = readTrim(session, args, true);
  const wanted = parseNewId(args[at] ?? "");
  const fields = args.slice(at + 1);
  if (fields.length < 2 || fields.length % 2 !== 0) throw wrongArity("xadd");
  if (wanted.ms === 0n && wanted.sequence === 0n) {
    throw err("The ID specified in XADD must be greater than 0-0");
  }
  let stream = session.db.write(key, "stream");
  if (stream === undefined && trim.noMake) return null;
  if (stream?.lastId === MAX_ID) {
    throw err("The stream has exhausted the last possible ID, unable to add more items");
  }
  const id = nextId(session, stream, wanted);
  if (stream === undefined) {
    session.db.set(key, stream = new Stream());
    created(session, key);
  }
  const { config } = session.server;
  stream.append(id, fields, config.number("stream-node-max-entries"), config.number("stream-node-max-bytes"));
  changedWith(session, key, "t", "xadd");
  session.effects = [["XADD", key, formatId(id), ...fields]];
  const gone = doTrim(stream, trim);
  if (gone > 0) {
    session.effects.push(["XTRIM", key, "MAXLEN", "=", String(stream.size)]);
    changedWith(session, key, "t", "xtrim");
  }
  session.server.blocking.signal(session.db, key);
  return formatId(id);
}

function xtrim(session: Session, args: string[]): ReplyValue {
  const [trim] = readTrim(session, args, false);
  const stream = session.db.write(args[1]!, "stream");
  if (stream === undefined) return 0;
  const gone = doTrim(stream, trim);
  if (gone > 0) {
    session.effects = [["XTRIM", args[1]!, "MAXLEN", "=", String(stream.size)]];
    changedWith(session, args[1]!, "t", "xtrim");
  }
  return gone;
}

/** Entries as replies. */
export function showEntries(
  stream: Stream,
  from: bigint,
  to: bigint,
  reverse: boolean,
  count: number,
): ReplyValue[] {
  const found: ReplyValue[] = [];
  for (const [id, fields] of stream.entries.range(from, to, reverse)) {
    found.push([formatId(id), [...fields]]);
    if (found.length === count) break;
  }
  return found;
}

function xrange(reverse: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    const [from, to] = reverse ? [args[3]!, args[2]!] : [args[2]!, args[3]!];
    const [start, end] = [parseStart(from), parseEnd(to)];
    let count = -1;
    for (let i = 4; i < args.length; i++) {
      if (args[i]!.toUpperCase() !== "COUNT" || i + 1 >= args.length) throw SYNTAX;
      count = Math.max(0, integer(args[++i]!));
    }
    const stream = session.db.read(args[1]!, "stream");
    if (stream === undefined) return [];
    if (count === 0) return NULL_ARRAY;
    return showEntries(stream, start, end, reverse, count);
  };
}

function xsetid(session: Session, args: string[]): ReplyValue {
  const id = parseId(args[2]!, 0n, true);
  let [added, maxDeleted]: [number | undefined, bigint | undefined] = [undefined, undefined];
  for (let i = 3; i < args.length; i += 2) {
    const word = args[i]!.toUpperCase();
    if (i + 1 >= args.length) throw SYNTAX;
    if (word === "ENTRIESADDED") {
      const value = parseInteger(args[i + 1]!);
      if (value === undefined) throw NOT_INTEGER;
      if (value < 0) throw err("entries_added must be positive");
      added = Number(value);
    } else if (word === "MAXDELETEDID") {
      maxDeleted = parseId(args[i + 1]!, 0n, true);
      if (id < maxDeleted) {
        throw err("The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
      }
    } else throw SYNTAX;
  }
  const stream = session.db.write(args[1]!, "stream");
  if (stream === undefined) throw NO_KEY;
  if (stream.size > 0) {
    if (id < stream.entries.last()!) {
      throw err("The ID specified in XSETID is smaller than the target stream top item");
    }
    if (added !== undefined && added < stream.size) {
      throw err("The entries_added specified in XSETID is smaller than the target stream length");
    }
  }
  stream.lastId = id;
  if (added !== undefined) stream.added = added;
  if (maxDeleted !== undefined) stream.maxDeleted = maxDeleted;
  // As in Redis, this is no change for clients that watch or track the key.
  session.server.dirty++;
  notify(session.server, session.db, "t", "xsetid", args[1]!);
  return OK;
}

/** Entries of streams. */
export const streams: CommandGroup = {
  xadd,
  xtrim,
  xrange: xrange(false),
  xrevrange: xrange(true),
  xlen: (session, args) => session.db.read(args[1]!, "stream")?.size ?? 0,
  xdel(session, args) {
    const stream = session.db.write(args[1]!, "stream");
    if (stream === undefined) return 0;
    const ids = args.slice(2).map((id) => parseId(id, 0n, true));
    const gone = ids.filter((id) => stream.delete(id)).length;
    if (gone > 0) changedWith(session, args[1]!, "t", "xdel");
    return gone;
  },
  xsetid,
};
