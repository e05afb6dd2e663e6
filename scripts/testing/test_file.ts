/**
 * Runs one test file on one runtime, in its own process, to isolate leaks and crashes.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readJunit } from "./junit.ts";
import { type CommandResult, runCommand } from "./run_command.ts";
import { type Runtime, testArguments } from "./runtimes.ts";

/** A failure. */
export interface Failure {
  /** The name of the test or of the problem. */
  readonly name: string;
  /** The reason. */
  readonly message: string;
}

/** The result of a job. */
export interface JobResult {
  /** Tests that passed. */
  readonly passed: number;
  /** Tests that were skipped. */
  readonly skipped: number;
  /** The failures; each counts as one. */
  readonly failures: readonly Failure[];
  /** Lines that its tests print (`tests/harness/notes.ts`). */
  readonly notes?: readonly string[];
}

function lastLines(output: string, count = 40): string {
  return output.trimEnd().split("\n").slice(-count).join("\n");
}

/** Returns the problems of a run besides failed tests; `stray` are errors outside of tests. */
function breakdown(
  { code, signal, output, timedOut }: CommandResult,
  limit: number,
  cases: number | undefined,
  failed: number,
  stray: string | undefined,
): Failure | undefined {
  const tail = lastLines(output);
  const end = `Ended with ${signal ?? `code ${code}`}.\n${stray ?? ""}${tail}`;
  if (timedOut) {
    const message =
      `It did not end within ${limit / 1000} s and was killed: a test hangs, or something was left ` +
      `open (a socket, a timer). Its last lines:\n${tail}`;
    return { name: "(the file hung)", message };
  }
  if (cases === undefined) return { name: "(the file did not run to its end)", message: end };
  if (cases === 0) return { name: "(no test in the file was run)", message: end };
  if (failed > 0) return undefined;
  return code !== 0 || stray !== undefined
    ? { name: "(something outside of the tests failed)", message: end }
    : undefined;
}

/**
 * Tests a file.
 *
 * @param program the runtime's program
 * @param folder where the report may be written
 * @param limit milliseconds for the whole file
 * @param variables what its environment has beside ours
 */
export async function testFile(
  runtime: Runtime,
  program: string,
  file: string,
  folder: string,
  limit: number,
  variables: Readonly<Record<string, string>> = {},
): Promise<JobResult> {
  const report = join(folder, `${runtime}-${file.replaceAll("/", "-")}.xml`);
  const strays = `${report}.strays`;
  const args = testArguments(runtime, file, report);
  const notes = `${report}.notes`;
  const environment = { ...variables, KEYWIRE_STRAYS: strays, KEYWIRE_NOTES: notes };
  const result = await runCommand(program, args, limit, environment);
  const cases = existsSync(report) ? readJunit(readFileSync(report, "utf8"), runtime) : undefined;
  const failures: Failure[] = (cases ?? []).filter((test) => test.outcome === "failed");
  const stray = existsSync(strays) ? readFileSync(strays, "utf8") : undefined;
  const broken = breakdown(result, limit, cases?.length, failures.length, stray);
  return {
    passed: cases?.filter((test) => test.outcome === "passed").length ?? 0,
    skipped: cases?.filter((test) => test.outcome === "skipped").length ?? 0,
    failures: broken === undefined ? failures : [...failures, broken],
    notes: existsSync(notes) ? readFileSync(notes, "utf8").trimEnd().split("\n") : [],
  };
}
