/**
 * Linearizability of one object: is there an order of its operations that fits their times and their results?
 *
 * The search is that of Wing and Gong, with Lowe's memory of configurations that have been tried: an operation may be next
 * if none that is not yet placed ended before it began. Each object is judged for itself. An operation whose outcome is
 * unknown may be placed at any time after its call, or never.
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
}

/** The result of a search. */
export type Verdict = "linearizable" | "not linearizable" | "too long";

/** Searches an order. `limit` bounds the configurations that are tried. */
export function linearize<S extends string | number>(
  events: readonly Event<S>[],
  initial: S,
  limit: number = 200_000,
): Verdict {
  const sorted = [...events].sort((a, b) => a.from - b.from || a.to - b.to);
  const { length } = sorted;
  const placed = new Uint8Array(length);
  const required = sorted.filter(({ optional }) => !optional).length;
  const tried: Set<string> = new Set();
  let visits = 0;
  /** Operations that must be placed, and are. */
  let done = 0;
  // The first that is not placed: all before it are.
  let first = 0;

  // A configuration is a set of placed operations and a state. The set is known by two mixed numbers.
  let low = 0;
  let high = 0;
  const toggle = (at: number): void => {
    low ^= Math.imul(at + 1, 0x9e3779b1) ^ Math.imul((at + 7) ^ (at << 13), 0x85ebca6b);
    high ^= Math.imul((at + 3) ^ 0x5bd1e995, 0xc2b2ae35) ^ Math.imul(at + 11, 0x27d4eb2f);
  };
  const key = (state: S): string => `${low},${high},${done},${state}`;

  interface Frame {
    readonly state: S;
    readonly candidates: number[];
    next: number;
    readonly chosen: number;
    readonly first: number;
  }

  const candidatesOf = (): number[] => {
    const found: number[] = [];
    let earliestEnd = Infinity;
    for (let at = first; at < length; at++) {
      if (placed[at] === 1) continue;
      const { from, to, optional } = sorted[at]!;
      if (from > earliestEnd) break;
      found.push(at);
      if (!optional && to < earliestEnd) earliestEnd = to;
    }
    if (found.length < 2) return found;
    // What must be placed is tried before what may be left out.
    return found.sort((a, b) =>
      Number(sorted[a]!.optional) - Number(sorted[b]!.optional) || sorted[a]!.to - sorted[b]!.to
    );
  };

  const stack: Frame[] = [{ state: initial, candidates: candidatesOf(), next: 0, chosen: -1, first: 0 }];
  while (stack.length > 0) {
    if (done === required) return "linearizable";
    const frame = stack[stack.length - 1]!;
    let advanced = false;
    while (frame.next < frame.candidates.length) {
      const at = frame.candidates[frame.next++]!;
      const event = sorted[at]!;
      const state = event.apply(frame.state);
      if (state === undefined) continue;
      // What changes nothing and need not be is never worth placing.
      if (event.optional && state === frame.state) continue;
      toggle(at);
      if (!event.optional) done++;
      // Without a choice, no other way leads to this configuration that has not been remembered.
      if (frame.candidates.length > 1) {
        const config = key(state);
        if (tried.has(config)) {
          toggle(at);
          if (!event.optional) done--;
          continue;
        }
        if (++visits > limit) return "too long";
        tried.add(config);
      }
      placed[at] = 1;
      const before = first;
      while (first < length && placed[first] === 1) first++;
      stack.push({ state, candidates: candidatesOf(), next: 0, chosen: at, first: before });
      advanced = true;
      break;
    }
    if (advanced) continue;
    stack.pop();
    if (frame.chosen < 0) break;
    placed[frame.chosen] = 0;
    toggle(frame.chosen);
    first = frame.first;
    if (!sorted[frame.chosen]!.optional) done--;
  }
  return "not linearizable";
}
