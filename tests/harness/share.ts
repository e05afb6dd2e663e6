/**
 * Deals generated work to the runtimes: each of the three plays a third of the seeds, and together they play all. For
 * models in simulated time, which behave alike everywhere.
 *
 * `KEYWIRE_SHARE=all` plays everything on one runtime.
 *
 * @module
 */
import process from "node:process";

/** The number of runtimes that share the work. */
export const RUNTIMES = 3;
/** The number of this one, from 0. */
export const OWN: number = "Deno" in globalThis ? 0 : "Bun" in globalThis ? 1 : 2;

const all = process.env.KEYWIRE_SHARE === "all";

/** Whether this runtime plays this seed, or this step of a count. */
export function isDealt(seed: number): boolean {
  return all || seed % RUNTIMES === OWN;
}
