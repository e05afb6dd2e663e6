/**
 * Tries the package in the test runners that people use, with their default configurations.
 *
 * @module
 */
import { join } from "node:path";
import { CJS, ESM, GOOD } from "./programs.ts";
import { type Bench, installedProject } from "./project.ts";
import { run } from "./report.ts";
import { toolFolder } from "./tools.ts";

const JEST = { jest: "30.5.2" };
const VITEST = { vitest: "5.1.1" };

/** Returns a test that waits for the success message of the program. */
const asTest = (program: string): string =>
  program.replace("\nmain();\n", '\ntest("the package works", () => main());\n');

/** Runs the program as a test of Jest and of Vitest. */
export async function checkTestRunners(bench: Bench): Promise<void> {
  const jest = await installedProject(
    bench,
    "jest",
    { "program.test.js": asTest(CJS) },
    toolFolder(bench.root, "jest", JEST),
  );
  await bench.report.check("Jest 30", async () => {
    await run(jest, join(jest, "node_modules", ".bin", "jest"), [], bench.env, GOOD);
  });
  const imports = 'import { test } from "vitest";\n';
  const vitest = await installedProject(
    bench,
    "vitest",
    { "program.test.mjs": imports + asTest(ESM) },
    toolFolder(bench.root, "vitest", VITEST),
  );
  await bench.report.check("Vitest", async () => {
    await run(vitest, join(vitest, "node_modules", ".bin", "vitest"), ["run"], bench.env, GOOD);
  });
}
