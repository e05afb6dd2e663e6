/**
 * The project's own tests, run against the package that was built: a folder like the project, in which each entry point
 * re-exports the one of the package.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Runtime, RUNTIMES } from "../testing/runtimes.ts";
import { testFile } from "../testing/test_file.ts";
import { listEntries } from "./entries.ts";
import { run } from "./report.ts";

/** The files that tests need besides the library. */
const COPIED = ["tests", "scripts", "examples", "package.json", "src", "transports"];

/**
 * Makes the folder, in `.cache/`, where the tests' imports from npm are found above it. Its name changes with the
 * tarball: Deno caches compiled CommonJS by path, and would run the chunks of an earlier build.
 */
export async function makeSuite(root: string, tarball: string): Promise<string> {
  const suites = join(root, ".cache", "package-suite");
  rmSync(suites, { recursive: true, force: true });
  const folder = join(suites, createHash("sha256").update(readFileSync(tarball)).digest("hex").slice(0, 12));
  const home = join(folder, "node_modules", "@keywire", "redis");
  mkdirSync(home, { recursive: true });
  await run(root, "tar", ["-xzf", tarball, "-C", home, "--strip-components=1"]);
  for (const name of COPIED) cpSync(join(root, name), join(folder, name), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as object;
  const dependencies = { "@keywire/redis": "*" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ ...manifest, dependencies }));
  const { name, ...config } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8")) as {
    readonly name: string;
    readonly exports: Readonly<Record<string, string>>;
  };
  const entries = listEntries(config.exports).map(({ key, source }) => [source, key.replace(".", name)]);
  for (const [source, specifier] of [...entries, ["src/errors.ts", name]]) {
    writeFileSync(join(folder, source!), `export * from "${specifier}";\n`);
  }
  // Without its name, as Deno would take the folder itself for the package.
  writeFileSync(join(folder, "deno.json"), JSON.stringify({ ...config, exports: "./mod.ts" }));
  return folder;
}

/** Returns the tests of the public API: those that import entry points, and those of the commands. */
export function publicTests(root: string): string[] {
  return readdirSync(join(root, "tests"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => join("tests", path))
    .filter((path) => /"(\.\.\/)+(mod|src\/commands\/mod)\.ts"/.test(readFileSync(join(root, path), "utf8")))
    .filter((path) => !path.startsWith(join("tests", "project")) && existsSync(join(root, path)))
    .sort();
}

/** Runs files of the suite, on all runtimes; returns how many tests passed. */
export async function runSuite(folder: string, root: string, files: readonly string[]): Promise<number> {
  const before = globalThis.process.cwd();
  globalThis.process.chdir(folder);
  let passed = 0;
  try {
    const jobs = RUNTIMES.flatMap((runtime): [Runtime, string][] => files.map((file) => [runtime, file]));
    const failures: string[] = [];
    const work = async (): Promise<void> => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
        const [runtime, file] = job;
        const program = join(root, "node_modules", ".bin", runtime);
        const result = await testFile(runtime, program, file, folder, 120_000);
        passed += result.passed;
        failures.push(
          ...result.failures.map(({ name, message }) =>
            `${runtime} ${file} > ${name}\n${message.slice(0, 2_000)}`
          ),
        );
      }
    };
    await Promise.all([work(), work()]);
    if (failures.length > 0) throw new Error(failures.join("\n\n"));
  } finally {
    globalThis.process.chdir(before);
  }
  return passed;
}
