/**
 * When replication may lose what a master has acknowledged: no client can keep that.
 *
 * @module
 */

/** Milliseconds before a master's death in which what it acknowledged may not have reached its replica. */
const BEFORE = 200;
/** Milliseconds behind it in which its last replies are still on their way to the callers. */
const BEHIND = 50;
/** Milliseconds in which a master that wakes up, or has been replaced, may not have heard that it is none any more. */
const UNAWARE = 500;

/** Spans of time, by `performance.now()`. */
export class Losses {
  readonly #spans: { readonly from: number; readonly to: number }[] = [];

  /** A master dies now, or stops. */
  died(): void {
    const now = performance.now();
    this.#spans.push({ from: now - BEFORE, to: now + BEHIND });
  }

  /** A master goes on now, and may have been replaced meanwhile. */
  woke(): void {
    const now = performance.now();
    this.#spans.push({ from: now, to: now + UNAWARE });
  }

  /** A master that lived has been replaced between then and now. */
  replacedSince(from: number): void {
    this.#spans.push({ from: from - BEFORE, to: performance.now() + UNAWARE });
  }

  /** Whether what was acknowledged then may have been lost. */
  covers(at: number): boolean {
    return this.#spans.some(({ from, to }) => from <= at && at <= to);
  }
}
