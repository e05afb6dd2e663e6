/**
 * The times in which replication may lose acknowledged writes, which no client can prevent.
 *
 * @module
 */
import { setInterval } from "node:timers";

/** Milliseconds before a master's death in which acknowledged writes may not have reached its replica. */
const BEFORE = 200;
/** Milliseconds behind it in which its last replies are still on their way to the callers. */
const BEHIND = 50;
/**
 * Milliseconds in which clients may not know yet that a resumed or replaced master is no longer one. They count from the
 * last look that found it in the role of a master, which sentinels change up to eight seconds later. The report says how
 * late clients followed.
 */
const UNAWARE = 500;

/** Milliseconds between two looks at the time, and by how many the second may be late. */
const [TICK, LATE] = [50, 100];

/** A span. `history`: that of the master that was replaced. */
interface Span {
  readonly from: number;
  readonly known: number;
  readonly history?: string;
  to: number;
}

/** Spans of time, by `performance.now()`. */
export class Losses {
  /** Milliseconds by which the latest excused write followed the time at which its master was replaced. */
  latest = 0;
  /** `known`: the time from which on the servers agree; clients follow before `to`. */
  readonly #spans: Span[] = [];

  constructor() {
    let last = performance.now();
    // Where the whole process stands still, replies are read that much later.
    setInterval(() => {
      const now = performance.now();
      if (now - last > TICK + LATE) {
        for (const span of this.#spans) if (span.to >= last) span.to = Math.max(span.to, now + UNAWARE);
      }
      last = now;
    }, TICK).unref();
  }

  /** A master dies now, or stops. */
  died(): void {
    const now = performance.now();
    this.#spans.push({ from: now - BEFORE, known: now, to: now + BEHIND });
  }

  /** Records that a master continues and may have been replaced. */
  woke(): void {
    const now = performance.now();
    this.#spans.push({ from: now, known: now, to: now + UNAWARE });
  }

  /** The master of a history was replaced: its successor has not received what it acknowledged from then on. */
  replacedSince(from: number, history: string): void {
    const known = performance.now();
    this.#spans.push({ from, known, history, to: known + UNAWARE });
  }

  /** A server is still the master of a history: clients that cannot reach a sentinel may write to it. */
  stillMaster(history: string): void {
    for (const span of this.#spans) if (span.history === history) span.to = performance.now() + UNAWARE;
  }

  /**
   * Returns whether a write may have been lost that ran at some time between these two: when it was called, and when it
   * was acknowledged, which may be long after the death of its master.
   */
  covers(called: number, acknowledged: number): boolean {
    const spans = this.#spans.filter(({ from, to }) => from <= acknowledged && called <= to);
    const lateness = Math.min(...spans.map(({ known }) => called - known));
    if (spans.length > 0) this.latest = Math.max(this.latest, lateness);
    return spans.length > 0;
  }
}
