/**
 * News without words: there is reason to try at once what was to be tried later.
 *
 * @module
 */

/** Tells all who listen that it has rung. */
export class ReconnectSignal {
  readonly #listeners: Set<() => void> = new Set();

  /** Adds a listener; returns how to take it away. */
  on(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Rings. */
  notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
