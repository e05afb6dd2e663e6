/**
 * SCAN, HSCAN, SSCAN and ZSCAN as iterators over single elements.
 *
 * The guarantees are those of the server: an element that exists during the whole iteration is returned at least
 * once. Other elements may be missing, and any element may be repeated while a table is resized. `unique` removes
 * duplicates and keeps all elements in memory.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { scan, type ScanOptions } from "../../commands/functions.ts";
import type { Call, Executor } from "../executor.ts";

/** Options to remove duplicates. */
export interface UniqueOptions {
  /** Whether to skip elements that were returned before. All elements stay in memory until the end. Default `false`. */
  readonly unique?: boolean;
}

/** The options of `scanIterator()`: the options of SCAN, and `unique`. */
export type ScanIteratorOptions = ScanOptions & UniqueOptions;

/** One step, as the SCAN commands' replies are. */
export interface ScanStep {
  /** The cursor of the next call; `"0"`: the end. */
  readonly cursor: string;
  /** Keys. */
  readonly keys?: readonly unknown[];
  /** Members, or fields. */
  readonly members?: readonly unknown[];
  /** Pairs. */
  readonly entries?: readonly unknown[];
}

// Each byte a character of its own.
const latin1 = /* @__PURE__ */ new TextDecoder("latin1");

/** Returns the identity of an element: of a pair the first item. */
function identity(element: unknown): string {
  const first = Array.isArray(element) ? element[0] : element;
  return first instanceof Uint8Array ? latin1.decode(first) : String(first);
}

/** Iterates over single elements; `step` fetches those behind a cursor. Nothing is left behind by a `break`. */
export async function* iterate(
  step: (cursor: string) => Promise<ScanStep>,
  unique = false,
  seen: Set<string> = new Set(),
): AsyncGenerator<unknown, void, undefined> {
  let cursor = "0";
  do {
    const { cursor: next, keys, members, entries } = await step(cursor);
    for (const element of keys ?? members ?? entries ?? []) {
      if (unique) {
        const name = identity(element);
        if (seen.has(name)) continue;
        seen.add(name);
      }
      yield element;
    }
    cursor = next;
  } while (cursor !== "0");
}

/** Iterates over all keys: of the server, or of all servers that have some, one after the other. */
export async function* scanKeys(
  executor: Executor,
  call: Call,
  options: ScanIteratorOptions = {},
): AsyncGenerator<unknown, void, undefined> {
  if (typeof options !== "object" || options === null) {
    throw new TypeError('Cannot make SCAN: options are an object, as in scanIterator({ match: "user:*" })');
  }
  const { unique, ...rest } = options;
  const shards = await executor.shards?.(call) ?? [executor];
  const seen: Set<string> = new Set();
  for (const shard of shards) {
    yield* iterate(
      (cursor) => shard.execute(scan(cursor, rest) as Command, call) as Promise<ScanStep>,
      unique,
      seen,
    );
  }
}
