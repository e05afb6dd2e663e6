/**
 * Runs `examples/quickstart.ts` on one of the runtimes (default: Deno) with a real server: the one at `REDIS_URL`, or one
 * that is started for it on a free port, and stopped afterwards, whatever happens.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { startServer } from "../tests/harness/server.ts";

const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  deno: ["run", "--allow-net", "--allow-env", "--allow-read"],
  bun: ["run"],
  node: [],
};

const root = fileURLToPath(new URL("..", import.meta.url));
const [runtime = "deno", ...rest] = process.argv.slice(2);
const args = ARGUMENTS[runtime];
if (args === undefined || rest.length > 0) {
  console.error(
    `Cannot run the demo on "${[runtime, ...rest].join(" ")}". Usage: ./scripts/demo [deno|bun|node]`,
  );
  process.exit(2);
}

/** Runs the example; resolves with the exit code for this process. Ctrl-C reaches it by itself, as it is in our group. */
function runExample(url: string): Promise<number> {
  const child = spawn(
    join(root, "node_modules", ".bin", runtime),
    [...args ?? [], "examples/quickstart.ts"],
    {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, REDIS_URL: url, DENO_NO_UPDATE_CHECK: "1" },
    },
  );
  const stops = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of stops) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}

const given = process.env.REDIS_URL;
if (given) {
  console.log(`Running examples/quickstart.ts on ${runtime} with the server that REDIS_URL names.\n`);
  process.exit(await runExample(given));
}

const server = await startServer();
console.log(
  `Started ${server.name} ${server.version} on port ${server.port}; running examples/quickstart.ts on ${runtime}.\n`,
);
let code: number;
try {
  code = await runExample(server.url);
} finally {
  await server.stop();
}
console.log(`\nStopped the server.`);
process.exit(code);
