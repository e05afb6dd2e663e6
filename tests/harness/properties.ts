/**
 * fast-check with a seed: the suite generates the same examples each time.
 *
 * `KEYWIRE_SEED` is another seed; `KEYWIRE_FRESH=1` takes one that no run has had, and a failure prints it.
 *
 * @module
 */
import process from "node:process";
import fc from "fast-check";
import { OWN, RUNTIMES } from "./share.ts";

const { KEYWIRE_FRESH, KEYWIRE_SEED } = process.env;
const seed = KEYWIRE_FRESH === "1" ? undefined : Number(KEYWIRE_SEED ?? 1);
if (seed !== undefined) fc.configureGlobal({ seed });

/** Returns the parameters for a third of `count` examples. Each runtime has another seed, so together they play `count`. */
export function dealtRuns(count: number): { readonly numRuns: number; readonly seed?: number } {
  const numRuns = Math.ceil(count / RUNTIMES);
  return seed === undefined ? { numRuns } : { numRuns, seed: seed + OWN };
}

export default fc;
