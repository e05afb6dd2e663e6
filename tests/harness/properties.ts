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

/** The parameters for `count` examples in all: each runtime plays a third of them, with a seed of its own. */
export function dealtRuns(count: number): { readonly numRuns: number; readonly seed?: number } {
  const numRuns = Math.ceil(count / RUNTIMES);
  return seed === undefined ? { numRuns } : { numRuns, seed: seed + OWN };
}

export default fc;
