/**
 * Runs parts of the benchmark and writes their results into `bench/`: see the usage below.
 *
 * @module
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startServer } from "../../../tests/harness/server.ts";
import { readOptions } from "../../testing/options.ts";
import { machine, versions } from "../machine.ts";
import type { Row } from "../row.ts";
import { BENCH, readPart, readThroughput, writePart } from "./files.ts";
import type { Part } from "./part.ts";
import { findStale, writeReport } from "./report.ts";
import { PARTS } from "./table.ts";
import { THROUGHPUT } from "./throughput.ts";
import { findLosses, judgeAims } from "./verdicts.ts";

const ALL: readonly Part[] = [THROUGHPUT, ...PARTS];
const RUNTIMES = ["node", "bun", "deno"];
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  node: ["--expose-gc"],
  bun: [],
  deno: ["run", "-A", "--no-check", "--v8-flags=--expose-gc"],
};
/** A full result that is younger counts as measured with \`--resume\`. */
const RECENT = 6 * 3_600_000;
const TRIAL = join(".cache", "bench");

const USAGE = `Measures Keywire beside other clients, in parts, and writes the results into bench/.

    ./scripts/bench --all | --parts NAMES [--short] [--resume] [--write]
    ./scripts/bench --page

--all       all parts: ${ALL.map(({ name, minutes }) => `${name} (${minutes} min)`).join(", ")}
--parts     these parts, separated by commas
--short     fewer rounds; writes into ${TRIAL}/ instead, to try the scripts
--write     writes into bench/ with --short, too
--resume    leaves out the parts with a full result of the last six hours
--page      measures nothing; writes bench/README.md and the charts from the JSON files`;

const { values } = readOptions(USAGE, {
  options: {
    all: { type: "boolean", default: false },
    parts: { type: "string" },
    short: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    resume: { type: "boolean", default: false },
    page: { type: "boolean", default: false },
  },
});
const names = values.parts?.split(",") ?? [];
const unknown = names.filter((name) => !ALL.some((part) => part.name === name));
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(", ")}.\n\n${USAGE}`);
  process.exit(2);
}
process.chdir(fileURLToPath(new URL("../../..", import.meta.url)));
const folder = values.short && !values.write ? TRIAL : BENCH;
mkdirSync(folder, { recursive: true });
if (folder !== BENCH) copyFileSync(join(BENCH, "README.md"), join(folder, "README.md"));

/** Returns when a full result was written; 0 if there is none. */
function measuredAt(part: Part): number {
  const found = part === THROUGHPUT ? readThroughput(folder) : readPart(folder, part);
  return found === undefined || found.short ? 0 : Date.parse(found.date);
}

/** Ends a program and all that it started. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** Runs a program, and passes on the rows that it prints; the other lines are progress. */
async function run(
  runtime: string,
  args: readonly string[],
  minutes: number,
  take: (row: Row) => void,
): Promise<void> {
  const program = join("node_modules", ".bin", runtime);
  const child = spawn(program, [...ARGUMENTS[runtime]!, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NO_COLOR: "1", NODE_ENV: "production" },
    detached: true,
  });
  const interrupt = (): never => {
    endGroup(child);
    process.exit(130);
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    endGroup(child);
  }, minutes * 60_000);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith("{")) take(JSON.parse(line) as Row);
    else console.log(`  ${line}`);
  }
  const code = await ended;
  clearTimeout(timer);
  process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  if (late) throw new Error(`it takes more than ${minutes} minutes`);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code} on ${runtime}`);
}

async function measure(part: Part): Promise<void> {
  const began = performance.now();
  const load = Number(loadavg()[0]!.toFixed(2));
  const script = join("scripts", "benchmarks", part.script);
  const options = [...values.short ? ["--short"] : part.args ?? []];
  if (part === THROUGHPUT) {
    await run("node", [script, ...options, "--write", "--out", folder], 2 * part.minutes, () => {});
    return;
  }
  const rows: Row[] = [];
  for (const runtime of part.runs === "once" ? ["node"] : RUNTIMES) {
    await run(runtime, [script, "--json", ...options], 2 * part.minutes, (row) => rows.push(row));
  }
  if (rows.length === 0) throw new Error("it has printed no rows");
  const commit = execFileSync("git", ["rev-parse", "--short=12", "HEAD"], { encoding: "utf8" }).trim();
  writePart(folder, part, {
    name: part.name,
    title: part.title,
    command: `./scripts/bench --parts ${part.name}${values.short ? " --short" : ""}`,
    date: new Date().toISOString(),
    seconds: Math.round((performance.now() - began) / 1_000),
    short: values.short,
    commit,
    machine: machine(),
    load,
    server,
    versions,
    units: Object.fromEntries(part.metrics.map(({ name, unit }) => [name, unit])),
    losses: findLosses(part, rows),
    aims: judgeAims(part, rows),
    rows,
  });
}

async function nameServer(): Promise<string> {
  await using server = await startServer({ config: ['save ""'] });
  return `${server.name} ${server.version}`;
}

const chosen = values.page ? [] : ALL.filter(({ name }) => values.all || names.includes(name));
if (chosen.length === 0 && !values.page) {
  console.error(USAGE);
  process.exit(2);
}
const server = chosen.length === 0 ? "" : await nameServer();
const began = performance.now();
const failed: string[] = [];
for (const [index, part] of chosen.entries()) {
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  console.log(
    `\n${index + 1} of ${chosen.length}, after ${minutes} min: ${part.name} (about ${part.minutes} min)`,
  );
  if (values.resume && Date.now() - measuredAt(part) < RECENT) {
    console.log("  There is a result of the last six hours.");
    continue;
  }
  if (!existsSync(join("scripts", "benchmarks", part.script))) {
    console.log(`  There is no scripts/benchmarks/${part.script}.`);
    continue;
  }
  try {
    await measure(part);
    // After each part, so that an interrupt loses only the part under way.
    writeReport(folder);
  } catch (error) {
    failed.push(part.name);
    console.error(`  FAILED: ${part.name}: ${(error as Error).message}`);
  }
}
writeReport(folder);
const stale = findStale(folder);
if (stale.length > 0) {
  console.error(`\nNot written, as ${folder}/README.md has no place for it: ${stale.join(", ")}`);
}
console.log(`\n${((performance.now() - began) / 60_000).toFixed(1)} min; results in ${folder}/`);
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(", ")}. Again: ./scripts/bench --parts ${failed.join(",")}`);
}
process.exit(failed.length === 0 ? 0 : 1);
