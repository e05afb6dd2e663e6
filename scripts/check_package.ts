/**
 * Builds the npm package, installs it as users do, and tries it: on each version of Node, on Bun and Deno, in
 * TypeScript, in bundles, with the linters of packages, and with the project's own tests.
 *
 *     ./scripts/check-package               all of it
 *     ./scripts/check-package pool          with the test files that have "pool" in their path, instead of a selection
 *
 * @module
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { startServer } from "../tests/harness/server.ts";
import { buildNpm } from "./build_npm.ts";
import { findNodes } from "./package/nodes.ts";
import { CJS, ESM, GOOD, TYPED } from "./package/programs.ts";
import { Report, run } from "./package/report.ts";
import { makeSuite, publicTests, runSuite } from "./package/suite.ts";
import { killAll } from "./testing/run_command.ts";

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

const root = fileURLToPath(new URL("..", import.meta.url));
const tool = (name: string): string => join(root, "node_modules", ".bin", name);
const scratch = mkdtempSync(join(tmpdir(), "keywire-package-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    killAll();
    process.exit(130);
  });
}

/** An empty project with these files. */
function project(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of Object.entries({ "package.json": '{ "private": true }', ...files })) {
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const report = new Report();
const tarball = buildNpm();
console.log(`built  ${basename(tarball)}: ${Math.round(statSync(tarball).size / 1024)} kB`);
const install = (folder: string): Promise<string> =>
  run(folder, "npm", ["install", "--no-audit", "--no-fund", tarball]);

await report.check("publint", () => run(root, tool("publint"), ["--strict", tarball]).then(() => {}));
await report.check(
  "arethetypeswrong",
  () => run(root, tool("attw"), [tarball, "--profile", "esm-only", "--format", "ascii"]).then(() => {}),
);

const server = await startServer();
const env = { REDIS_URL: server.url };
try {
  const programs = { "program.mjs": ESM, "program.cjs": CJS };
  const plain = project("node", programs);
  await install(plain);
  for (const { name, program } of findNodes(root)) {
    await report.check(`${name}: import and require`, async () => {
      await run(plain, program, ["program.mjs"], env, GOOD);
      await run(plain, program, ["program.cjs"], env, GOOD);
    });
  }

  const bun = project("bun", programs);
  await report.check("Bun: bun add, import and require", async () => {
    await run(bun, tool("bun"), ["add", tarball], { BUN_INSTALL_CACHE_DIR: join(scratch, "bun-cache") });
    await run(bun, tool("bun"), ["program.mjs"], env, GOOD);
    await run(bun, tool("bun"), ["program.cjs"], env, GOOD);
  });
  await report.check("Deno: npm:@keywire/redis", async () => {
    writeFileSync(join(plain, "deno.json"), '{ "nodeModulesDir": "manual" }');
    writeFileSync(join(plain, "program.deno.mjs"), ESM.replaceAll('"@keywire', '"npm:@keywire'));
    await run(plain, tool("deno"), ["run", "--allow-net", "--allow-env", "program.deno.mjs"], env, GOOD);
  });

  const typed = project("types", { "typed.mts": TYPED, "typed.cts": TYPED });
  await install(typed);
  const strict = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "false",
    "--target",
    "es2022",
    "--exactOptionalPropertyTypes",
  ];
  const modes: readonly [string, readonly string[]][] = [
    ["nodenext", ["--module", "nodenext", "--moduleResolution", "nodenext", "typed.mts", "typed.cts"]],
    ["bundler", ["--module", "esnext", "--moduleResolution", "bundler", "typed.mts"]],
  ];
  for (const [name, args] of modes) {
    await report.check(`TypeScript: ${name}, strict, no @types/node`, async () => {
      await run(typed, tool("tsc"), [...strict, "--types", "", ...args]);
    });
  }
  await report.check("TypeScript: @types/node, without the types of the DOM", async () => {
    const types = ["--lib", "es2023", "--types", "node", "--typeRoots", join(root, "node_modules", "@types")];
    await run(typed, tool("tsc"), [...strict, ...types, ...modes[0]![1]]);
  });

  const small = 'import { Redis } from "@keywire/redis"; globalThis.kept = Redis;';
  const bundles = project("bundles", { "program.mjs": ESM, "small.mjs": small });
  await install(bundles);
  await report.check("esbuild", async () => {
    const args = ["--bundle", "--platform=node", "--format=esm", "--log-level=warning"];
    await run(bundles, tool("esbuild"), ["program.mjs", ...args, "--outfile=out/esbuild.mjs"]);
    await run(bundles, tool("node"), ["out/esbuild.mjs"], env, GOOD);
    await run(bundles, tool("esbuild"), ["small.mjs", ...args, "--minify", "--outfile=out/small.mjs"]);
    const bytes = readFileSync(join(bundles, "out", "small.mjs"));
    const kilo = (size: number) => `${(size / 1000).toFixed(1)} kB`;
    return `{ Redis } is ${kilo(bytes.length)} minified, ${kilo(gzipSync(bytes).length)} with gzip`;
  });
  await report.check("bun build", async () => {
    for (const target of ["bun", "node"]) {
      const out = `out/${target}.mjs`;
      await run(bundles, tool("bun"), ["build", "program.mjs", `--target=${target}`, `--outfile=${out}`]);
      await run(bundles, tool(target), [out], env, GOOD);
    }
  });
} finally {
  await server.stop();
}

const words = process.argv.slice(2);
const wanted = words.length > 0 ? words : SELECTION;
const files = publicTests(root).filter((file) => wanted.some((word) => file.includes(word)));
await report.check(`the suite (${files.length} files) on all runtimes`, async () => {
  const folder = await makeSuite(root, tarball);
  return `${await runSuite(folder, root, files)} passed`;
});

console.log(
  report.failed === 0 ? "The package is in order." : `${report.failed} checks of the package failed.`,
);
process.exit(report.failed === 0 ? 0 : 1);
