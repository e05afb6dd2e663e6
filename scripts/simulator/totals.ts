/**
 * The figures of a run of worlds.
 *
 * @module
 */
import process from "node:process";
import type { RunResult } from "../../tests/simulation/simulate.ts";

const { threadCpuUsage } = process as {
  threadCpuUsage?: () => { readonly user: number; readonly system: number };
};

/** Returns the processor time of the main thread in milliseconds; of the process, where there is no such figure. */
export function cpuTime(): number {
  const { user, system } = threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1_000;
}

/** The sums over all worlds. */
export class Totals {
  /** The worlds that broke a promise. */
  broken = 0;
  /** The number of worlds. */
  worlds = 0;
  /** The number of calls. */
  operations = 0;
  /** The outcomes that were compared with those of a real server. */
  replayed = 0;
  #simulatedMs = 0;
  #undecided = 0;
  #hash = 0;
  readonly #endings: Map<string, number> = new Map();
  readonly #began: number = performance.now();
  readonly #beganCpu: number = cpuTime();

  /** Adds a world. */
  add({ operations, simulatedMs, undecided, faults, endings, hash }: RunResult): void {
    this.worlds++;
    this.operations += operations;
    this.#simulatedMs += simulatedMs;
    this.#undecided += undecided;
    this.#hash = Math.imul(this.#hash ^ parseInt(hash, 16), 0x01000193);
    if (faults.length > 0) this.broken++;
    for (const [ending, times] of endings) {
      this.#endings.set(ending, (this.#endings.get(ending) ?? 0) + times);
    }
  }

  /** One text for the traces of all worlds. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** The outcomes of calls, the most frequent first. */
  get endings(): string {
    return [...this.#endings].sort((a, b) => b[1] - a[1]).map(([ending, times]) => `${ending}: ${times}`)
      .join(", ");
  }

  /** The figures in one line. */
  get figures(): string {
    const simulated = this.#simulatedMs / 1_000;
    const rates = (seconds: number): string =>
      `(${Math.round(simulated / seconds)} simulated s/s, ${
        Math.round(this.operations / seconds)
      } operations/s)`;
    const seconds = (performance.now() - this.#began) / 1_000;
    const cpu = (cpuTime() - this.#beganCpu) / 1_000;
    return `${this.worlds} seeds, ${this.operations} operations, ${Math.round(simulated)} simulated s in ` +
      `${seconds.toFixed(1)} s ${rates(seconds)}; ${cpu.toFixed(1)} s of CPU ${rates(cpu)}; ` +
      `${this.replayed} outcomes replayed; ${this.#undecided} keys undecided; ${this.broken} broken`;
  }
}
