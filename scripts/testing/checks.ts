/**
 * The checks besides the tests: format, lint, types, layers, and the docs of exports.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./run_command.ts";
import type { JobResult } from "./test_file.ts";

/** A check: a program and its arguments. */
export interface Check {
  /** The name of the check. */
  readonly name: string;
  /** `"deno"` or `"node"`. */
  readonly runtime: "deno" | "node";
  /** The arguments. */
  readonly args: readonly string[];
}

/** The checks of the project in `root`; the slow ones only where everything is wanted. */
export function listChecks(root: string, everything: boolean): Check[] {
  const { exports } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8")) as {
    exports: Record<string, string>;
  };
  return [
    { name: "format (deno fmt)", runtime: "deno", args: ["fmt", "--check"] },
    { name: "lint (deno lint)", runtime: "deno", args: ["lint"] },
    { name: "types (scripts/check_types.ts)", runtime: "node", args: ["scripts/check_types.ts"] },
    { name: "budgets (scripts/check_budgets.ts)", runtime: "node", args: ["scripts/check_budgets.ts"] },
    { name: "layers (scripts/check_layers.ts)", runtime: "node", args: ["scripts/check_layers.ts"] },
    // The types of the examples, and those of the published files, are checked above, once.
    {
      name: "examples (scripts/check_docs.ts)",
      runtime: "node",
      args: ["scripts/check_docs.ts", "--no-check"],
    },
    {
      name: "jsr (deno publish --dry-run)",
      runtime: "deno",
      args: ["publish", "--dry-run", "--allow-dirty", "--quiet", "--no-check"],
    },
    ...everything
      ? [{
        name: "package (scripts/check_package.ts)",
        runtime: "node" as const,
        args: ["scripts/check_package.ts", "--quick"],
      }]
      : [],
    { name: "docs (deno doc --lint)", runtime: "deno", args: ["doc", "--lint", ...Object.values(exports)] },
  ];
}

/** `deno doc` resolves `@types/node` in its own way and warns of each of its files: not our concern. */
const NOISE = /^Warning Failed resolving types\..*\n\s+at .*\n/gm;

/** Runs a check. One that is in order does not count as a test; one that is not, counts as a failure. */
export async function runCheck(check: Check, program: string, limit: number): Promise<JobResult> {
  const { code, output: all, timedOut } = await runCommand(program, check.args, limit);
  const output = all.replace(NOISE, "");
  if (code === 0) return { passed: 0, skipped: 0, failures: [] };
  const message = timedOut ? `It did not end within ${limit / 1000} s.\n${output}` : output;
  return { passed: 0, skipped: 0, failures: [{ name: check.name, message: message.trim() }] };
}
