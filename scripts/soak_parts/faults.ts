/**
 * What goes wrong, at random and one after the other.
 *
 * @module
 */
import { type Dice, sleep } from "./dice.ts";

/** A fault: does its work and puts things right. */
export interface Fault {
  /** For the report. */
  readonly name: string;
  /** How often it comes, beside the others. */
  readonly weight: number;
  /** Does it. */
  run(): Promise<unknown> | unknown;
}

/** One of them, by weight. */
function pick(faults: readonly Fault[], dice: Dice): Fault {
  let at = dice.between(0, faults.reduce((sum, { weight }) => sum + weight, 0));
  return faults.find(({ weight }) => (at -= weight) < 0)!;
}

/** What went wrong, and when. */
export class FaultLog {
  readonly #entries: { readonly name: string; readonly from: number; to: number }[] = [];

  /** How many there were. */
  get count(): number {
    return this.#entries.length;
  }

  /** How many there were of each. */
  byName(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { name } of this.#entries) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  }

  /** Those that lasted at some time within a span, by `performance.now()`, and from when to when in seconds behind its start. */
  during(from: number, to: number): string[] {
    const second = (at: number): string => ((at - from) / 1_000).toFixed(2);
    return this.#entries.filter((entry) => entry.from <= to && entry.to >= from)
      .map((entry) => `${entry.name} (${second(entry.from)} to ${second(entry.to)})`);
  }

  /** Does it and writes it down. */
  async run({ name, run }: Fault): Promise<void> {
    const entry = { name, from: performance.now(), to: Infinity };
    this.#entries.push(entry);
    try {
      await run();
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    entry.to = performance.now();
  }
}

/** Does one after the other until told to stop, with a short rest between them. */
export async function breakThings(
  faults: readonly Fault[],
  dice: Dice,
  log: FaultLog,
  stopped: () => boolean,
): Promise<void> {
  while (!stopped()) {
    await log.run(pick(faults, dice));
    await sleep(dice.between(100, 350));
  }
}
