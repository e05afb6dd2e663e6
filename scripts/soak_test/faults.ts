/**
 * Random faults, one after another.
 *
 * @module
 */
import { type Dice, sleep } from "./dice.ts";

/** A fault: does its work and puts things right. */
export interface Fault {
  /** The name in the report. */
  readonly name: string;
  /** The relative frequency. */
  readonly weight: number;
  /** Does it. */
  run(): Promise<unknown> | unknown;
}

/** One of them, by weight. */
function pick(faults: readonly Fault[], dice: Dice): Fault {
  let at = dice.between(0, faults.reduce((sum, { weight }) => sum + weight, 0));
  return faults.find(({ weight }) => (at -= weight) < 0)!;
}

/** The log of faults with times. */
export class FaultLog {
  readonly #entries: { readonly name: string; readonly from: number; to: number }[] = [];

  /** The number of faults. */
  get count(): number {
    return this.#entries.length;
  }

  /** Returns the number of faults by name. */
  byName(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { name } of this.#entries) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  }

  /** Returns the faults within a span, by `performance.now()`, with their start and end in seconds after its start. */
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

/** Causes faults one after another with short pauses, until the end. */
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
