/**
 * Replies that are maps. Long ones are built while they arrive: to build one at the end would block the event loop.
 *
 * @module
 */
import { beginObject, type Fields, finishObject, setField } from "./objects.ts";
import { DecodeMode, type Reply, type ReplyObject } from "./types.ts";

/** The number of keys and values that are added at once. */
export const PART = 2_048;

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

/** An object or a `Map` to which keys and values are added, with the result of `toMap`. */
export class GrowingMap {
  /** Used while all keys are text. */
  #object: Fields<Reply> | undefined;
  /** Used if the first key is not text. */
  #map: Map<Reply, Reply> | undefined;
  /** A key is not text, but the first one is: the object is void. */
  #mixed = false;
  #added = 0;

  /** Adds what `values`, keys and values in turn, have beyond the last call, up to `end`. */
  add(values: readonly Reply[], end: number): void {
    if (this.#added === 0) {
      if (typeof values[0] === "string") this.#object = beginObject(values.length);
      else this.#map = new Map();
    }
    if (this.#mixed) return;
    const object = this.#object;
    for (let index = this.#added; index < end; index += 2) {
      const key = values[index]!;
      const value = values[index + 1]!;
      if (object === undefined) {
        this.#map!.set(key, value);
      } else if (typeof key === "string") {
        setField(object, key, value);
      } else {
        this.#mixed = true;
        this.#object = undefined;
        return;
      }
    }
    this.#added = end;
  }

  /** Adds the rest. Returns the result. */
  finish(values: readonly Reply[], mode: number): ReplyObject | Map<Reply, Reply> {
    this.add(values, values.length);
    if (this.#mixed) return toMap(values, mode);
    return this.#map ?? finishObject(this.#object!);
  }
}
