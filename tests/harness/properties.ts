/**
 * fast-check with a seed: the suite generates the same examples each time.
 *
 * `KEYWIRE_SEED` is another seed; `KEYWIRE_FRESH=1` takes one that no run has had, and a failure prints it.
 *
 * @module
 */
import process from "node:process";
import fc from "fast-check";

const { KEYWIRE_FRESH, KEYWIRE_SEED } = process.env;
if (KEYWIRE_FRESH !== "1") fc.configureGlobal({ seed: Number(KEYWIRE_SEED ?? 1) });

export default fc;
