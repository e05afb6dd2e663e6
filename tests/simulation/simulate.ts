/**
 * Runs one world and judges it.
 *
 * @module
 */
import { derive } from "../harness/dice.ts";
import { judge } from "./judge.ts";
import { runWorld } from "./run.ts";
import type { Scenario } from "./scenario.ts";

/** One world in so many counts what its clients keep, which takes a while. */
const COUNTED = 24;

/** The result of a run. */
export interface RunResult {
  /** The violations; empty if all promises were kept. */
  readonly faults: readonly string[];
  /** Keys whose history was too long to be judged. */
  readonly undecided: number;
  /** A number that is the same for the same run. */
  readonly hash: string;
  readonly operations: number;
  readonly simulatedMs: number;
  readonly endings: ReadonlyMap<string, number>;
  /** The events, line by line, if requested. */
  readonly lines: readonly string[];
}

/** Runs a scenario. */
export async function simulate(scenario: Scenario, verbose: boolean = false): Promise<RunResult> {
  const counted = derive(scenario.seed, 12) % COUNTED === 0;
  const world = await runWorld(scenario, { verbose, counted });
  const all = judge(world.history);
  const faults = all.filter((fault) => !fault.startsWith("undecided"));
  return {
    faults,
    undecided: all.length - faults.length,
    hash: world.recorder.trace.hash,
    operations: world.history.operations.length,
    simulatedMs: world.now,
    endings: world.recorder.endings,
    lines: world.recorder.trace.lines,
  };
}
