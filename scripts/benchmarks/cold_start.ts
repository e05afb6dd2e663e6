/**
 * Measures a program that imports a client, connects, writes and reads one value and closes, beside ioredis and an
 * empty program.
 *
 *     node scripts/benchmarks/cold_start.ts [--rounds=21] [--short] [--json] [node] [deno] [bun]
 *
 * The client is the npm package, built now. The programs run alternately; the result is the median of all rounds.
 * Time is that of the whole process; processor time and memory are measured by the process at its end. `--json`
 * prints rows, `--short` measures fewer rounds.
 *
 * @module
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildNpm } from "../build_npm.ts";
import { printRow } from "./row.ts";
import { median, rounded } from "./statistics.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The end of a program: prints the milliseconds of processor time, and the kilobytes after connecting. */
const END = `const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ cpu: (user + system) / 1000, memory }));`;
const MEMORY = "const memory = process.memoryUsage().rss / 1024;";

const PROGRAMS: Readonly<Record<string, string>> = {
  nothing: `${MEMORY}
${END}`,
  keywire: `import { Redis } from "@keywire/redis";
const redis = new Redis({ host: "127.0.0.1", port: Number(process.argv[2]) });
await redis.set("cold", "start");
await redis.get("cold");
${MEMORY}
await redis.close();
${END}`,
  ioredis: `import { Redis } from "ioredis";
const redis = new Redis({ host: "127.0.0.1", port: Number(process.argv[2]) });
await redis.set("cold", "start");
await redis.get("cold");
${MEMORY}
await redis.quit();
${END}`,
};

const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  node: [],
  deno: ["run", "-A", "--no-check", "--quiet", "--node-modules-dir=manual"],
  bun: ["run"],
};

interface Measured {
  /** Milliseconds, start to exit. */
  readonly time: number;
  /** Milliseconds of processor time. */
  readonly cpu: number;
  /** Kilobytes that are resident while connected. */
  readonly memory: number;
}

function run(runtime: string, program: string, port: number): Measured {
  const start = performance.now();
  const args = [...RUNTIMES[runtime]!, program, String(port)];
  const { status, stdout, stderr } = spawnSync(join(ROOT, "node_modules", ".bin", runtime), args, {
    encoding: "utf8",
    timeout: 60_000,
  });
  const time = performance.now() - start;
  if (status !== 0) throw new Error(`${runtime} ${program} failed: ${stderr}`);
  return { time, ...JSON.parse(stdout) as { cpu: number; memory: number } };
}

/** A project with the package as it would be published, and ioredis. */
async function makeProject(folder: string): Promise<void> {
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "@keywire"), { recursive: true });
  execFileSync("tar", ["-xzf", await buildNpm(folder), "-C", join(modules, "@keywire")]);
  execFileSync("mv", [join(modules, "@keywire", "package"), join(modules, "@keywire", "redis")]);
  symlinkSync(join(ROOT, "node_modules", "ioredis"), join(modules, "ioredis"));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  for (const [name, source] of Object.entries(PROGRAMS)) {
    writeFileSync(join(folder, `${name}.mjs`), `${source}\n`);
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function compare(runtime: string, folder: string, port: number, rounds: number): void {
  const all: Record<string, Measured[]> = {};
  for (let round = -1; round < rounds; round++) {
    for (const name of Object.keys(PROGRAMS)) {
      const measured = run(runtime, join(folder, `${name}.mjs`), port);
      // The first round fills the caches of files.
      if (round >= 0) (all[name] ??= []).push(measured);
    }
  }
  const medians = Object.fromEntries(
    Object.entries(all).map(([name, list]) => [name, {
      time: rounded(median(list.map(({ time }) => time))),
      cpu: rounded(median(list.map(({ cpu }) => cpu))),
      memory: Math.round(median(list.map(({ memory }) => memory))),
    }]),
  ) as Record<string, Measured>;
  const { keywire, ioredis } = medians as Record<"keywire" | "ioredis", Measured>;
  const ratio = {
    time: rounded(keywire.time / ioredis.time),
    cpu: rounded(keywire.cpu / ioredis.cpu),
    memory: rounded(keywire.memory / ioredis.memory),
  };
  const show = ({ time, cpu, memory }: Measured): string => `${time} ms, ${cpu} ms cpu, ${memory} kB`;
  for (const [name, measured] of Object.entries(medians)) {
    console.log(`${runtime} ${name}: ${show(measured)}`);
  }
  console.log(
    `${runtime}: ${ratio.time} of ioredis' time, ${ratio.cpu} of its processor time, ${ratio.memory} of its memory`,
  );
  if (!options.includes("--json")) return;
  const what = "import, connect, SET, GET, close";
  for (const [contender, { time, cpu, memory }] of Object.entries(medians)) {
    printRow({ runtime, what, contender, values: { time, cpu, memory } });
  }
}

const options = process.argv.slice(2);
const rounds = Number(
  options.find((word) => word.startsWith("--rounds="))?.slice(9) ?? (options.includes("--short") ? 3 : 21),
);
const chosen = options.filter((word) => !word.startsWith("--"));
const folder = mkdtempSync(join(tmpdir(), "keywire-cold-start-"));
const port = await freePort();
const server = spawn("redis-server", ["--port", String(port), "--save", "", "--dir", folder], {
  stdio: "ignore",
});
try {
  await makeProject(folder);
  for (const runtime of chosen.length > 0 ? chosen : Object.keys(RUNTIMES)) {
    compare(runtime, folder, port, rounds);
  }
} finally {
  server.kill();
  await once(server, "exit");
  rmSync(folder, { recursive: true, force: true });
}
