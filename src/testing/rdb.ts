/**
 * Values as DUMP writes and RESTORE reads them: the plain encodings of strings, lists, sets, hashes and sorted sets.
 *
 * @module
 */
import type { Value } from "./database.ts";
import { parseInteger } from "./numbers.ts";
import { readListpack, readZiplist } from "./packed_lists.ts";
import { toBytes, toText } from "./types/bytes.ts";

/** The version of the format that Redis 7.0 writes. */
const VERSION = 10;
const POLYNOMIAL = 0x95ac9329ac4bc9b5n;
const [QUICKLIST, QUICKLIST_2] = [14, 18];
const [STRING, LIST, SET, HASH, ZSET, INTSET, FUNCTION] = [0, 1, 2, 4, 5, 11, 245];

/** A value of one of the simple types, taken apart. */
export type Parts =
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "list" | "set"; readonly items: readonly string[] }
  | { readonly type: "hash"; readonly pairs: readonly (readonly [string, string])[] }
  | { readonly type: "zset"; readonly scores: readonly (readonly [string, number])[] };

let table: BigUint64Array | undefined;

function checksum(bytes: Uint8Array): bigint {
  table ??= BigUint64Array.from({ length: 256 }, (_, byte) => {
    let value = BigInt(byte);
    for (let i = 0; i < 8; i++) value = (value & 1n) === 1n ? (value >> 1n) ^ POLYNOMIAL : value >> 1n;
    return value;
  });
  let sum = 0n;
  for (const byte of bytes) sum = table[Number(sum & 255n) ^ byte]! ^ (sum >> 8n);
  return sum;
}

class Writer {
  text = "";

  length(size: number): void {
    if (size < 64) this.text += String.fromCharCode(size);
    else if (size < 16384) this.text += String.fromCharCode(0x40 | (size >> 8), size & 255);
    else {this.text += "\x80" +
        String.fromCharCode(size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255);}
  }

  string(text: string): void {
    const number = text.length <= 11 ? parseInteger(text) : undefined;
    if (typeof number === "number" && number >= -(2 ** 31) && number < 2 ** 31) {
      const size = number >= -128 && number <= 127 ? 1 : number >= -32768 && number <= 32767 ? 2 : 4;
      this.text += String.fromCharCode(0xc0 + (size >> 1));
      for (let i = 0; i < size; i++) this.text += String.fromCharCode((number >> (8 * i)) & 255);
      return;
    }
    this.length(text.length);
    this.text += text;
  }

  double(value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.text += toText(bytes);
  }
}

/** A value with its version and checksum; `undefined` for one that has no plain encoding. */
export function dumpValue(value: Value): string | undefined {
  const writer = new Writer();
  const start = (type: number, size?: number): void => {
    writer.text += String.fromCharCode(type);
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
  } else if (value.type === "hash" && value.expires === undefined) {
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
  } else return undefined;
  return seal(writer);
}

/** Returns the payload with version and checksum. */
function seal({ text }: Writer): string {
  const body = `${text}${String.fromCharCode(VERSION, 0)}`;
  const sum = new Uint8Array(8);
  new DataView(sum.buffer).setBigUint64(0, checksum(toBytes(body)), true);
  return body + toText(sum);
}

/** Libraries of functions, by their texts. */
export function dumpFunctions(codes: readonly string[]): string {
  const writer = new Writer();
  for (const code of codes) {
    writer.text += String.fromCharCode(FUNCTION);
    writer.string(code);
  }
  return seal(writer);
}

/** Returns the texts of the libraries in a payload, or the error. */
export function readFunctions(payload: string): string[] | string {
  const reader = new Reader(toBytes(payload.slice(0, -10)));
  const codes: string[] = [];
  try {
    while (reader.at < reader.bytes.length) {
      if (reader.take(1)[0] !== FUNCTION) return "given type is not a function";
      codes.push(reader.string());
    }
  } catch (error) {
    if (error instanceof RangeError) return "failed loading the given functions payload";
    throw error;
  }
  return codes;
}

/** Whether the version and the checksum of a payload are right. */
export function checkPayload(payload: string): boolean {
  if (payload.length < 10) return false;
  const bytes = toBytes(payload);
  const view = new DataView(bytes.buffer);
  if (view.getUint16(bytes.length - 10, true) > VERSION) return false;
  const sum = view.getBigUint64(bytes.length - 8, true);
  return sum === 0n || sum === checksum(bytes.subarray(0, -8));
}

class Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  take(size: number): Uint8Array {
    if (this.at + size > this.bytes.length) throw new RangeError("short");
    return this.bytes.subarray(this.at, this.at += size);
  }

  /** A length, or below 0 the kind of an encoded string. */
  length(): number {
    const byte = this.take(1)[0]!;
    switch (byte >> 6) {
      case 0:
        return byte;
      case 1:
        return ((byte & 63) << 8) | this.take(1)[0]!;
      case 2:
        this.take(byte === 0x81 ? 8 : 4);
        return byte === 0x81 ? Number(this.view.getBigUint64(this.at - 8)) : this.view.getUint32(this.at - 4);
      default:
        return -1 - (byte & 63);
    }
  }

  string(): string {
    const length = this.length();
    if (length >= 0) return toText(this.take(length));
    const kind = -1 - length;
    if (kind === 3) {
      const [packed, size] = [this.length(), this.length()];
      return decompress(this.take(packed), size);
    }
    if (kind > 2) throw new RangeError("encoding");
    this.take(1 << kind);
    const at = this.at - (1 << kind);
    return String(
      kind === 0
        ? this.view.getInt8(at)
        : kind === 1
        ? this.view.getInt16(at, true)
        : this.view.getInt32(at, true),
    );
  }

  double(): number {
    this.take(8);
    return this.view.getFloat64(this.at - 8, true);
  }
}

/** LZF. */
function decompress(bytes: Uint8Array, size: number): string {
  const out = new Uint8Array(size);
  let to = 0;
  for (let at = 0; at < bytes.length;) {
    const control = bytes[at++]!;
    if (control < 32) {
      out.set(bytes.subarray(at, at + control + 1), to);
      at += control + 1;
      to += control + 1;
      continue;
    }
    let length = control >> 5;
    if (length === 7) length += bytes[at++]!;
    let from = to - ((control & 31) << 8) - bytes[at++]! - 1;
    for (let i = length + 2; i > 0; i--) out[to++] = out[from++]!;
  }
  return toText(out);
}

/** The value of a payload whose checksum is right; `undefined` for an encoding that is not known, or a broken one. */
export function readPayload(payload: string): Parts | undefined {
  const reader = new Reader(toBytes(payload.slice(0, -10)));
  const many = <T>(read: () => T): T[] => Array.from({ length: reader.length() }, read);
  try {
    const type = reader.take(1)[0]!;
    if (type === STRING) return { type: "string", text: reader.string() };
    if (type === LIST || type === SET) {
      return {
        type: type === LIST ? "list" : "set",
        items: many(() => reader.string()),
      };
    }
    if (type === HASH) {
      return {
        type: "hash",
        pairs: many(() => [reader.string(), reader.string()] as const),
      };
    }
    if (type === ZSET) {
      return {
        type: "zset",
        scores: many(() => [reader.string(), reader.double()] as const),
      };
    }
    if (type === INTSET) return { type: "set", items: readIntset(toBytes(reader.string())) };
    if (type === QUICKLIST) {
      return { type: "list", items: many(() => readZiplist(toBytes(reader.string()))).flat() };
    }
    if (type === QUICKLIST_2) {
      const node = (): string[] => {
        const plain = reader.length() === 1;
        const text = reader.string();
        return plain ? [text] : readListpack(toBytes(text));
      };
      return { type: "list", items: many(node).flat() };
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
function readPacked(type: number, reader: Reader): Parts | undefined {
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
