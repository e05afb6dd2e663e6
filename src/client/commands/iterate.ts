/**
 * SCAN and its like as iterators over single elements.
 *
 * The guarantees are those of the server: what is there from the beginning to the end of an iteration comes at
 * least once; what comes or goes meanwhile may come or not; and anything may come more than once, while a table is
 * resized. `unique` remembers what has come, at the price of that memory.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { scan, type ScanOptions } from "../../commands/functions.ts";
import type { Call, Executor } from "../executor.ts";

/** Whether an iteration remembers what has come. */
export interface UniqueOptions {
  /** Leave out what has come before; it is all held in memory until the end. Default `false`. */
  readonly unique?: boolean;
}

/** The options of `scanIterator()`: those of SCAN, and `unique`. */
export type ScanIteratorOptions = ScanOptions & UniqueOptions;

/** One step, as the SCAN commands' replies are. */
export interface ScanStep {
  /** What to call with next; `"0"`: that was all. */
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

/** What tells two elements apart: of a pair the first. */
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
