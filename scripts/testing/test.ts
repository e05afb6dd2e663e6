/**
 * Runs the checks and the tests of Keywire, from source, on Deno, Bun and Node.
 *
 * `./scripts/test` runs everything; `./scripts/test deno pool` only what has "pool" in its path, on Deno. Each file
 * runs in its own process. On two cores three files run at a time, as each waits now and then, and two more of those
 * that mostly wait for servers. The last line is `N passed, N failed`, with `, N skipped` if any; the exit code is 0
 * only if a test passed (or only checks were requested) and nothing failed.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { listChecks, runCheck } from "./checks.ts";
import { type Job, mostlyWaits, runJobs } from "./jobs.ts";
import { killAll } from "./run_command.ts";
import { listTestFiles, select, type Selection } from "./select.ts";
import { type JobResult, testFile } from "./test_file.ts";
import { installWorkerd } from "./workerd.ts";

/** Milliseconds for one file on one runtime. */
const LIMIT = 120_000;
/** Milliseconds for one check; that of the package is many in one. */
const CHECK_LIMIT = 900_000;
const MOST_AT_ONCE = 4;

/** A check is its own failure; a file has named ones. */
const fullName = (title: string, name: string) => title === name ? title : `${title} > ${name}`;

const root = fileURLToPath(new URL("../..", import.meta.url));
process.chdir(root);
// Each file runs in a process of its own; with the cache, Node compiles the sources once and not in each of them.
process.env.NODE_COMPILE_CACHE ??= join(root, ".cache", "node-compile");
const program = (name: string) => join(root, "node_modules", ".bin", name);

function listJobs(selection: Selection, folder: string): Job[] {
  const checks = selection.checks ? listChecks(root, selection.files.length > 0) : [];
  return [
    ...checks.map((check) => ({
      title: check.name,
      waits: false,
      run: () => runCheck(check, program(check.runtime), CHECK_LIMIT),
    })),
    ...selection.runtimes.flatMap((runtime) =>
      selection.files.map((file) => ({
        title: `${runtime.padEnd(4)} ${file}`,
        waits: mostlyWaits(file),
        run: () => testFile(runtime, program(runtime), file, folder, LIMIT),
      }))
    ),
  ];
}

function show(title: string, { passed, skipped, failures, notes = [] }: JobResult, seconds: number): void {
  const counts = passed + skipped > 0 ? `  ${passed} passed${skipped > 0 ? `, ${skipped} skipped` : ""}` : "";
  console.log(`${failures.length === 0 ? "ok    " : "FAILED"} ${title}${counts}  (${seconds.toFixed(1)} s)`);
  for (const note of notes) console.log(`         ${note}`);
  for (const { name, message } of failures) {
    console.log(`\n  ${fullName(title, name)}\n${message.trim().replace(/^/gm, "    ")}\n`);
  }
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  process.once(signal, () => {
    killAll();
    process.exit(code);
  });
}

function readSelection(): Selection {
  try {
    return select(process.argv.slice(2), listTestFiles(root));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}

const selection = readSelection();
if (selection.runtimes.includes("node")) installWorkerd(root, selection.files);
const folder = mkdtempSync(join(tmpdir(), "keywire-test-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const atOnce = Math.min(MOST_AT_ONCE, Math.max(2, availableParallelism()));
// A server that all share is emptied by each file that starts.
const lanes = process.env.KEYWIRE_TEST_URL ? { busy: 1, waiting: 0 } : { busy: atOnce + 1, waiting: atOnce };

let [passed, skipped, failed] = [0, 0, 0];
const failures: string[] = [];
await runJobs(listJobs(selection, folder), lanes, (job, result, seconds) => {
  show(job.title, result, seconds);
  passed += result.passed;
  skipped += result.skipped;
  failed += result.failures.length;
  failures.push(...result.failures.map(({ name }) => `  ${fullName(job.title, name)}`));
});
if (passed === 0 && failed === 0 && (selection.files.length > 0 || !selection.checks)) {
  failed = 1;
  failures.push("  no test was run");
}
if (failures.length > 0) console.log(`\nFailed:\n${failures.join("\n")}\n`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failed === 0 ? 0 : 1);
