/**
 * Measures the test server: the results of public test suites, differences from a real server, its speed and its
 * start. Prints a table.
 *
 *     node_modules/.bin/node scripts/score_test_server.ts [--commands 2000] [--judge "NAME=COMMAND"]...
 *
 * A suite is a command whose last arguments are the host and port of a test server; the last line of its output is
 * its result. The differential tests need `redis-server` 7.0 on the PATH.
 *
 * @module
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Redis } from "../mod.ts";
import { TestServer } from "../testing.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: {
    commands: { type: "string", default: "2000" },
    judge: { type: "string", multiple: true, default: [] },
  },
});

function median(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[samples.length >> 1]!;
}

/** Runs a judge against a server of its own. Returns the last line that it prints. */
async function judge(command: string): Promise<string> {
  await using server = new TestServer({ logLimit: 0 });
  const { url } = await server.listen();
  const { hostname, port } = new URL(url);
  const child = spawn("/bin/sh", ["-c", `${command} ${hostname} ${port}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  await new Promise((resolve) => child.once("close", resolve));
  return output.trim().split("\n").at(-1) ?? "nothing";
}

/** Random commands for this server and a real one. Returns how many were alike, or the first difference. */
function differential(commands: number): string {
  const files = ["differential", "arguments_differential", "conversation_differential"]
    .map((name) => join(root, `tests/testing/${name}.test.ts`));
  try {
    const output = execFileSync(process.execPath, [
      "--no-warnings",
      "--test",
      "--test-reporter=tap",
      ...files,
    ], {
      encoding: "utf8",
      env: { ...process.env, KEYWIRE_DIFFERENTIAL: String(commands) },
    });
    if (/# SKIP/.test(output)) return "no Redis 7.0 is there";
    let [compared, listed] = [0, 0];
    for (const found of output.matchAll(/# compared (\d+), listed (\d+)/g)) {
      compared += Number(found[1]);
      listed += Number(found[2]);
    }
    const shown = compared.toLocaleString("en");
    return `none in ${shown} replies; ${listed} of the kinds that the guide lists`;
  } catch (error) {
    const found = /seed \d+[:,] [^\n]*/.exec(String((error as { stdout?: string }).stdout));
    return `at least 1: ${found?.[0] ?? "unknown"}`;
  }
}

/** GETs a second, with 1,000 at once, client and server in this thread. */
async function speed(): Promise<number> {
  await using server = new TestServer({ logLimit: 0 });
  await using redis = new Redis({ transport: server.transport });
  const keys = Array.from({ length: 1000 }, (_, index) => `key:${index}`);
  for (const key of keys) await redis.set(key, "value");
  const round = (): Promise<unknown> => Promise.all(keys.map((key) => redis.get(key)));
  for (let i = 0; i < 50; i++) await round();
  const samples: number[] = [];
  for (let i = 0; i < 100; i++) {
    const start = performance.now();
    await round();
    samples.push(1_000_000 / (performance.now() - start));
  }
  return median(samples);
}

/** Milliseconds until a server is there. */
function start(): number {
  const samples = Array.from({ length: 201 }, () => {
    const begun = performance.now();
    new TestServer();
    return performance.now() - begun;
  });
  return median(samples);
}

/** Milliseconds of `import` of the built package in a process of its own. */
function importTime(): number {
  execFileSync(process.execPath, ["--no-warnings", join(root, "scripts/build_npm.ts")], { stdio: "ignore" });
  const folder = mkdtempSync(join(tmpdir(), "keywire-score-"));
  try {
    const archive = readdirSync(join(root, "dist")).find((name) => /^keywire-redis-.*\.tgz$/.test(name))!;
    const scope = join(folder, "node_modules/@keywire");
    mkdirSync(scope, { recursive: true });
    execFileSync("tar", ["-xzf", join(root, "dist", archive), "-C", scope]);
    renameSync(join(scope, "package"), join(scope, "redis"));
    const code =
      "const t = performance.now(); await import('@keywire/redis/testing'); console.log(performance.now() - t)";
    const once = (): number =>
      Number(
        execFileSync(process.execPath, ["--input-type=module", "-e", code], {
          cwd: folder,
          encoding: "utf8",
        }),
      );
    // The least: other processes can only make it longer.
    return Math.min(...Array.from({ length: 11 }, once));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { version } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8")) as { version: string };
console.log(`Keywire ${version}, Node ${process.versions.node}:\n\n| | result |\n|---|---|`);
const show = (name: string, result: string): void => console.log(`| ${name} | ${result} |`);
for (const each of values.judge) {
  const split = each.indexOf("=");
  show(each.slice(0, split), await judge(each.slice(split + 1)));
}
show("Differences from Redis 7.0.15 in random commands", differential(Number(values.commands)));
show(
  "GETs a second, 1,000 at once, client and server in one thread",
  Math.round(await speed()).toLocaleString("en"),
);
show("`new TestServer()`", `${start().toFixed(2)} ms`);
show("`import` of the built package", `${importTime().toFixed(0)} ms`);
process.exit(0);
