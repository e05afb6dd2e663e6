/**
 * The sentinels of a client, and which is asked next.
 *
 * @module
 */
import type { SentinelAddress } from "../options.ts";

function isSame(a: SentinelAddress, b: SentinelAddress): boolean {
  return (a.host || "127.0.0.1") === (b.host || "127.0.0.1") && (a.port || 26379) === (b.port || 26379);
}

/** Goes through the sentinels, one that answered first. */
export class SentinelIterator implements Iterator<SentinelAddress, undefined> {
  /** The place of the next one. */
  cursor = 0;
  /** The sentinels that are known. */
  readonly sentinels: SentinelAddress[];

  /** Copies a list. */
  constructor(sentinels: readonly SentinelAddress[]) {
    this.sentinels = sentinels.slice();
  }

  /** Returns the next sentinel. */
  next(): IteratorResult<SentinelAddress, undefined> {
    const value = this.sentinels[this.cursor];
    if (value === undefined) return { done: true, value };
    this.cursor++;
    return { done: false, value };
  }

  /** Starts anew; with the current one as the first, if that is wanted. */
  reset(currentFirst: boolean): void {
    const { sentinels, cursor } = this;
    if (currentFirst && sentinels.length > 1 && cursor !== 1) {
      sentinels.unshift(...sentinels.splice(cursor - 1));
    }
    this.cursor = 0;
  }

  /** Adds a sentinel; returns whether it was unknown. */
  add(sentinel: SentinelAddress): boolean {
    if (this.sentinels.some((known) => isSame(known, sentinel))) return false;
    this.sentinels.push(sentinel);
    return true;
  }

  /** The sentinels and the place. */
  toString(): string {
    return `${JSON.stringify(this.sentinels)} @${this.cursor}`;
  }
}
