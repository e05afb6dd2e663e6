/**
 * Tries the package in bundles and in single-file executables.
 *
 * @module
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ESM, GOOD } from "./programs.ts";
import { type Bench, installedProject, tool } from "./project.ts";
import { run } from "./report.ts";
import { toolFolder } from "./tools.ts";
import { startWorker } from "../../tests/harness/workerd.ts";
import { workerdProgram } from "../testing/workerd.ts";

const SMALL = 'import { Redis } from "@keywire/redis"; globalThis.kept = Redis;';
/** A Worker whose client is in global scope, over the transport that the condition chooses. */
const WORKER = `import { Redis } from "@keywire/redis";
import { connect } from "@keywire/redis/core";
import { ping } from "@keywire/redis/commands";
const redis = new Redis(REDIS_URL);
export class Room {}
export default {
  async fetch() {
    await using core = await connect(REDIS_URL);
    return new Response([await redis.ping(), await core.execute(ping())].join(" "));
  },
};
`;
const VITE = { vite: "8.3.8" };

const kilo = (size: number): string => `${(size / 1000).toFixed(1)} kB`;

/** Bundles a program with each bundler and runs it. */
export async function checkBundlers(bench: Bench, everything: boolean): Promise<void> {
  const { env, report } = bench;
  const folder = await installedProject(bench, "bundles", {
    "package.json": '{ "private": true, "dependencies": { "@keywire/redis": "*" } }',
    "program.mjs": ESM,
    "small.mjs": SMALL,
    "worker.mjs": WORKER,
  });
  const [node, bun] = [tool(bench, "node"), tool(bench, "bun")];
  await report.check("esbuild", async () => {
    const args = ["--bundle", "--platform=node", "--format=esm", "--log-level=warning"];
    await run(folder, tool(bench, "esbuild"), ["program.mjs", ...args, "--outfile=out/esbuild.mjs"]);
    await run(folder, node, ["out/esbuild.mjs"], env, GOOD);
    await run(folder, tool(bench, "esbuild"), ["small.mjs", ...args, "--minify", "--outfile=out/small.mjs"]);
    const bytes = readFileSync(join(folder, "out", "small.mjs"));
    return `{ Redis } is ${kilo(bytes.length)} minified, ${kilo(gzipSync(bytes).length)} with gzip`;
  });
  await report.check("bun build", async () => {
    for (const target of ["bun", "node"]) {
      const out = `out/${target}.mjs`;
      await run(folder, bun, ["build", "program.mjs", `--target=${target}`, `--outfile=${out}`]);
      await run(folder, tool(bench, target), [out], env, GOOD);
    }
  });
  await report.check("workerd", async () => {
    const source = join(folder, "worker.mjs");
    const REDIS_URL = env.REDIS_URL!;
    await using worker = await startWorker(workerdProgram(bench.root), { source, constants: { REDIS_URL } });
    for (let request = 0; request < 3; request++) {
      const answer = await worker.fetch("/");
      if (answer !== "PONG PONG") throw new Error(`The Worker answers: ${answer}\n${worker.log.join("\n")}`);
    }
  });
  if (!everything) return;
  await report.check("bun build --compile", async () => {
    const out = join(folder, "out", "compiled-by-bun");
    await run(folder, bun, ["build", "--compile", "program.mjs", `--outfile=${out}`]);
    await run(folder, out, [], env, GOOD);
    return `${Math.round(statSync(out).size / 1_000_000)} MB`;
  });
  await report.check("Node, single executable application", async () => {
    const out = join(folder, "out", "compiled-by-node");
    const args = ["program.mjs", "--bundle", "--platform=node", "--format=cjs", "--log-level=warning"];
    await run(folder, tool(bench, "esbuild"), [...args, "--outfile=out/sea.cjs"]);
    const config = { main: "out/sea.cjs", output: out, disableExperimentalSEAWarning: true };
    writeFileSync(join(folder, "sea.json"), JSON.stringify(config));
    await run(folder, node, ["--build-sea", "sea.json"]);
    await run(folder, out, [], env, GOOD);
    return `${Math.round(statSync(out).size / 1_000_000)} MB`;
  });
  await checkDenoCompile(bench, folder);
  const vite = toolFolder(bench.root, "vite", VITE);
  const server = await installedProject(bench, "vite", {
    "package.json": '{ "private": true, "type": "module" }',
    "program.js": ESM,
    "vite.config.js": "export default { build: { ssr: 'program.js' }, ssr: { noExternal: true } };",
  }, vite);
  await report.check("Vite, server-side build", async () => {
    await run(server, join(server, "node_modules", ".bin", "vite"), ["build"]);
    await run(server, node, ["dist/program.js"], env, GOOD);
  });
}

/** Compiles the program into an executable; Deno downloads a part for that which its npm package lacks. */
async function checkDenoCompile(bench: Bench, folder: string): Promise<void> {
  const out = join(folder, "out", "compiled-by-deno");
  const rights = ["--allow-net", "--allow-env"];
  const args = ["compile", "--no-check", ...rights, "--output", out, "program.mjs"];
  try {
    await run(folder, tool(bench, "deno"), args);
  } catch (error) {
    if (!(error as Error).message.includes("denort")) throw error;
    return bench.report.skip("deno compile", "a part of Deno cannot be downloaded here");
  }
  await bench.report.check("deno compile", async () => {
    await run(folder, out, [], bench.env, GOOD);
    return `${Math.round(statSync(out).size / 1_000_000)} MB`;
  });
}
