/**
 * The data of a database as plain values, for assertions.
 *
 * @module
 */
import type { Database, Value } from "./database.ts";
import { fromBinary, fromText } from "./faults/texts.ts";
import { expireFields } from "./keyspace.ts";
import type { ServerState } from "./state.ts";
import { formatId } from "./types/stream.ts";

/** A text, or bytes where they are not UTF-8. */
export type DumpedText = string | Uint8Array;

/** An entry of a stream. */
export interface DumpedStreamEntry {
  /** Its id. */
  readonly id: string;
  /** Its fields; of several with one name the last. */
  readonly fields: Readonly<Record<string, DumpedText>>;
}

/**
 * A value. A string is a text, a list an array, a set a `Set`, a hash an object, a stream an array of entries. A
 * sorted set is a `Map` from members to scores in ascending order.
 */
export type DumpedValue =
  | DumpedText
  | readonly DumpedText[]
  | ReadonlySet<DumpedText>
  | Readonly<Record<string, DumpedText>>
  | ReadonlyMap<DumpedText, number>
  | readonly DumpedStreamEntry[];

/** Options of `dump()`. */
export interface DumpOptions {
  /** The number of the database. Default 0. */
  readonly db?: number;
}

/** All keys with their values, in alphabetical order. Expired keys are not there. */
export function dumpDatabase(state: ServerState, index: number): Record<string, DumpedValue> {
  const db = state.databases[index];
  if (db === undefined) throw new TypeError(`Cannot dump database ${index}: there is none`);
  state.now = state.time.now();
  const found: [string, DumpedValue][] = [];
  for (const key of db.keys.keys()) {
    const value = valueOf(state, db, key);
    if (value !== undefined) found.push([fromText(key), dumpValue(value)]);
  }
  return Object.fromEntries(found.sort(([a], [b]) => a < b ? -1 : 1));
}

/** Returns the remaining times to live in milliseconds, for keys that expire. */
export function dumpExpiry(state: ServerState, index: number): Record<string, number> {
  const db = state.databases[index];
  if (db === undefined) throw new TypeError(`Cannot dump database ${index}: there is none`);
  state.now = state.time.now();
  const found: [string, number][] = [];
  for (const key of db.keys.keys()) {
    const at = db.peek(key)?.expireAt ?? 0;
    if (at !== 0) found.push([fromText(key), at - state.now]);
  }
  return Object.fromEntries(found.sort(([a], [b]) => a < b ? -1 : 1));
}

function valueOf(state: ServerState, db: Database, key: string): Value | undefined {
  const value = db.peek(key)?.value;
  if (typeof value === "object" && value.type === "hash" && !expireFields(state, db, key)) return undefined;
  return value;
}

function dumpFields(words: Iterable<readonly [string, string]>): Record<string, DumpedText> {
  return Object.fromEntries([...words].map(([name, value]) => [fromText(name), fromBinary(value)]));
}

function dumpValue(value: Value): DumpedValue {
  if (typeof value === "string") return fromBinary(value);
  switch (value.type) {
    case "string":
      return fromBinary(value.toString());
    case "list":
      return value.range(0, value.size - 1).map(fromBinary);
    case "set":
      return new Set(value.members().map(fromBinary));
    case "hash":
      return dumpFields(value.fields.nodes().map((node) => [node.key, node.value]));
    case "zset":
      return new Map(
        value.order.slice(0, value.size - 1).map(({ member, score }) => [fromBinary(member), score]),
      );
    case "stream":
      return [...value.entries.range(0n, undefined, false)].map(([id, words]) => ({
        id: formatId(id),
        fields: dumpFields(
          Array.from({ length: words.length / 2 }, (_, n) => [words[2 * n]!, words[2 * n + 1]!] as const),
        ),
      }));
  }
}
