/**
 * Commands that are to be sent again after a while, together.
 *
 * @module
 */

/** Runs the functions of a bucket when their time has come. */
export class DelayQueue {
  readonly #buckets: Map<string, (() => void)[]> = new Map();

  /** Adds to a bucket; the first one starts its timer. `before` runs first, and calls back. */
  push(
    bucket: string,
    item: () => void,
    { timeout, before }: { timeout: number; before?: (callback: () => void) => void },
  ): void {
    const waiting = this.#buckets.get(bucket);
    if (waiting !== undefined) return void waiting.push(item);
    this.#buckets.set(bucket, [item]);
    const run = (): void => {
      const items = this.#buckets.get(bucket);
      this.#buckets.delete(bucket);
      for (const each of items ?? []) each();
    };
    setTimeout(() => before === undefined ? run() : before(run), timeout);
  }
}
