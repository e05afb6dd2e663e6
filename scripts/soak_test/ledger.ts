/**
 * The expected outcome of each numbered write, for the comparison with the servers.
 *
 * @module
 */
import type { Losses } from "./losses.ts";

const NONE = 0;
const ACKNOWLEDGED = 2;
const REFUSED = 3;
const UNKNOWN = 4;

/** Numbers of writes in one key; each has two bits there, which count how often it ran. */
const PAGE = 4_096;

/** The result of the comparison. */
export interface Verdict {
  /** Writes that were numbered. */
  readonly writes: number;
  /** Writes that were acknowledged. */
  readonly acknowledged: number;
  /** Acknowledged, and not there: the key, and when it was acknowledged, by `performance.now()`. */
  readonly lost: readonly { readonly key: string; readonly at: number }[];
  /** Acknowledged, and not there, when replication may lose something. */
  readonly unreplicated: number;
  /** The number of writes that ran more than once. */
  readonly doubled: number;
  /** The number of writes that ran although they were rejected with `executed: "no"`. */
  readonly denied: number;
  /** The writes with an unknown outcome, and how many of them ran. */
  readonly unknown: { readonly ran: number; readonly all: number };
}

/**
 * Numbers writes and records the outcome of each with its time, in memory of constant size. Each tag has a series of
 * numbers: the n-th of the series `s` is `n * tags + s`.
 */
export class Ledger {
  /** The tags of the keys. */
  readonly tags: readonly string[];
  readonly #losses: Losses;
  readonly #states: Uint8Array;
  /** The times of each call and of its acknowledgement, in milliseconds since the start. */
  readonly #calls: Uint32Array;
  readonly #times: Uint32Array;
  readonly #began: number = performance.now();
  readonly #next: number[];

  /** Reserves memory for a number of writes. */
  constructor(tags: readonly string[], losses: Losses, room: number) {
    this.tags = tags;
    this.#losses = losses;
    this.#next = tags.map(() => 0);
    this.#states = new Uint8Array(room).fill(NONE);
    this.#calls = new Uint32Array(room).fill(1); // not 0, so that the memory is really there
    this.#times = new Uint32Array(room).fill(1);
  }

  /** Whether there may be no room for three more. */
  get full(): boolean {
    return (Math.max(...this.#next) + 3) * this.tags.length >= this.#states.length;
  }

  /** The number of a new write of a series. */
  begin(series: number): number {
    const number = this.#next[series]!++ * this.tags.length + series;
    this.#calls[number] = performance.now() - this.#began;
    return number;
  }

  /** Records an acknowledged write. */
  acknowledged(number: number): void {
    this.#states[number] = ACKNOWLEDGED;
    this.#times[number] = performance.now() - this.#began;
  }

  /** Records a rejected write with the `executed` of the error. */
  rejected(number: number, executed: string | undefined): void {
    this.#states[number] = executed === "no" ? REFUSED : UNKNOWN;
  }

  /** The arguments of the BITFIELD that runs a write: it counts in two bits, up to three. */
  words(number: number): [key: string, ...rest: (string | number)[]] {
    const place = Math.floor(number / this.tags.length);
    const key = this.#key(number % this.tags.length, Math.floor(place / PAGE));
    return [key, "OVERFLOW", "SAT", "INCRBY", "u2", `#${place % PAGE}`, 1];
  }

  /** Compares with the pages that the servers have. */
  async compare(page: (key: string) => Promise<Uint8Array>): Promise<Verdict> {
    const verdict = { writes: 0, acknowledged: 0, unreplicated: 0, doubled: 0, denied: 0 };
    const lost: { key: string; at: number }[] = [];
    const unknown = { ran: 0, all: 0 };
    for (const [series, count] of this.#next.entries()) {
      verdict.writes += count;
      let bits: Uint8Array = new Uint8Array(0);
      for (let place = 0; place < count; place++) {
        const at = place % PAGE;
        if (at === 0) bits = await page(this.#key(series, place / PAGE));
        const times = ((bits[at >> 2] ?? 0) >> (6 - 2 * (at & 3))) & 3;
        const number = place * this.tags.length + series;
        const state = this.#states[number];
        if (times > 1) verdict.doubled++;
        if (state === ACKNOWLEDGED) {
          verdict.acknowledged++;
          if (times > 0) continue;
          const when = this.#times[number]! + this.#began;
          if (this.#losses.covers(this.#calls[number]! + this.#began, when)) verdict.unreplicated++;
          else lost.push({ key: this.#key(series, Math.floor(place / PAGE)), at: when });
        } else if (state === REFUSED) {
          if (times > 0) verdict.denied++;
        } else {
          unknown.all++;
          if (times > 0) unknown.ran++;
        }
      }
    }
    return { ...verdict, lost, unknown };
  }

  #key(series: number, page: number): string {
    return `soak:{${this.tags[series]}}:${page}`;
  }
}
