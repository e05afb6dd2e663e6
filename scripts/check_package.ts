/**
 * Builds the npm package, installs it as users do, and tests it: on each version of Node, on Bun and Deno, with
 * versions of TypeScript, in bundles and test runners, with package linters, and with the project's own tests.
 *
 *     ./scripts/check-package               all of it
 *     ./scripts/check-package pool          with the test files that have "pool" in their path, instead of a selection
 *     ./scripts/check-package --quick       what `./scripts/test` runs: the oldest and the newest Node, one way to resolve modules,
 *                                           few test files, and nothing that needs further programs
 *
 * @module
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { startServer } from "../tests/harness/server.ts";
import { buildIoredis, buildNpm } from "./build_npm.ts";
import { checkBundlers } from "./package/bundlers.ts";
import { type Bench, tool } from "./package/project.ts";
import { Report, run } from "./package/report.ts";
import { checkRuntimes } from "./package/runtimes.ts";
import { checkStandIn } from "./package/stand_in.ts";
import { makeSuite, publicTests, runSuite } from "./package/suite.ts";
import { checkTestRunners } from "./package/test_runners.ts";
import { checkTypes } from "./package/typescript.ts";
import { readOptions } from "./testing/options.ts";
import { killAll } from "./testing/run_command.ts";

const USAGE = `Builds the npm package, installs it as users do, and tests it.

    ./scripts/check-package [--quick] [PART...]

--quick   the oldest and the newest Node, one way to resolve modules, few test files; without old
          TypeScript, Jest, Vitest, Vite and executables
PART      runs the test files with one of these parts in their path, instead of a selection`;

const { values, positionals: wanted } = readOptions(USAGE, {
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false } },
});

/** Run against the package without being asked for: the door, and what depends most on how the code was built. */
const SELECTION = [
  "tests/core",
  "tests/examples",
  "tests/iterators",
  "tests/observe/diagnostics",
  "tests/pipeline/pipeline",
  "tests/pubsub/listeners",
  "tests/scripts",
  "tests/transactions",
];

/** The files that show most of the package in the shortest time. */
const QUICK = [
  "tests/core",
  "tests/observe/diagnostics",
  "tests/scripts/scripts",
  "tests/transactions/watch",
];

const root = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "keywire-package-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    killAll();
    process.exit(130);
  });
}

const everything = !values.quick;

const report = new Report();
const tarball = await buildNpm();
console.log(`built  ${basename(tarball)}: ${Math.round(statSync(tarball).size / 1024)} kB`);

await report.check(
  "publint",
  () => run(root, tool({ root }, "publint"), ["--strict", tarball]).then(() => {}),
);
if (everything) {
  await report.check(
    "arethetypeswrong",
    () => run(root, tool({ root }, "attw"), [tarball, "--format", "ascii"]).then(() => {}),
  );
}

const server = await startServer();
try {
  const bench: Bench = { root, scratch, tarball, env: { REDIS_URL: server.url }, report };
  await checkRuntimes(bench, everything);
  await checkTypes(bench, everything);
  await checkBundlers(bench, everything);
  if (everything) await checkTestRunners(bench);
  await checkStandIn(bench, await buildIoredis(), everything);
} finally {
  await server.stop();
}

const folders = wanted.length > 0 ? wanted : everything ? SELECTION : QUICK;
const files = publicTests(root).filter((file) => folders.some((word) => file.includes(word)));
await report.check(`the suite (${files.length} files) on all runtimes`, async () => {
  const folder = await makeSuite(root, tarball);
  return `${await runSuite(folder, root, files)} passed`;
});

console.log(
  report.failed === 0 ? "The package is in order." : `${report.failed} checks of the package failed.`,
);
process.exit(report.failed === 0 ? 0 : 1);
