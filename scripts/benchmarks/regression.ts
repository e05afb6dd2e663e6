/**
 * Compares the cost of a command with another commit, for use before a merge: `./scripts/regression [REF]` (default `HEAD~1`)
 * checks the commit out under `.cache`, and that of the baseline in `bench/baseline.json`, and runs
 * `scripts/benchmarks/hot_path.ts` with all of them on Deno, Bun and Node. The versions take turns, and processor time
 * is measured, so that a busy machine matters less. `--short` measures fewer rounds.
 *
 * The exit code is 1 if a median is more than 3 % above the other commit's, or 10 % above the baseline's, which shows many
 * small losses. The quartile must be above it, too: otherwise the difference may be noise. It is no test: run it on an idle
 * machine, and again if it fails.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { checkOut, findCommit, git, ROOT } from "./checkout.ts";

const RATIO = /^ +(\d+) at once +\d+ ns +(\S+) +x([\d.]+) \(([\d.]+) to ([\d.]+)\)$/;
const RUN = { deno: ["run", "-A", "--no-check"], bun: [], node: [] } as const;
const short = process.argv.includes("--short");

const reference = process.argv.slice(2).find((word) => word !== "--short") ?? "HEAD~1";
if (reference.startsWith("-")) {
  console.log(
    "./scripts/regression [--short] [REF]: the cost of a command beside another commit's (default HEAD~1) and the baseline's",
  );
  process.exit(reference === "--help" || reference === "-h" ? 0 : 2);
}

/** A commit to compare with. */
interface Other {
  readonly name: string;
  readonly folder: string;
  /** The maximum of this checkout's cost by that commit's. */
  readonly limit: number;
}

function otherOf(name: string, commit: string, limit: number): Other {
  console.log(`${name}: ${git("log", "-1", "--format=%h %s", commit)}`);
  return { name, folder: checkOut(commit), limit };
}

const commit = findCommit(reference);
if (commit === undefined) {
  console.error(`There is no commit ${reference} in this clone.`);
  process.exit(2);
}
const others = [otherOf(reference, commit, 1.03)];
const baselineFile = join(ROOT, "bench", "baseline.json");
if (existsSync(baselineFile)) {
  const { commit: named } = JSON.parse(readFileSync(baselineFile, "utf8")) as { commit: string };
  const baseline = findCommit(named);
  if (baseline === undefined) console.log(`baseline: this clone does not have its commit ${named}`);
  else if (baseline !== commit) others.push(otherOf("baseline", baseline, 1.1));
}

let slower = 0;
for (const [runtime, flags] of Object.entries(RUN)) {
  const program = join(ROOT, "node_modules", ".bin", runtime);
  const script = join(ROOT, "scripts/benchmarks/hot_path.ts");
  const args = [...flags, script, ...short ? ["--short"] : [], ...others.map(({ folder }) => folder)];
  const output = execFileSync(program, args, { cwd: ROOT, encoding: "utf8" });
  for (const line of output.split("\n")) {
    const [, together, folder, ...figures] = RATIO.exec(line) ?? [];
    const other = others.find((one) => one.folder === folder);
    if (other === undefined) continue;
    // The line has the other commit's cost by that of this checkout.
    const [median, high, low] = figures.map((figure) => 1 / Number(figure)) as [number, number, number];
    const isSlower = median > other.limit && low > 1;
    if (isSlower) slower++;
    console.log(
      `${isSlower ? "SLOWER" : "ok    "} ${runtime.padEnd(4)} ${together!.padStart(5)} at once: ` +
        `${median.toFixed(3)} of the time of ${other.name} (${low.toFixed(3)} to ${high.toFixed(3)})`,
    );
  }
}
console.log(
  slower === 0 ? "No workload is slower." : `${slower} workloads are slower than the limits allow.`,
);
process.exit(slower === 0 ? 0 : 1);
