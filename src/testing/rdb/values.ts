/**
 * Values as DUMP writes and RESTORE reads them: the plain encodings of all types.
 *
 * @module
 */
import type { Value } from "../database.ts";
import { toBytes } from "../types/bytes.ts";
import type { Stream } from "../types/stream.ts";
import { readListpack, readZiplist } from "./packed_lists.ts";
import { seal, unseal } from "./payload.ts";
import { RdbReader } from "./reader.ts";
import { isStreamType, readStream, writeStream } from "./streams.ts";
import { RdbWriter } from "./writer.ts";

const [QUICKLIST, QUICKLIST_2] = [14, 18];
const [STRING, LIST, SET, HASH, ZSET, INTSET, FUNCTION] = [0, 1, 2, 4, 5, 11, 245];
/** A hash with expiring fields, as Redis 7.4 writes it. */
const EXPIRING_HASH = 24;

/** A value, taken apart. */
export type Parts =
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "list" | "set"; readonly items: readonly string[] }
  | { readonly type: "hash"; readonly pairs: readonly (readonly [string, string, expireAt?: number])[] }
  | { readonly type: "stream"; readonly stream: Stream }
  | { readonly type: "zset"; readonly scores: readonly (readonly [string, number])[] };

/** A value with its version and checksum. */
export function dumpValue(value: Value): string {
  const writer = new RdbWriter();
  const start = (type: number, size?: number): void => {
    writer.byte(type);
    if (size !== undefined) writer.length(size);
  };
  if (typeof value === "string" || value.type === "string") {
    start(STRING);
    writer.string(String(value));
  } else if (value.type === "list") {
    start(LIST, value.size);
    for (const item of value.range(0, value.size - 1)) writer.string(item);
  } else if (value.type === "set") {
    start(SET, value.size);
    for (const member of value.members()) writer.string(member);
  } else if (value.type === "hash" && value.expires !== undefined) {
    const first = value.nextExpiry();
    start(EXPIRING_HASH);
    writer.time(first);
    writer.length(value.fields.size);
    for (const { key, value: text } of value.fields.nodes()) {
      const at = value.expires.get(key);
      writer.length(at === undefined ? 0 : at - first + 1);
      writer.string(key);
      writer.string(text);
    }
    return seal(writer.text, true);
  } else if (value.type === "hash") {
    start(HASH, value.fields.size);
    for (const { key, value: text } of value.fields.nodes()) {
      writer.string(key);
      writer.string(text);
    }
  } else if (value.type === "zset") {
    start(ZSET, value.size);
    for (const { member, score } of value.order.slice(0, value.size - 1, true)) {
      writer.string(member);
      writer.double(score);
    }
  } else writeStream(writer, value);
  return seal(writer.text);
}

/** Libraries of functions, by their texts. */
export function dumpFunctions(codes: readonly string[]): string {
  const writer = new RdbWriter();
  for (const code of codes) {
    writer.byte(FUNCTION);
    writer.string(code);
  }
  return seal(writer.text);
}

/** Returns the texts of the libraries in a payload, or the error. */
export function readFunctions(payload: string): string[] | string {
  const reader = new RdbReader(unseal(payload));
  const codes: string[] = [];
  try {
    while (!reader.done) {
      if (reader.byte() !== FUNCTION) return "given type is not a function";
      codes.push(reader.string());
    }
  } catch (error) {
    if (error instanceof RangeError) return "failed loading the given functions payload";
    throw error;
  }
  return codes;
}

/** The value of a payload whose checksum is right; `undefined` for an encoding that is not known, or a broken one. */
export function readPayload(payload: string): Parts | undefined {
  const reader = new RdbReader(unseal(payload));
  try {
    const type = reader.byte();
    if (isStreamType(type)) return { type: "stream", stream: readStream(reader, type) };
    if (type === EXPIRING_HASH) {
      const first = reader.time();
      const pair = (): readonly [string, string, number | undefined] => {
        const offset = reader.length();
        return [reader.string(), reader.string(), offset === 0 ? undefined : first + offset - 1];
      };
      return { type: "hash", pairs: reader.many(pair) };
    }
    if (type === STRING) return { type: "string", text: reader.string() };
    if (type === LIST || type === SET) {
      return {
        type: type === LIST ? "list" : "set",
        items: reader.many(() => reader.string()),
      };
    }
    if (type === HASH) {
      return {
        type: "hash",
        pairs: reader.many(() => [reader.string(), reader.string()] as const),
      };
    }
    if (type === ZSET) {
      return {
        type: "zset",
        scores: reader.many(() => [reader.string(), reader.double()] as const),
      };
    }
    if (type === INTSET) return { type: "set", items: readIntset(toBytes(reader.string())) };
    if (type === QUICKLIST) {
      return { type: "list", items: reader.many(() => readZiplist(toBytes(reader.string()))).flat() };
    }
    if (type === QUICKLIST_2) {
      const node = (): string[] => {
        const plain = reader.length() === 1;
        const text = reader.string();
        return plain ? [text] : readListpack(toBytes(text));
      };
      return { type: "list", items: reader.many(node).flat() };
    }
    return readPacked(type, reader);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const PACKED: Readonly<
  Record<number, readonly ["list" | "set" | "hash" | "zset", (bytes: Uint8Array) => string[]]>
> = {
  10: ["list", readZiplist],
  12: ["zset", readZiplist],
  13: ["hash", readZiplist],
  16: ["hash", readListpack],
  17: ["zset", readListpack],
  20: ["set", readListpack],
};

/** A value that is packed into one string. */
function readPacked(type: number, reader: RdbReader): Parts | undefined {
  const packed = PACKED[type];
  if (packed === undefined) return undefined;
  const [kind, read] = packed;
  const items = read(toBytes(reader.string()));
  if (kind === "list" || kind === "set") return { type: kind, items };
  if (items.length % 2 !== 0) throw new RangeError("odd");
  const pairs = items.flatMap((item, index) => index % 2 === 0 ? [[item, items[index + 1]!] as const] : []);
  if (kind === "hash") return { type: kind, pairs };
  return { type: kind, scores: pairs.map(([member, score]) => [member, readScore(score)] as const) };
}

function readScore(text: string): number {
  return /^[-+]?inf/i.test(text) ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text);
}

function readIntset(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const size = view.getUint32(0, true);
  return Array.from({ length: view.getUint32(4, true) }, (_, index) => {
    const at = 8 + index * size;
    return String(
      size === 2
        ? view.getInt16(at, true)
        : size === 4
        ? view.getInt32(at, true)
        : view.getBigInt64(at, true),
    );
  });
}
