/**
 * Compares the cost of a command with another commit, for use before a merge: `./scripts/regression [REF]` (default `HEAD~1`)
 * checks the commit out under `.cache`, and runs `scripts/benchmarks/hot_path.ts` with both on Deno, Bun and Node. The
 * versions take turns, and processor time is measured, so that a busy machine matters less.
 *
 * The exit code is 1 if a median is more than 3 % above the other commit's and the lower quartile is above it, too: then
 * the difference is no noise. It is no test: run it on an idle machine, and again if it fails.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const LIMIT = 1.03;
const RATIO = /^ +(\d+) at once .* x([\d.]+) \(([\d.]+) to ([\d.]+)\)$/;
const RUN = { deno: ["run", "-A"], bun: [], node: [] } as const;

const reference = process.argv[2] ?? "HEAD~1";
if (reference.startsWith("-")) {
  console.log("./scripts/regression [REF]: the cost of a command beside another commit's (default HEAD~1)");
  process.exit(reference === "--help" || reference === "-h" ? 0 : 2);
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

try {
  git("rev-parse", "--verify", `${reference}^{commit}`);
} catch {
  console.error(`There is no commit ${reference} in this clone.`);
  process.exit(2);
}

/** Checks the commit out, once, with the tools of this checkout. */
function checkOut(ref: string): string {
  const commit = git("rev-parse", "--verify", `${ref}^{commit}`);
  const folder = join(root, ".cache", `commit-${commit.slice(0, 12)}`);
  if (!existsSync(folder)) {
    git("clone", "--quiet", "--shared", "--no-checkout", ".", folder);
    execFileSync("git", ["checkout", "--quiet", commit], { cwd: folder });
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  }
  return folder;
}

const folder = checkOut(reference);
console.log(`This checkout beside ${git("log", "-1", "--format=%h %s", reference)}`);
let slower = 0;
for (const [runtime, flags] of Object.entries(RUN)) {
  const program = join(root, "node_modules", ".bin", runtime);
  const args = [...flags, join(root, "scripts/benchmarks/hot_path.ts"), folder];
  const output = execFileSync(program, args, { cwd: root, encoding: "utf8" });
  for (const line of output.split("\n")) {
    const [, together, median, low, high] = RATIO.exec(line) ?? [];
    if (median === undefined) continue;
    const bad = Number(median) > LIMIT && Number(low) > 1;
    if (bad) slower++;
    console.log(
      `${bad ? "SLOWER" : "ok    "} ${runtime.padEnd(4)} ${together!.padStart(5)} at once: ` +
        `${median} of the time (${low} to ${high})`,
    );
  }
}
console.log(slower === 0 ? "No workload is slower." : `${slower} workloads are more than 3 % slower.`);
process.exit(slower === 0 ? 0 : 1);
