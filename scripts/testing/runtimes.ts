/**
 * The commands that run a test file and write a report, by runtime.
 *
 * @module
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The runtimes, in the order in which they are run. */
export const RUNTIMES = ["deno", "bun", "node"] as const;

/** A runtime's name. */
export type Runtime = typeof RUNTIMES[number];

/** Milliseconds that one test may take on Bun, whose own default of 5 s is too short for a failover. */
const BUN_LIMIT = 60_000;

const STRAYS = fileURLToPath(new URL("./deno_strays.ts", import.meta.url));

/** The arguments by which a runtime tests one file. Types are checked apart, once. */
export function testArguments(runtime: Runtime, file: string, report: string): string[] {
  switch (runtime) {
    case "deno":
      return ["test", "-A", "--no-check", `--preload=${STRAYS}`, `--junit-path=${report}`, file];
    case "bun":
      // A path that is not absolute would be a pattern.
      return [
        "test",
        `--timeout=${BUN_LIMIT}`,
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        resolve(file),
      ];
    case "node":
      // Without --test, so that the file runs in this very process, which ends only if the tests left nothing open.
      return [
        "--test-reporter=junit",
        `--test-reporter-destination=${report}`,
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        file,
      ];
  }
}
