/**
 * Checks all types at once, in one run of the compiler: sources, tests, the examples in comments, and the code of
 * README.md and `docs/`. The code itself runs elsewhere: in `check_docs.ts`, and in `tests/docs/`.
 *
 *     node_modules/.bin/node scripts/check_types.ts
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { CONNECTION_PAGES, PAGES } from "../tests/docs/pages.ts";
import { DocPage } from "../tests/harness/doc_blocks.ts";
import { runCommand } from "./testing/run_command.ts";

const LIMIT = 600_000;
const CHECKED = [
  "mod.ts",
  "core.ts",
  "base.ts",
  "testing.ts",
  "ioredis.ts",
  "cli.ts",
  "src",
  "transports",
  "tests",
  "scripts",
  "examples",
];
const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

// A file outside of the project finds no packages.
const replacements = { '"@opentelemetry/api"': JSON.stringify(import.meta.resolve("@opentelemetry/api")) };
const pages = [...PAGES, ...CONNECTION_PAGES].map((name) => new DocPage(name, replacements));
try {
  const files = [...CHECKED.filter((path) => existsSync(path)), ...pages.flatMap((page) => page.files)];
  const deno = join(root, "node_modules", ".bin", "deno");
  const { code, output } = await runCommand(deno, ["check", "--quiet", "--doc", ...files], LIMIT);
  if (code !== 0) console.error(output);
  process.exitCode = code === 0 ? 0 : 1;
} finally {
  for (const page of pages) page.remove();
}
