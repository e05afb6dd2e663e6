/**
 * Lists to which a caller appends rising numbers without waiting, for the comparison with the servers.
 *
 * Only acknowledged numbers must be in order. A number whose connection was lost may still be in a network buffer,
 * and run after later ones.
 *
 * @module
 */
import type { Losses } from "./losses.ts";

const NONE = 0;
const ACKNOWLEDGED = 1;
const REFUSED = 2;
const UNKNOWN = 3;

/** Room for numbers in one list. */
const ROOM = 65_536;

/** The result of the comparison. */
export interface OrderVerdict {
  /** Numbers that were acknowledged, in all lists. */
  readonly acknowledged: number;
  /** Acknowledged, and behind a later one that was acknowledged, too. */
  readonly disordered: readonly { readonly key: string; readonly at: number }[];
  /** Acknowledged, and not there. */
  readonly lost: readonly { readonly key: string; readonly at: number }[];
  /** Numbers that are present twice. */
  readonly doubled: number;
  /** Numbers that are present although they were rejected with `executed: "no"`. */
  readonly denied: number;
}

/** One list. */
export class OrderedList {
  /** The key. */
  readonly key: string;
  readonly #states: Uint8Array = new Uint8Array(ROOM).fill(NONE);
  /** The times at which each number was called and settled. */
  readonly #calls: Float64Array = new Float64Array(ROOM).fill(1);
  readonly #times: Float64Array = new Float64Array(ROOM).fill(1);
  #next = 0;

  /** Uses this key. */
  constructor(key: string) {
    this.key = key;
  }

  /** Whether there is no room for another burst. */
  get full(): boolean {
    return this.#next + 100 > ROOM;
  }

  /** The next number. */
  begin(): number {
    this.#calls[this.#next] = performance.now();
    return this.#next++;
  }

  /** Records the outcome of a number; `executed` is that of the error, `"yes"` without one. */
  settle(number: number, executed: string | undefined): void {
    this.#states[number] = executed === "yes" ? ACKNOWLEDGED : executed === "no" ? REFUSED : UNKNOWN;
    this.#times[number] = performance.now();
  }

  /** Compares with the content of the list. */
  compare(found: readonly number[], losses: Losses): OrderVerdict {
    const seen = new Set<number>();
    const disordered: { key: string; at: number }[] = [];
    const lost: { key: string; at: number }[] = [];
    let doubled = 0, denied = 0, acknowledged = 0, last = -1;
    for (const number of found) {
      if (seen.has(number)) doubled++;
      seen.add(number);
      if (this.#states[number] === REFUSED) denied++;
      if (this.#states[number] !== ACKNOWLEDGED) continue;
      if (number < last) {
        disordered.push({ key: `${this.key}: ${number} behind ${last}`, at: this.#times[number]! });
      }
      last = Math.max(last, number);
    }
    for (let number = 0; number < this.#next; number++) {
      if (this.#states[number] !== ACKNOWLEDGED) continue;
      acknowledged++;
      const at = this.#times[number]!;
      if (!seen.has(number) && !losses.covers(this.#calls[number]!, at)) lost.push({ key: this.key, at });
    }
    return { acknowledged, disordered, lost, doubled, denied };
  }
}

/** The verdicts of all lists as one. */
export function joined(verdicts: readonly OrderVerdict[]): OrderVerdict {
  const sum = (name: "acknowledged" | "doubled" | "denied"): number =>
    verdicts.reduce((all, verdict) => all + verdict[name], 0);
  return {
    acknowledged: sum("acknowledged"),
    disordered: verdicts.flatMap(({ disordered }) => disordered),
    lost: verdicts.flatMap(({ lost }) => lost),
    doubled: sum("doubled"),
    denied: sum("denied"),
  };
}
