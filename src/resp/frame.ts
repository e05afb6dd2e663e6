/**
 * Aggregates that are being read.
 *
 * @module
 */
import type { ByteBuffer } from "./buffer.ts";
import { beginObject, finishObject, setField } from "./objects.ts";
import { type Attributed, DecodeMode, type Reply, type ReplyObject } from "./types.ts";

/** A placeholder for missing elements. */
export const NOTHING: Reply[] = [];

/** An aggregate of which elements are still to come. Frames are reused, one for each depth. */
export class Frame {
  /** The type byte that opened it. */
  type = 0;
  /** The elements so far; of a map keys and values in turn. */
  values: Reply[] = NOTHING;
  /** The number of present elements, while a nested aggregate is open. */
  filled = 0;
  /** The expected number of elements; Infinity for an aggregate that ends with `.`. */
  size = 0;
  /** The mode outside. */
  mode = 0;
  /** The attributes that belong to this aggregate. */
  attributes: Attributed["attributes"] | undefined = undefined;
  /** The parts of a streamed string. */
  parts: ByteBuffer | undefined = undefined;
}

/** Keys and values in turn as an object, if all keys are text; else, and for clients of bytes when empty, as a `Map`. */
export function toMap(values: readonly Reply[], mode: number): ReplyObject | Map<Reply, Reply> {
  const length = values.length;
  let text = length > 0 || (mode & DecodeMode.bytes) === 0;
  for (let i = 0; text && i < length; i += 2) text = typeof values[i] === "string";
  if (text) {
    const object = beginObject<Reply>(length / 2);
    for (let i = 0; i < length; i += 2) setField(object, values[i] as string, values[i + 1]!);
    return finishObject(object);
  }
  const map = new Map<Reply, Reply>();
  for (let i = 0; i < length; i += 2) map.set(values[i]!, values[i + 1]!);
  return map;
}
