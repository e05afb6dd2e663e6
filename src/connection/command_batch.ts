/**
 * Collects the outcomes of commands that are sent together.
 *
 * @module
 */
import type { Arg, Reply } from "../resp/types.ts";
import { type BatchSink, Pending, rawCommand } from "./pending.ts";

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

/**
 * Sends commands as one batch; resolves with their replies, errors of any kind in place. `modeOf` returns the
 * `DecodeMode` bits for the reply to a command.
 */
export async function sendTogether(
  link: { enqueue(pending: Pending): void },
  commands: readonly (readonly Arg[])[],
  modeOf: (command: readonly Arg[], index: number) => number,
): Promise<(Reply | Error)[]> {
  const batch = new CommandBatch(commands.length);
  commands.forEach((words, index) => {
    link.enqueue(new Pending(rawCommand(words), modeOf(words, index), 0, batch, index));
  });
  return await batch.promise as (Reply | Error)[];
}
