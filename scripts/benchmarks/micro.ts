/**
 * Micro benchmarks: contenders take turns in short rounds, so that what else the machine does hits all alike;
 * shown are medians of the rounds, and the median of the ratios within a round.
 *
 * @module
 */

/** A contender: does a batch of work and returns the number of operations. */
export type Contender = () => number;

/** The length and number of rounds. */
export interface Effort {
  /** Rounds that count. Default 9. */
  readonly rounds?: number;
  /** Milliseconds of a turn. Default 40. */
  readonly turn?: number;
}

/** Runs the contenders in turn and prints one line for each. The first is the reference. */
export function compare(
  title: string,
  contenders: Readonly<Record<string, Contender>>,
  effort: Effort = {},
): void {
  const { rounds = 9, turn = 40 } = effort;
  const entries = Object.entries(contenders);
  const rates = entries.map((): number[] => []);
  for (let round = -2; round < rounds; round++) {
    // Every other round in the opposite order.
    const order = entries.map((_, i) => round % 2 === 0 ? i : entries.length - 1 - i);
    for (const i of order) {
      const rate = measure(entries[i]![1], turn);
      if (round >= 0) rates[i]!.push(rate);
    }
  }
  console.log(title);
  entries.forEach(([name], i) => {
    const ratios = rates[i]!.map((rate, round) => rate / rates[0]![round]!);
    const ratio = i === 0 ? "" : `  x${median(ratios).toFixed(2)}`;
    console.log(`  ${name.padEnd(24)} ${format(median(rates[i]!)).padStart(12)}/s${ratio}`);
  });
}

/**
 * Runs the contenders of all cases for a while, twice: engines first compile for the types that they have seen, and
 * compile again for others.
 */
export function warm(cases: readonly Readonly<Record<string, Contender>>[], turn = 60): void {
  for (let round = 0; round < 2; round++) {
    for (const contenders of cases) {
      for (const contender of Object.values(contenders)) measure(contender, turn);
    }
  }
}

function measure(contender: Contender, turn: number): number {
  const start = performance.now();
  let done = 0;
  let now = start;
  do {
    done += contender();
    now = performance.now();
  } while (now - start < turn);
  return done * 1000 / (now - start);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

function format(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** The runtime and its version, for the head of a report. */
export function runtime(): string {
  const versions =
    (globalThis as { process?: { versions: Record<string, string | undefined> } }).process?.versions ?? {};
  for (const name of ["deno", "bun", "node"]) {
    if (versions[name] !== undefined) return `${name} ${versions[name]}`;
  }
  return "unknown runtime";
}
