/**
 * Runs simulated worlds: `./scripts/simulate [deno|bun|node] [--seed S] [--seeds N] [--minutes M] [--topology
 * standalone|sentinel|cluster|all] [--replay FILE] [--real]`. `--help` lists all options.
 *
 * Each seed is a world of its own. `--shrink`: a world that breaks a promise is made smaller, and saved for `--replay`,
 * which prints all that happens. `--replay FILE --save NAME` makes it a test of the suite: a file in
 * `tests/simulation/regressions/`. `--real`: a world is repeated on a real server and on the test server, without the
 * faults that only simulated servers have, and the outcomes are compared.
 *
 * @module
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { addDenseLoad, drawScenario } from "../../tests/simulation/draw.ts";
import { printScenario } from "../../tests/simulation/print.ts";
import type { Scenario } from "../../tests/simulation/scenario.ts";
import { formatScenario, parseScenario } from "../../tests/simulation/scenario_file.ts";
import { kindOf, shrink } from "../../tests/simulation/shrink.ts";
import { type RunResult, simulate } from "../../tests/simulation/simulate.ts";
import { readArguments, REGRESSIONS } from "./arguments.ts";
import type { RealServers } from "./real_servers.ts";
import { cpuTime, Totals } from "./totals.ts";

/** The runtime, as `./scripts/simulate` names it. */
const RUNTIME = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
/** With `--real` one world in so many is replayed. */
const REPLAYED = 10;
/** Milliseconds between two lines of figures. */
const PROGRESS = 10_000;

const options = readArguments();
const totals = new Totals();
const real = options.real ? await openServers() : undefined;
let interrupted = false;

async function openServers(): Promise<RealServers> {
  // Loaded only here: without a real server the simulator needs none.
  const { RealServers } = await import("./real_servers.ts");
  return await RealServers.open();
}

/** Runs a world. `again` is the command that repeats it. */
async function runOne(scenario: Scenario, verbose: boolean, again: string): Promise<void> {
  let result = await simulate(scenario, verbose);
  // Servers of topologies have no faults that a real one could have in the same order.
  if (real !== undefined && scenario.topology === "standalone" && totals.worlds % REPLAYED === 0) {
    const { count, differences } = await real.replay(scenario);
    totals.replayed += count;
    result = { ...result, faults: [...result.faults, ...differences] };
  }
  totals.add(result);
  const { faults, hash, lines } = result;
  for (const line of lines) console.log(line);
  if (faults.length > 0 || verbose) {
    console.log(
      `seed ${scenario.seed} (${scenario.topology}): trace ${hash}, ${faults.length} broken promises`,
    );
    for (const fault of faults.slice(0, verbose ? 100 : 4)) console.log(`  ${fault.slice(0, 600)}`);
  }
  if (faults.length === 0) return;
  console.log(`again: ./scripts/simulate ${RUNTIME} ${again}`);
  if (options.shrink && !kindOf(faults[0]!).startsWith("real")) await makeSmaller(scenario, result);
}

async function makeSmaller(scenario: Scenario, { faults }: RunResult): Promise<void> {
  const small = await shrink(scenario, kindOf(faults[0]!));
  const again = await simulate(small, true);
  const file = join(tmpdir(), `simulated-${scenario.topology}-${scenario.seed}.jsonl`);
  writeFileSync(file, formatScenario(small));
  console.log(printScenario(small));
  for (const line of again.lines.slice(0, 80)) console.log(line);
  for (const fault of again.faults.slice(0, 3)) console.log(`  ${fault.slice(0, 800)}`);
  console.log(`smaller: ./scripts/simulate ${RUNTIME} --replay ${file}`);
}

async function runRegressions(): Promise<void> {
  for (const file of readdirSync(REGRESSIONS)) {
    const url = new URL(file, REGRESSIONS);
    const scenario = parseScenario(readFileSync(url, "utf8"));
    await runOne(scenario, false, `--replay tests/simulation/regressions/${file}`);
    if (interrupted || (totals.broken > 0 && options.enough === 1)) break;
  }
}

async function runDrawn(): Promise<void> {
  const { seed, seeds, duration, cpu, operations, topologies, dense, enough, trace } = options;
  const began = performance.now();
  let printed = began;
  const goesOn = (): boolean =>
    !interrupted && performance.now() - began < duration && cpuTime() < cpu &&
    totals.operations < operations && totals.broken < enough;
  for (let at = 0; at < seeds && goesOn(); at++) {
    const topology = topologies[at % topologies.length]!;
    // Seeds begin again behind the last one.
    const drawn = drawScenario((seed + at) % 2 ** 32, topology);
    const more = topology === "standalone" && dense > 0 && at % dense === 0;
    const again = `--seed ${drawn.seed} --topology ${topology}${more ? " --dense 1" : ""} --shrink`;
    await runOne(more ? addDenseLoad(drawn) : drawn, trace, again);
    if (performance.now() - printed < PROGRESS) continue;
    printed = performance.now();
    console.log(`... ${totals.figures}`);
  }
}

// A trace of the stack for each error that a client makes would take a tenth of the time.
if (options.replay === undefined && !options.trace) Error.stackTraceLimit = 0;
process.once("SIGINT", () => {
  interrupted = true;
});

if (options.regressions) await runRegressions();
if (options.replay === undefined) await runDrawn();
else {
  await runOne(options.replay, true, process.argv.slice(2).join(" "));
  if (options.save !== undefined) {
    writeFileSync(options.save, formatScenario(options.replay));
    console.log(`saved: ${options.save}`);
  }
}
console.log(totals.endings);
console.log(`trace of all: ${totals.hash}`);
const { seed } = options.replay ?? options;
console.log(`first seed ${seed}: ${totals.figures}`);
await real?.close();
process.exitCode = totals.broken > 0 ? 1 : interrupted ? 130 : 0;
