/**
 * The log of executed commands, so that a test can check whether its INCR ran once.
 *
 * @module
 */

/** A command that was executed. */
export interface ExecutedCommand {
  /** The name in capitals. */
  readonly name: string;
  /** All words, the name included; each character is a byte. */
  readonly args: readonly string[];
  /** CLIENT ID of the caller. */
  readonly client: number;
  /** The number of the selected database. */
  readonly db: number;
  /** Milliseconds since 1970, in the server's time. */
  readonly at: number;
}

/** The last commands that were executed, in order. */
export class ExecutedLog implements Iterable<ExecutedCommand> {
  readonly #limit: number;
  #entries: ExecutedCommand[] = [];
  #total = 0;
  /** Whether nothing is recorded, because the commands come from the master. */
  muted = false;

  /** Keeps at least `limit` commands. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of commands that were executed, including those no longer kept. */
  get total(): number {
    return this.#total;
  }

  /** The number of commands that are kept. */
  get length(): number {
    return this.#entries.length;
  }

  /** Adds a command; a part of the server. */
  add(command: ExecutedCommand): void {
    if (this.muted) return;
    this.#total++;
    if (this.#limit === 0) return;
    if (this.#entries.length >= 2 * this.#limit) this.#entries = this.#entries.slice(-this.#limit);
    this.#entries.push(command);
  }

  /** The commands with one of these names (in any case); all of them without names. */
  list(...names: string[]): ExecutedCommand[] {
    const wanted = new Set(names.map((name) => name.toUpperCase()));
    return this.#entries.filter(({ name }) => wanted.size === 0 || wanted.has(name));
  }

  /** The number of commands with one of these names. */
  count(...names: string[]): number {
    return this.list(...names).length;
  }

  /** Removes the commands after the first `total`. Internal. */
  truncate(total: number): void {
    const later = this.#total - total;
    if (later <= 0) return;
    this.#entries.splice(Math.max(0, this.#entries.length - later));
    this.#total = total;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#entries = [];
    this.#total = 0;
  }

  /** Each command that is kept. */
  [Symbol.iterator](): Iterator<ExecutedCommand> {
    return this.#entries[Symbol.iterator]();
  }
}
