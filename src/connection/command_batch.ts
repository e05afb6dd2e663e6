/**
 * Collects the outcomes of commands that are sent together.
 *
 * @module
 */
import type { BatchSink } from "./pending.ts";

/** Collects the outcomes of `count` commands by position; its promise never rejects. */
export class CommandBatch implements BatchSink {
  /** Resolves with all outcomes. */
  readonly promise: Promise<unknown[]>;
  readonly #outcomes: unknown[];
  #missing: number;
  #resolve!: (outcomes: unknown[]) => void;

  /** Expects `count` outcomes; 0 resolves at once. */
  constructor(count: number) {
    this.#outcomes = new Array(count);
    this.#missing = count;
    this.promise = new Promise((resolve) => this.#resolve = resolve);
    if (count === 0) this.#resolve(this.#outcomes);
  }

  /** @inheritdoc */
  resolved(index: number, value: unknown): void {
    this.#outcomes[index] = value;
    if (--this.#missing === 0) this.#resolve(this.#outcomes);
  }

  /** @inheritdoc */
  rejected(index: number, error: Error): void {
    this.resolved(index, error);
  }
}
