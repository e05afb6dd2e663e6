/**
 * Plants each known defect into a copy of the sources, and lets the simulator look for it: `node scripts/plant_faults.ts
 * [--seeds N] [--drawn] [WORD...]` (words choose some, those included that few worlds show; `--drawn`: without the
 * regressions). Prints after how many worlds each was found; the exit code is 1 if one was not.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
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
  "tests/simulation scripts/simulator/simulate.ts").split(" ");

const { values, positionals } = parseArgs({
  options: { seeds: { type: "string", default: "200" }, drawn: { type: "boolean", default: false } },
  allowPositionals: true,
});
const folder = mkdtempSync(join(tmpdir(), "planted-"));

/** Returns the result of one fault. */
function look(
  { name, file, find, replace, topology }: PlantedFault,
  seeds: string,
): boolean {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  if (find !== "" && text.split(find).length !== 2) {
    console.log(`stale   ${name}: the text to replace does not stand once in ${file}`);
    return false;
  }
  writeFileSync(path, text.replace(find, () => replace));
  const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : ["--no-warnings"];
  const began = performance.now();
  const { stdout, status, signal } = spawnSync(process.execPath, [
    ...flags,
    join(folder, "scripts/simulator/simulate.ts"),
    "--seed",
    "1",
    "--seeds",
    seeds,
    "--topology",
    topology,
    "--first",
    ...values.drawn ? [] : ["--regressions"],
  ], { encoding: "utf8", timeout: 300_000 });
  writeFileSync(path, text);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const fault = /^ {2}\S.*$/m.exec(stdout)?.[0].trim().slice(0, 110);
  const worlds = /: (\d+) seeds/.exec(stdout)?.[1];
  const found = fault !== undefined || signal !== null || (status !== 0 && worlds === undefined);
  const how = fault ?? (signal === null ? `it breaks: ${status}` : "it never ends");
  if (find === "") return found;
  console.log(
    `${found ? "found  " : "MISSED "} ${name}: ${found ? how : ""} (${worlds ?? "?"} worlds, ${seconds} s)`,
  );
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
    look(
      { name: "nothing", file: "mod.ts", find: "", replace: "", found: false, topology: "standalone" },
      "1",
    )
  ) {
    throw new Error("The simulator finds something, or breaks, without a planted defect");
  }
  for (const one of wanted) if (look(one, values.seeds)) total++;
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${total} of ${wanted.length} found`);
process.exitCode = total === wanted.length ? 0 : 1;
