/**
 * An observer that counts.
 *
 * @module
 */
import type { Observer } from "../../mod.ts";

/** Counts operations that began and have not ended. */
export class WorldObserver implements Observer {
  /** Operations on their way. */
  running = 0;

  /** All are observed. */
  listens(): boolean {
    return true;
  }

  /** Counts one. */
  async observe<T>(_operation: unknown, run: () => Promise<T>): Promise<T> {
    this.running++;
    try {
      return await run();
    } finally {
      this.running--;
    }
  }
}
