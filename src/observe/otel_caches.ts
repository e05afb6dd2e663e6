/**
 * Metrics of client-side caches. The semantic conventions of OpenTelemetry have none, so the names are ours.
 *
 * @module
 */
import type { ObservedCache } from "../observer.ts";
import type { OtelMeter } from "./otel_api.ts";
import { POOL } from "./otel_names.ts";

type Counts = Pick<ReturnType<ObservedCache["stats"]>, "hits" | "misses" | "evictions" | "invalidations">;

const NONE: Counts = { hits: 0, misses: 0, evictions: 0, invalidations: 0 };
const DESCRIPTIONS: Readonly<Record<keyof Counts, string>> = {
  hits: "Commands answered from the memory of the client-side cache.",
  misses: "Commands of the client-side cache that were sent to the server.",
  evictions: "Replies that the client-side cache evicted, as it was full.",
  invalidations: "Replies that left the client-side cache as their keys had changed.",
};

/** Asks caches for their numbers when those are collected. */
export class CacheMetrics {
  /** Weak references, so that counting does not keep a cache alive. */
  readonly #caches: Set<{ readonly ref: WeakRef<ObservedCache>; readonly name: string; last: Counts }> =
    new Set();
  /** The counts of collected caches, because counters never decrease. */
  readonly #gone: Map<string, Counts> = new Map();

  /** Makes the instruments. */
  constructor(meter: OtelMeter) {
    for (const kind of Object.keys(DESCRIPTIONS) as (keyof Counts)[]) {
      meter.createObservableCounter(`db.client.cache.${kind}`, {
        unit: kind === "hits" || kind === "misses" ? "{command}" : "{reply}",
        description: DESCRIPTIONS[kind],
      }).addCallback((result) => {
        for (const [name, counts] of this.#sums()) result.observe(counts[kind], { [POOL]: name });
      });
    }
  }

  /** Counts a cache. */
  add(cache: ObservedCache, name: string): void {
    this.#caches.add({ ref: new WeakRef(cache), name, last: NONE });
  }

  /** Caches of pools that share a name are one to the reader. */
  #sums(): Map<string, Counts> {
    const sums = new Map(this.#gone);
    for (const entry of this.#caches) {
      const cache = entry.ref.deref();
      if (cache !== undefined) entry.last = cache.stats();
      else {
        this.#caches.delete(entry);
        this.#gone.set(entry.name, plus(this.#gone.get(entry.name), entry.last));
      }
      sums.set(entry.name, plus(sums.get(entry.name), entry.last));
    }
    return sums;
  }
}

function plus(one: Counts = NONE, other: Counts): Counts {
  return {
    hits: one.hits + other.hits,
    misses: one.misses + other.misses,
    evictions: one.evictions + other.evictions,
    invalidations: one.invalidations + other.invalidations,
  };
}
