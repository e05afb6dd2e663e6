/**
 * Aggregates that are being read.
 *
 * @module
 */
import type { ByteBuffer } from "./buffer.ts";
import type { GrowingMap } from "./maps.ts";
import type { Attributed, Reply } from "./types.ts";

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
  /** The expected number of elements; Infinity for an aggregate that ends with `.`. Of a long map the end of its next part. */
  size = 0;
  /** The expected number of elements of a long map. */
  total = 0;
  /** The part of a long map that is built. */
  map: GrowingMap | undefined = undefined;
  /** The mode outside. */
  mode = 0;
  /** The attributes that belong to this aggregate. */
  attributes: Attributed["attributes"] | undefined = undefined;
  /** The parts of a streamed string. */
  parts: ByteBuffer | undefined = undefined;
}
