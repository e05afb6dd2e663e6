/**
 * Tries the package on each version of Node, on Bun and on Deno: `import`, `require()`, and both in one process.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findNodes } from "./nodes.ts";
import { BOTH, CJS, ESM, GOOD, SERVE } from "./programs.ts";
import { type Bench, makeProject, tool } from "./project.ts";
import { run } from "./report.ts";

const PROGRAMS = { "program.mjs": ESM, "program.cjs": CJS, "both.cjs": BOTH, "serve.cjs": SERVE };

/** Runs the programs everywhere, in projects made by npm and by Bun. */
export async function checkRuntimes(bench: Bench, everything: boolean): Promise<void> {
  const { root, scratch, tarball, env, report } = bench;
  const all = async (folder: string, program: string): Promise<void> => {
    for (const name of Object.keys(PROGRAMS)) await run(folder, program, [name], env, GOOD);
  };
  const plain = makeProject(bench, "node", PROGRAMS);
  await run(plain, "npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", tarball]);
  await report.check(
    "npx: keywire --help",
    () => run(plain, "npx", ["--no", "keywire", "--help"]).then(() => {}),
  );
  for (const { name, program } of findNodes(root, everything)) {
    await report.check(`${name}: import, require, both, serve`, () => all(plain, program));
  }
  const bun = makeProject(bench, "bun", PROGRAMS);
  await report.check("Bun: bun add, import, require, both, serve", async () => {
    const cache = { BUN_INSTALL_CACHE_DIR: join(scratch, "bun-cache") };
    await run(bun, tool(bench, "bun"), ["add", tarball], cache);
    await all(bun, tool(bench, "bun"));
  });
  await report.check("Deno: npm:@keywire/redis", async () => {
    writeFileSync(join(plain, "deno.json"), '{ "nodeModulesDir": "manual" }');
    writeFileSync(join(plain, "program.deno.mjs"), ESM.replaceAll('"@keywire', '"npm:@keywire'));
    const args = ["run", "--allow-net", "--allow-env"];
    await run(plain, tool(bench, "deno"), [...args, "program.deno.mjs"], env, GOOD);
    await run(plain, tool(bench, "deno"), [...args, "--allow-read", "both.cjs"], env, GOOD);
    await run(plain, tool(bench, "deno"), ["run", "-A", "serve.cjs"], env, GOOD);
  });
}
