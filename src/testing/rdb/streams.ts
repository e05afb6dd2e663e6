/**
 * Streams in payloads of DUMP: nodes of entries, groups, consumers and their pending entries.
 *
 * @module
 */
import { countUpTo } from "../stream_groups.ts";
import { toBytes, toText } from "../types/bytes.ts";
import { type Consumer, Group, idMs, idSequence, makeId, Stream, type StreamNode } from "../types/stream.ts";
import { ListpackWriter } from "./listpack_writer.ts";
import { readListpack } from "./packed_lists.ts";
import type { RdbReader } from "./reader.ts";
import type { RdbWriter } from "./writer.ts";

/** The types of the versions before 7.0, of 7.0 and of 7.2. */
const [OLD, STREAM, STREAM_3] = [15, 19, 21];
const [DELETED, SAME_FIELDS] = [1, 2];
const UNKNOWN = 2n ** 64n - 1n;

/** Whether a type is that of a stream. */
export function isStreamType(type: number): boolean {
  return type === OLD || type === STREAM || type === STREAM_3;
}

function unsigned(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rawId(id: bigint): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, idMs(id));
  view.setBigUint64(8, idSequence(id));
  return toText(bytes);
}

function readRawId(bytes: Uint8Array): bigint {
  if (bytes.length !== 16) throw new RangeError("id");
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return makeId(view.getBigUint64(0), view.getBigUint64(8));
}

function writeId(writer: RdbWriter, id: bigint): void {
  writer.length(idMs(id));
  writer.length(idSequence(id));
}

/** The entries of a node: relative to its first id, with the fields of its first entry as a pattern. */
function packNode(first: bigint, entries: readonly (readonly [bigint, readonly string[]])[]): string {
  const list = new ListpackWriter();
  const names = (words: readonly string[]): string[] => words.filter((_, index) => index % 2 === 0);
  const common = names(entries[0]![1]);
  for (const item of [entries.length, 0, common.length, ...common, 0]) list.add(item);
  for (const [id, words] of entries) {
    const own = names(words);
    const same = own.length === common.length && own.every((name, index) => name === common[index]);
    list.add(same ? SAME_FIELDS : 0);
    list.add(BigInt.asIntN(64, idMs(id) - idMs(first)));
    list.add(BigInt.asIntN(64, idSequence(id) - idSequence(first)));
    if (!same) list.add(own.length);
    const items = same ? words.filter((_, index) => index % 2 === 1) : words;
    for (const item of items) list.add(item);
    list.add(3 + (same ? 0 : 1) + items.length);
  }
  return list.toString();
}

function readNode(first: bigint, items: readonly string[]): StreamNode {
  let at = 0;
  const next = (): string => {
    const item = items[at++];
    if (item === undefined) throw new RangeError("short");
    return item;
  };
  const number = (): number => {
    const item = next();
    if (!/^-?\d+$/.test(item)) throw new RangeError("number");
    return Number(item);
  };
  const take = (count: number): string[] => {
    if (!(count >= 0 && at + count <= items.length)) throw new RangeError("short");
    return Array.from({ length: count }, next);
  };
  const [live, deleted, fields] = [number(), number(), number()];
  const common = take(fields);
  next();
  const entries: [bigint, string[]][] = [];
  while (at < items.length) {
    const flags = number();
    const [ms, sequence] = [BigInt(next()), BigInt(next())];
    const id = makeId(unsigned(idMs(first) + ms), unsigned(idSequence(first) + sequence));
    const words = (flags & SAME_FIELDS) !== 0
      ? take(common.length).flatMap((value, index) => [common[index]!, value])
      : take(2 * number());
    next();
    if ((flags & DELETED) === 0) entries.push([id, words]);
  }
  if (entries.length !== live || live === 0) throw new RangeError("count");
  return { first, total: live + deleted, entries };
}

/** Writes a stream. */
export function writeStream(writer: RdbWriter, stream: Stream): void {
  writer.byte(STREAM);
  const nodes = stream.nodes();
  writer.length(nodes.length);
  for (const { first, entries } of nodes) {
    writer.length(16);
    writer.text += rawId(first);
    const packed = packNode(first, entries);
    writer.length(packed.length);
    writer.text += packed;
  }
  writer.length(stream.size);
  for (const id of [stream.lastId, stream.firstId, stream.maxDeleted]) writeId(writer, id);
  writer.length(stream.added);
  writer.length(stream.groups.size);
  for (const group of stream.groups.values()) writeGroup(writer, group);
}

function writeGroup(writer: RdbWriter, group: Group): void {
  writer.string(group.name);
  writeId(writer, group.lastId);
  writer.length(group.read < 0 ? UNKNOWN : group.read);
  writer.length(group.pending.size);
  for (const [id, { deliveredAt, count }] of group.pending.range(0n, undefined, false)) {
    writer.text += rawId(id);
    writer.time(deliveredAt);
    writer.length(count);
  }
  writer.length(group.consumers.size);
  for (const { name, seenAt, pending } of group.consumers.values()) {
    writer.string(name);
    writer.time(seenAt);
    writer.length(pending.size);
    for (const [id] of pending.range(0n, undefined, false)) writer.text += rawId(id);
  }
}

/** Reads a stream.
 *
 * @throws {RangeError} for a broken one. */
export function readStream(reader: RdbReader, type: number): Stream {
  const id = (): bigint => makeId(reader.number(), reader.number());
  const nodes = reader.many(() => {
    const first = readRawId(toBytes(reader.string()));
    return readNode(first, readListpack(toBytes(reader.string())));
  });
  const stream = new Stream();
  for (const node of nodes) stream.addNode(node);
  const size = Number(reader.number());
  if (size !== stream.size) throw new RangeError("size");
  stream.lastId = id();
  if (type === OLD) stream.added = size;
  else {
    id();
    stream.maxDeleted = id();
    stream.added = Number(reader.number());
  }
  reader.many(() => {
    const group = new Group(reader.string(), id(), -1);
    if (stream.groups.has(group.name)) throw new RangeError("group");
    if (type === OLD) group.read = countUpTo(stream, group.lastId);
    else {
      const read = reader.number();
      group.read = read === UNKNOWN ? -1 : Number(read);
    }
    readGroup(reader, group, type);
    stream.groups.set(group.name, group);
  });
  return stream;
}

function readGroup(reader: RdbReader, group: Group, type: number): void {
  const waiting = new Map<bigint, { readonly deliveredAt: number; readonly count: number }>();
  reader.many(() => {
    const id = readRawId(reader.take(16));
    waiting.set(id, { deliveredAt: reader.time(), count: Number(reader.number()) });
  });
  reader.many(() => {
    const name = reader.string();
    if (group.consumers.has(name)) throw new RangeError("consumer");
    const consumer: Consumer = group.consumer(name, reader.time());
    if (type === STREAM_3) reader.time();
    reader.many(() => {
      const id = readRawId(reader.take(16));
      const found = waiting.get(id);
      if (found === undefined) throw new RangeError("pending");
      const entry = { consumer, ...found };
      group.pending.set(id, entry);
      consumer.pending.set(id, entry);
    });
  });
  if (group.pending.size !== waiting.size) throw new RangeError("pending");
}
