/**
 * Counts what clients keep: the entries of each `Map`, `Set` and `Ring` that a client has made and still holds. Unlike
 * the size of the heap, the counts are the same in each run but for garbage that is not collected yet.
 *
 * @module
 */
import { Ring } from "../../src/connection/ring.ts";

/** Collects garbage, so that only what is held is counted; `undefined` where the runtime does not allow it. */
async function collector(): Promise<(() => void) | undefined> {
  const { Bun, gc } = globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void };
  if (Bun !== undefined) return () => Bun.gc(true);
  if (gc !== undefined || "Deno" in globalThis) return gc;
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

const collect = await collector();

/** Whether collections can be counted on this runtime. */
export const COUNTABLE: boolean = collect !== undefined;

interface Kept {
  readonly collection: WeakRef<{ readonly size?: number; readonly length?: number }>;
  /** The place in the sources that has made it. */
  readonly by: string;
}

const { Map: PlainMap, Set: PlainSet } = globalThis;

function sizeOf(collection: ReturnType<Kept["collection"]["deref"]>): number {
  return collection?.size ?? collection?.length ?? 0;
}

/** The place in the sources of the client that makes a collection; `undefined`: others make it. */
function maker(): string | undefined {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 6;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = before;
  const line = stack.split("\n").find((one) =>
    /\/(src|tests|scripts)\//.test(one) && !one.includes("/collections.ts")
  );
  // Tables of commands are loaded late, once for all clients.
  return /\/(src\/(?!testing\/|commands\/)[\w/]+\.ts:\d+)/.exec(line ?? "")?.[1];
}

/** The collections of a world, from its making until `stop`. */
export class Collections {
  readonly #kept: Kept[] = [];
  readonly #push: typeof Ring.prototype.push = Ring.prototype.push;

  /** Begins to count. */
  constructor() {
    const note = (collection: object, by: string | undefined): void => {
      if (by !== undefined) this.#kept.push({ collection: new WeakRef(collection), by });
    };
    const isMap = (value: unknown): boolean => value instanceof PlainMap;
    const isSet = (value: unknown): boolean => value instanceof PlainSet;
    globalThis.Map = class<K, V> extends PlainMap<K, V> {
      constructor(entries?: Iterable<readonly [K, V]> | null) {
        super(entries);
        note(this, maker());
      }
      static override [Symbol.hasInstance](value: unknown): boolean {
        return isMap(value);
      }
    } as MapConstructor;
    globalThis.Set = class<T> extends PlainSet<T> {
      constructor(values?: Iterable<T> | null) {
        super(values);
        note(this, maker());
      }
      static override [Symbol.hasInstance](value: unknown): boolean {
        return isSet(value);
      }
    } as SetConstructor;
    const known: WeakSet<object> = new WeakSet();
    const push = this.#push;
    Ring.prototype.push = function <T>(this: Ring<T>, value: T): void {
      if (!known.has(this)) {
        known.add(this);
        note(this, "src/connection/ring.ts");
      }
      push.call(this, value);
    };
  }

  /** Returns the collections with more entries than `most`, in words. */
  async above(most: number): Promise<string[]> {
    let found = this.#kept;
    // JavaScriptCore takes numbers on its stack for addresses, so one collection may leave garbage.
    for (let tries = 0; tries < 5 && found.length > 0; tries++) {
      // An object that `deref()` has returned is not collected before the end of the job.
      await new Promise((resolve) => setTimeout(resolve, 0));
      collect!();
      found = found.filter(({ collection }) => sizeOf(collection.deref()) > most);
    }
    return found.map(({ collection, by }) => `${by} keeps ${sizeOf(collection.deref())} entries`);
  }

  /** Ends the counting. */
  stop(): void {
    globalThis.Map = PlainMap;
    globalThis.Set = PlainSet;
    Ring.prototype.push = this.#push;
  }
}
