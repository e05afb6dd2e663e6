/**
 * Linearizability of one object: is there an order of its operations that fits their times and their results?
 *
 * The search is that of Wing and Gong, with Lowe's memory of configurations that have been tried: an operation may be next
 * if none that is not yet placed ended before it began. Each object is judged for itself. An operation whose outcome is
 * unknown may be placed at any time after its call, or never.
 *
 * A read that fits is placed at once, without a choice: it changes nothing, so an order that has it later is also valid
 * with the read here. So hundreds of concurrent reads take linear time.
 *
 * @module
 */

/** An operation on an object with states of type `S`. */
export interface Event<S> {
  /** The time of the call. */
  readonly from: number;
  /** The time at which its result was known; `Infinity`: it may still take effect. */
  readonly to: number;
  /** The state after it; `undefined`: its result does not fit. */
  readonly apply: (state: S) => S | undefined;
  /** Whether it need not have happened. */
  readonly optional: boolean;
  /** Whether it never changes the state. Default: false. */
  readonly reads?: boolean;
}

/** The result of a search. */
export type Verdict = "linearizable" | "not linearizable" | "too long";

/** A choice: the operations that may be next, and what was placed before. */
interface Frame<S> {
  readonly choices: readonly { readonly at: number; readonly after: S }[];
  next: number;
  /** The number of operations that are placed before this choice. */
  readonly placed: number;
}

/** Searches an order. `limit` bounds the operations that are looked at. */
export function linearize<S extends string | number>(
  events: readonly Event<S>[],
  initial: S,
  limit: number = 5_000_000,
): Verdict {
  const sorted = [...events].sort((a, b) => a.from - b.from || a.to - b.to);
  const { length } = sorted;
  const required = sorted.filter(({ optional }) => !optional).length;
  const open = new OpenEvents(length);
  const tried: Set<string> = new Set();
  // States may be long.
  const states: Map<S, number> = new Map();
  let looks = 0;
  /** Operations that must be placed, and are. */
  let done = 0;

  const place = (at: number): void => {
    open.remove(at);
    if (!sorted[at]!.optional) done++;
  };
  const undo = (placed: number): void => {
    while (open.removed.length > placed) if (!sorted[open.restore()]!.optional) done--;
  };
  const choicesIn = (state: S): Frame<S>["choices"] => {
    const choices: { at: number; after: S }[] = [];
    let earliestEnd = Infinity;
    for (let at = open.next[length]!; at !== length; at = open.next[at]!) {
      const event = sorted[at]!;
      if (event.from > earliestEnd) break;
      looks++;
      const after = event.apply(state);
      if (event.reads === true && after !== undefined) {
        place(at);
        continue;
      }
      if (!event.optional && event.to < earliestEnd) earliestEnd = event.to;
      // An operation that changes nothing and need not have run never has to be placed.
      if (after !== undefined && !(event.optional && after === state)) choices.push({ at, after });
    }
    if (choices.length < 2) return choices;
    // What must be placed is tried before what may be left out.
    return choices.sort((a, b) => {
      const [one, two] = [sorted[a.at]!, sorted[b.at]!];
      return Number(one.optional) - Number(two.optional) || one.to - two.to;
    });
  };
  const known = (state: S): boolean => {
    let number = states.get(state);
    if (number === undefined) states.set(state, number = states.size);
    const configuration = `${open.mark},${number}`;
    if (tried.has(configuration)) return true;
    tried.add(configuration);
    return false;
  };

  const stack: Frame<S>[] = [{ choices: choicesIn(initial), next: 0, placed: open.removed.length }];
  while (stack.length > 0) {
    if (done === required) return "linearizable";
    if (looks > limit) return "too long";
    const frame = stack[stack.length - 1]!;
    undo(frame.placed);
    const choice = frame.choices[frame.next++];
    if (choice === undefined) {
      stack.pop();
      continue;
    }
    place(choice.at);
    // Without a choice, no other way leads to this configuration that has not been remembered.
    if (frame.choices.length === 1) stack.pop();
    else if (known(choice.after)) continue;
    stack.push({ choices: choicesIn(choice.after), next: 0, placed: open.removed.length });
  }
  return "not linearizable";
}

/** The operations that are not placed, as a linked list in the order of their calls. */
class OpenEvents {
  /** The following operation; at `length` the first one, at the last one `length`. */
  readonly next: Int32Array;
  /** The placed operations, in order. */
  readonly removed: number[] = [];
  readonly #previous: Int32Array;
  // The set of placed operations is known by two mixed numbers.
  #low = 0;
  #high = 0;

  constructor(length: number) {
    this.next = Int32Array.from({ length: length + 1 }, (_, at) => at === length ? 0 : at + 1);
    this.#previous = Int32Array.from({ length: length + 1 }, (_, at) => at === 0 ? length : at - 1);
  }

  /** A text that is the same for the same set of placed operations. */
  get mark(): string {
    return `${this.#low},${this.#high},${this.removed.length}`;
  }

  /** Places one. */
  remove(at: number): void {
    const [before, after] = [this.#previous[at]!, this.next[at]!];
    this.next[before] = after;
    this.#previous[after] = before;
    this.removed.push(at);
    this.#toggle(at);
  }

  /** Takes the last one back, and returns it. */
  restore(): number {
    const at = this.removed.pop()!;
    this.next[this.#previous[at]!] = at;
    this.#previous[this.next[at]!] = at;
    this.#toggle(at);
    return at;
  }

  #toggle(at: number): void {
    this.#low ^= Math.imul(at + 1, 0x9e3779b1) ^ Math.imul((at + 7) ^ (at << 13), 0x85ebca6b);
    this.#high ^= Math.imul((at + 3) ^ 0x5bd1e995, 0xc2b2ae35) ^ Math.imul(at + 11, 0x27d4eb2f);
  }
}
