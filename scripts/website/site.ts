/**
 * Builds the website into `dist/site`: the guides with search, by VitePress, and the API reference, by `deno doc`.
 *
 *     ./scripts/site            builds and checks all links
 *     ./scripts/site --serve    serves the result, too
 *
 * VitePress is installed into `.cache/site`, not into the project.
 *
 * @module
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { readOptions } from "../testing/options.ts";
import { runCommand } from "../testing/run_command.ts";
import { writeConfig } from "./config.ts";
import { brokenLinks } from "./links.ts";
import { writePages } from "./pages.ts";
import { serveFolder } from "./serve.ts";

const USAGE = `Builds the website into dist/site: the guides with search, and the API reference.

    ./scripts/site [--serve]

--serve   serves the result, too`;

const { values } = readOptions(USAGE, { options: { serve: { type: "boolean", default: false } } });
const VITEPRESS = "1.6.4";
const LIMIT = 600_000;
const root = fileURLToPath(new URL("../..", import.meta.url));
const work = join(root, ".cache/site");
const pages = join(work, "pages");
const output = join(root, "dist/site");
const ENTRIES = [
  ..."mod core base testing ioredis src/commands/mod src/observe/otel".split(" "),
  ..."deno bun node memory workerd".split(" ").map((name) => `transports/${name}`),
].map((name) => `${name}.ts`).filter((path) => existsSync(join(root, path)));

/** Runs a program. Throws with its output if it fails. */
async function run(command: string, args: readonly string[], cwd: string = root): Promise<void> {
  const { code, output } = await runCommand(command, [...args], LIMIT, {}, cwd);
  if (code !== 0) throw new Error(`${command} ${args.slice(0, 3).join(" ")} failed:\n${output}`);
}

mkdirSync(work, { recursive: true });
if (!existsSync(join(work, "node_modules/vitepress"))) {
  console.log(`Installing VitePress ${VITEPRESS} into .cache/site`);
  writeFileSync(join(work, "package.json"), '{ "private": true, "type": "module" }\n');
  await run("npm", ["install", "--no-audit", "--no-fund", `vitepress@${VITEPRESS}`], work);
}
rmSync(pages, { recursive: true, force: true });
writePages(root, pages);
writeConfig(root, pages, output);
const reference = join(pages, "public/reference");
mkdirSync(join(pages, "public"), { recursive: true });
await run(join(root, "node_modules/.bin/deno"), [
  ..."doc --quiet --html --name=Keywire".split(" "),
  `--output=${reference}`,
  ...ENTRIES,
]);
await run(process.execPath, [join(work, "node_modules/vitepress/bin/vitepress.js"), "build", pages], work);
const broken = brokenLinks(output);
for (const message of broken) console.error(message);
console.log(
  `dist/site: ${broken.length === 0 ? "all links lead to a page" : `${broken.length} broken links`}`,
);
if (broken.length > 0) process.exitCode = 1;
else if (values.serve) console.log(`Serving ${await serveFolder(output)}`);
