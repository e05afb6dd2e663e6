/**
 * Replies as ioredis gives them: decoded values into text or Buffers, and the shapes of some commands.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { DecodeMode, type Reply } from "../../resp/types.ts";
import { toBuffer } from "./support.ts";

/** The shapes of replies: those of RESP2 or those of RESP3. */
export type ReplyMappingMode = "legacy" | "resp3";

/** The facts that decide the shape of a reply. */
export interface ReplyContext {
  /** The version of the protocol that the connection speaks. */
  readonly protocol?: 2 | 3;
  /** The shapes that were asked for. */
  readonly replyMapping?: ReplyMappingMode;
  /** Numbers are given as text. */
  readonly stringNumbers?: boolean;
}

/** The bits of `DecodeMode` for a reply. */
export function decodeMode(text: boolean, mapping: ReplyMappingMode): number {
  const mode = text ? DecodeMode.replace : DecodeMode.bytes;
  return (mapping === "resp3" ? mode : mode | DecodeMode.resp2) | DecodeMode.fullErrors;
}

/** A double, which among bytes is text as simple strings are. */
const DOUBLE = /^[-+]?(?:\d|inf$|nan$)/;

/** Whether a decoded reply of text is what ioredis gives already. */
function isPlain(value: Reply): boolean {
  if (typeof value === "string" || typeof value === "number" || value === null) return true;
  if (!Array.isArray(value)) return false;
  for (let index = 0; index < value.length; index++) {
    const item = value[index]!;
    if (typeof item === "string" || typeof item === "number" || item === null) continue;
    if (!isPlain(item)) return false;
  }
  return true;
}

/** The target types of a conversion. */
interface Conversion {
  /** Text, else Buffers. */
  readonly text: boolean;
  /** The shapes. */
  readonly mapping: ReplyMappingMode;
  /** Numbers are given as text. */
  readonly stringNumbers: boolean;
}

/**
 * Converts a decoded reply to the values of ioredis: text or Buffers, in some shapes, with numbers or text of
 * numbers.
 */
export function convertReply(
  value: Reply,
  text: boolean,
  mapping: ReplyMappingMode,
  stringNumbers: boolean,
): unknown {
  if (text && !stringNumbers && isPlain(value)) return value;
  return convert(value, { text, mapping, stringNumbers });
}

function convert(value: Reply, to: Conversion): unknown {
  const { text, mapping, stringNumbers } = to;
  if (typeof value === "string") {
    return text || (stringNumbers && DOUBLE.test(value)) ? value : Buffer.from(value);
  }
  if (value instanceof Uint8Array) return text ? toBuffer(value).toString() : toBuffer(value);
  if (typeof value === "number") return stringNumbers ? numberText(value) : value;
  if (typeof value === "bigint") {
    // A number that fits into 64 bits is an integer reply, any other a big number.
    if (stringNumbers || BigInt.asIntN(64, value) !== value) return String(value);
    return Number(value);
  }
  if (typeof value === "boolean") return mapping === "resp3" ? value : Number(value);
  if (value === null || value instanceof Error) return value;
  if (Array.isArray(value)) {
    const list: unknown[] = new Array(value.length);
    for (let index = 0; index < value.length; index++) {
      list[index] = convert(value[index]!, to);
    }
    return list;
  }
  const entries = value instanceof Map ? value.entries() : Object.entries(value);
  const object: Record<string, unknown> = {};
  for (const [key, item] of entries) {
    const name = key instanceof Uint8Array ? toBuffer(key).toString() : String(key);
    setField(object, name, convert(item as Reply, to));
  }
  return object;
}

function numberText(value: number): string {
  return value === Infinity
    ? "inf"
    : value === -Infinity
    ? "-inf"
    : Number.isNaN(value)
    ? "nan"
    : String(value);
}

/** Converts Buffers within a value to text, for values that a caller has put into a command of a transaction. */
export function bytesToText(value: unknown): unknown {
  if (value instanceof Uint8Array) return toBuffer(value).toString();
  if (Array.isArray(value)) return value.map(bytesToText);
  if (value === null || typeof value !== "object") return value;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const object: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) setField(object, key, bytesToText(item));
  return object;
}

/** Sets a field of any name as a property of its own: `__proto__` too. */
function setField(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name in object) {
    Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true });
  } else {
    object[name] = value;
  }
}

/** Converts the result of a command. */
// deno-lint-ignore no-explicit-any
export type ReplyTransformer = (reply: any, context: ReplyContext & { readonly commandName: string }) => any;

function flatPairs(reply: unknown): unknown {
  return Array.isArray(reply) && reply.some(Array.isArray) ? reply.flat(1) : reply;
}

const scored: ReplyTransformer = (reply, { protocol, replyMapping }) =>
  protocol === 3 && replyMapping === "legacy" ? flatPairs(reply) : reply;

const streams: ReplyTransformer = (reply, { protocol, replyMapping }) => {
  if (protocol !== 3 || replyMapping !== "legacy" || !Array.isArray(reply)) return reply;
  const pairs: unknown[] = [];
  for (let index = 0; index < reply.length; index += 2) pairs.push([reply[index], reply[index + 1]]);
  return pairs;
};

function fieldsToObject(reply: unknown): unknown {
  if (!Array.isArray(reply)) return reply;
  const object: Record<string, unknown> = {};
  for (let index = 0; index < reply.length; index += 2) {
    setField(object, String(reply[index]), reply[index + 1]);
  }
  return object;
}

/** The transformers of replies, by the names of commands. */
export function replyTransformers(): Record<string, ReplyTransformer> {
  const transformers: Record<string, ReplyTransformer> = {
    hgetall: fieldsToObject,
    vsim: (reply, { replyMapping }) => replyMapping === "legacy" ? flatPairs(reply) : reply,
    hrandfield: scored,
    xread: streams,
    xreadgroup: streams,
  };
  const withScores =
    "zdiff zinter zpopmax zpopmin zunion zrandmember zrange zrangebyscore zrevrange zrevrangebyscore";
  for (const name of withScores.split(" ")) transformers[name] = scored;
  return transformers;
}
