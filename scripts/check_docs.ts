/**
 * Checks pages and comments (`scripts/docs/`), then runs the examples in the comments of published sources: `deno test
 * --doc` type-checks and executes them, with empty servers. The examples of README.md and `docs/` are tests, in
 * `tests/docs/`.
 *
 *     node_modules/.bin/node scripts/check_docs.ts               everything
 *     node_modules/.bin/node scripts/check_docs.ts --no-check    everything but the types, which `check_types.ts` checks
 *     node_modules/.bin/node scripts/check_docs.ts prose         pages and comments only
 *     node_modules/.bin/node scripts/check_docs.ts src/pool/     the examples in these files and folders
 *
 * A block "```ts ignore" is not run.
 *
 * @module
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { startCluster } from "../tests/harness/cluster.ts";
import { startReplicated } from "../tests/harness/replicated.ts";
import { checkProse } from "./docs/prose.ts";
import { runCommand } from "./testing/run_command.ts";

const LIMIT = 240_000;
const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

/** Returns the published sources. */
function listFiles(): string[] {
  const { publish: { include } } = JSON.parse(readFileSync("deno.json", "utf8")) as {
    publish: { include: string[] };
  };
  return include.flatMap((path) =>
    statSync(path).isFile()
      ? [path]
      : readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => join(path, name))
  ).filter((path) => path.endsWith(".ts") && readFileSync(path, "utf8").includes("* ```ts\n"));
}

const typed = !process.argv.includes("--no-check");
const words = process.argv.slice(2).filter((word) => word !== "--no-check");
if (words.length === 0 || words[0] === "prose") {
  const violations = checkProse(root);
  for (const { file, line, message } of violations) console.error(`${file}:${line}: ${message}`);
  if (violations.length > 0 || words[0] === "prose") process.exit(violations.length === 0 ? 0 : 1);
}
const replicated = await startReplicated();
const cluster = await startCluster();
const ports = {
  6379: replicated.master.port,
  ...Object.fromEntries(replicated.sentinels.map(({ port }, at) => [26379 + at, port])),
  ...Object.fromEntries(cluster.nodes.map(({ port }, at) => [7000 + at, port])),
};
try {
  const deno = join(root, "node_modules", ".bin", "deno");
  const args = [
    "test",
    "--doc",
    "-A",
    ...typed ? [] : ["--no-check"],
    "--preload=scripts/docs/doc_server.ts",
  ];
  const files = words.length > 0 ? words : listFiles();
  const variables = { KEYWIRE_DOC_PORTS: JSON.stringify(ports) };
  const { code, output } = await runCommand(deno, [...args, ...files], LIMIT, variables);
  const last = output.trimEnd().split("\n").findLast((line) => line.includes("passed"));
  if (code === 0) console.log(last ?? "no examples");
  else console.error(output);
  process.exitCode = code === 0 ? 0 : 1;
} finally {
  await Promise.all([replicated.stop(), cluster.stop()]);
}
