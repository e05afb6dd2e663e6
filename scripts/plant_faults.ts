/**
 * Plants each known defect into a copy of the sources, and lets the simulator look for it: `node scripts/plant_faults.ts
 * [--seeds N] [--minutes M] [--drawn] [WORD...]`.
 *
 * Words choose some defects, also those that few worlds show. `--drawn`: without the regressions. The search for a defect
 * ends after N worlds, or after M minutes of a core (default 10). The exit code is 1 if one was not found.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PLANTED } from "../tests/simulation/planted/faults.ts";
import type { PlantedFault } from "../tests/simulation/planted/plant.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** The files that a simulation needs. */
const PARTS = ("src transports mod.ts package.json deno.json tests/harness/clock.ts tests/harness/dice.ts " +
  "tests/simulation scripts/simulator scripts/testing/options.ts").split(" ");

const { values, positionals } = parseArgs({
  options: {
    seeds: { type: "string", default: "100000" },
    minutes: { type: "string", default: "10" },
    drawn: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const folder = mkdtempSync(join(tmpdir(), "planted-"));

/** Milliseconds without a word after which a run never ends: worlds take seconds, and figures come every ten. */
const SILENCE = 120_000;

interface Run {
  readonly stdout: string;
  readonly status: number | null;
  /** Whether it was ended because it printed nothing for too long. */
  readonly hangs: boolean;
}

function run(topology: string, seeds: string): Promise<Run> {
  const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : ["--no-warnings"];
  const child = spawn(process.execPath, [
    ...flags,
    join(folder, "scripts/simulator/simulate.ts"),
    "--seed",
    "1",
    "--seeds",
    seeds,
    "--cpu",
    values.minutes,
    "--topology",
    topology,
    "--first",
    ...values.drawn ? [] : ["--regressions"],
  ], { stdio: ["ignore", "pipe", "ignore"] });
  return new Promise((resolve) => {
    let stdout = "";
    let hangs = false;
    const end = (): void => {
      hangs = true;
      child.kill("SIGKILL");
    };
    let timer = setTimeout(end, SILENCE);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      clearTimeout(timer);
      timer = setTimeout(end, SILENCE);
    });
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ stdout, status, hangs });
    });
  });
}

/** Returns the result of one fault. */
async function look({ name, file, find, replace, topology }: PlantedFault, seeds: string): Promise<boolean> {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  if (find !== "" && text.split(find).length !== 2) {
    console.log(`stale   ${name}: the text to replace does not stand once in ${file}`);
    return false;
  }
  writeFileSync(path, text.replace(find, () => replace));
  const began = performance.now();
  const { stdout, status, hangs } = await run(topology, seeds);
  writeFileSync(path, text);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const fault = /^ {2}\S.*$/m.exec(stdout)?.[0].trim().slice(0, 110);
  const figures = /^first seed .*: (\d+) seeds, .* ([\d.]+) s of CPU/m.exec(stdout);
  const found = fault !== undefined || hangs || (status !== 0 && figures === null);
  const how = fault ?? (hangs ? "it never ends" : `it breaks: ${status}`);
  if (find === "") return found;
  const took = `${figures?.[1] ?? "?"} worlds, ${figures?.[2] ?? "?"} s of CPU, ${seconds} s`;
  console.log(`${found ? "found  " : "MISSED "} ${name}: ${found ? how : ""} (${took})`);
  return found;
}

const wanted = PLANTED.filter(({ name, file, found }) =>
  positionals[0] === "all" ||
  (positionals.length === 0 ? found : positionals.some((word) => `${name} ${file}`.includes(word)))
);
let total = 0;
try {
  for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  // A failure without a planted defect would count as a find for every defect.
  if (
    await look(
      { name: "nothing", file: "mod.ts", find: "", replace: "", found: false, topology: "standalone" },
      "1",
    )
  ) {
    throw new Error("The simulator finds something, or breaks, without a planted defect");
  }
  for (const one of wanted) if (await look(one, values.seeds)) total++;
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${total} of ${wanted.length} found`);
process.exitCode = total === wanted.length ? 0 : 1;
