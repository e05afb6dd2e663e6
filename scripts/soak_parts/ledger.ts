/**
 * What was promised of each numbered write, to be compared with what the server has.
 *
 * @module
 */

const NONE = 0;
const UNDER_WAY = 1;
const ACKNOWLEDGED = 2;
const REFUSED = 3;
const UNKNOWN = 4;

/** Numbers of writes in one key of the server; each has two bits there, which count how often it ran. */
export const PAGE = 4_096;

/** What the comparison came to. */
export interface Verdict {
  /** Writes that were numbered. */
  readonly writes: number;
  /** Writes that were acknowledged. */
  readonly acknowledged: number;
  /** Acknowledged, and not there. */
  readonly lost: number;
  /** There more than once. */
  readonly doubled: number;
  /** Said not to have run, and there. */
  readonly denied: number;
  /** Writes of which nobody could tell; how many of them ran. */
  readonly unknown: { readonly ran: number; readonly all: number };
}

/** Numbers writes, and remembers a byte for each, in memory that does not grow while it is measured. */
export class Ledger {
  readonly #states: Uint8Array;
  #next = 0;

  /** With room for so many writes. */
  constructor(room: number) {
    this.#states = new Uint8Array(room).fill(NONE);
  }

  /** Whether there is room for one more. */
  get full(): boolean {
    return this.#next >= this.#states.length;
  }

  /** The number of a new write. */
  begin(): number {
    this.#states[this.#next] = UNDER_WAY;
    return this.#next++;
  }

  /** It was acknowledged. */
  acknowledged(number: number): void {
    this.#states[number] = ACKNOWLEDGED;
  }

  /** It was rejected; `executed` is what the error says. */
  rejected(number: number, executed: string | undefined): void {
    this.#states[number] = executed === "no" ? REFUSED : UNKNOWN;
  }

  /** The arguments of the BITFIELD that runs a write: it counts in two bits, up to three. */
  static words(number: number): [key: string, ...rest: (string | number)[]] {
    const place = `#${number % PAGE}`;
    return [`soak:${Math.floor(number / PAGE)}`, "OVERFLOW", "SAT", "INCRBY", "u2", place, 1];
  }

  /** Compares with the pages of the server. */
  async compare(page: (index: number) => Promise<Uint8Array>): Promise<Verdict> {
    const verdict = { writes: this.#next, acknowledged: 0, lost: 0, doubled: 0, denied: 0 };
    const unknown = { ran: 0, all: 0 };
    for (let first = 0; first < this.#next; first += PAGE) {
      const bits = await page(first / PAGE);
      for (let number = first; number < Math.min(first + PAGE, this.#next); number++) {
        const at = number % PAGE;
        const times = ((bits[at >> 2] ?? 0) >> (6 - 2 * (at & 3))) & 3;
        const state = this.#states[number];
        if (times > 1) verdict.doubled++;
        if (state === ACKNOWLEDGED) {
          verdict.acknowledged++;
          if (times === 0) verdict.lost++;
        } else if (state === REFUSED) {
          if (times > 0) verdict.denied++;
        } else {
          unknown.all++;
          if (times > 0) unknown.ran++;
        }
      }
    }
    return { ...verdict, unknown };
  }
}
