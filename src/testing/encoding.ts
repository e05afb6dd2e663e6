/**
 * Computes the encoding and the memory of values as Redis reports them.
 *
 * @module
 */
import type { Entry } from "./database.ts";
import { parseInteger } from "./numbers.ts";
import { Bytes } from "./types/bytes.ts";

/** Returns the result of OBJECT ENCODING. */
export function encodingOf({ value, raw, text }: Entry): string {
  if (value instanceof Bytes) return "raw";
  if (typeof value === "string") {
    if (raw) return "raw";
    if (!text && parseInteger(value) !== undefined) return "int";
    return value.length <= 44 ? "embstr" : "raw";
  }
  switch (value.type) {
    case "list":
      return "quicklist";
    case "set":
      return value.intset ? "intset" : "hashtable";
    case "hash":
      return value.big ? "hashtable" : "listpack";
    case "zset":
      return value.big ? "skiplist" : "listpack";
    case "stream":
      return "stream";
  }
}

/** About how many bytes a key takes. */
export function memoryOf(key: string, { value }: Entry): number {
  const overhead = 48 + key.length + 8;
  if (typeof value === "string") {
    return overhead + (parseInteger(value) !== undefined ? 0 : value.length + 16);
  }
  switch (value.type) {
    case "string":
      return overhead + value.length + 16;
    case "list": {
      let size = 0;
      for (let i = 0; i < value.size; i++) size += value.at(i).length + 11;
      return overhead + size + 80;
    }
    case "set":
      return overhead +
        value.dict.keys().reduce((sum, member) => sum + member.length + (value.intset ? 0 : 40), 64);
    case "hash":
      return overhead +
        value.fields.nodes().reduce(
          (sum, node) => sum + node.key.length + node.value.length + (value.big ? 64 : 8),
          64,
        );
    case "zset":
      return overhead +
        value.scores.keys().reduce((sum, member) => sum + member.length + (value.big ? 96 : 12), 64);
    case "stream": {
      let size = 128;
      for (const [, fields] of value.entries.range(0n, undefined, false)) {
        for (const field of fields) size += field.length + 4;
      }
      return overhead + size;
    }
  }
}
