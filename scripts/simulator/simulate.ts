/**
 * Runs simulated worlds: `./scripts/simulate [deno|bun|node] [--seed S] [--seeds N] [--minutes M] [--topology
 * standalone|sentinel|cluster|all] [--replay FILE] [--real]`.
 *
 * Each seed is a world of its own. `--shrink`: a world that breaks a promise is made smaller, and saved for `--replay`,
 * which prints all that happens. `--replay FILE --save NAME` makes it a test of the suite: a file in
 * `tests/simulation/regressions/`; `--regressions` runs them all, before the worlds. `--real`: one standalone world in ten is
 * repeated on a real server and on the test server, without the faults that only simulated servers have, and the outcomes
 * are compared. `--cpu M`: M minutes of one core, however many others use it. `--operations N`: begins no further world after
 * N operations.
 *
 * @module
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { printScenario } from "../../tests/simulation/print.ts";
import { kindOf, shrink } from "../../tests/simulation/shrink.ts";
import { addDenseLoad, drawScenario } from "../../tests/simulation/draw.ts";
import { formatScenario, parseScenario } from "../../tests/simulation/scenario_file.ts";
import type { Scenario, TopologyName } from "../../tests/simulation/scenario.ts";
import { type RunResult, simulate } from "../../tests/simulation/simulate.ts";
import { readOptions } from "../testing/options.ts";
import type { RealServers } from "./real_servers.ts";

const USAGE = `Runs clients and servers in simulated time.

    ./scripts/simulate [deno|bun|node] [--seed S] [--seeds N] [--minutes M] [--replay FILE]

--seed, --seeds   the first seed, and the number of seeds; each seed is a world
--minutes, --cpu  the duration, and the minutes of processor time
--dense N         adds a dense load to one world of a single server in N
--operations      begins no further world after so many operations
--topology        standalone (the default), sentinel, cluster or all
--shrink          reduces a world with a fault, and saves it for --replay
--first           stops at the first world with a fault, instead of the fifth
--keep            continues, however many worlds have faults
--replay          prints all events of a saved world
--save            saves the replayed world under this name as a test of the suite
--trace           prints the events of each world
--regressions     runs the saved tests before the worlds
--real            repeats one standalone world in ten on a real server and on the test server`;

const { values } = readOptions(USAGE, {
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    minutes: { type: "string" },
    dense: { type: "string" },
    operations: { type: "string" },
    topology: { type: "string", default: "standalone" },
    replay: { type: "string" },
    save: { type: "string" },
    trace: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    shrink: { type: "boolean", default: false },
    first: { type: "boolean", default: false },
    regressions: { type: "boolean", default: false },
    real: { type: "boolean", default: false },
    cpu: { type: "string" },
  },
});

/** With `--real` one world in so many is replayed. */
const REPLAYED = 10;
const real = values.real ? await openServers() : undefined;

async function openServers(): Promise<RealServers> {
  // Loaded only here: without a real server the simulator needs none.
  const { RealServers } = await import("./real_servers.ts");
  return await RealServers.open();
}

// A trace of the stack for each error that a client makes would take a tenth of the time.
if (values.replay === undefined && !values.trace) Error.stackTraceLimit = 0;

const { threadCpuUsage } = process as {
  threadCpuUsage?: () => { readonly user: number; readonly system: number };
};
const cpuSeconds = (): number => {
  const { user, system } = threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1_000_000;
};
const beganCpu = cpuSeconds();

const began = performance.now();
const totals = { seeds: 0, operations: 0, simulatedMs: 0, undecided: 0, broken: 0, replayed: 0 };
const endings: Map<string, number> = new Map();

function figures(): string {
  const seconds = (performance.now() - began) / 1_000;
  const cpu = cpuSeconds() - beganCpu;
  return `${totals.seeds} seeds, ${totals.operations} operations, ${
    Math.round(totals.simulatedMs / 1_000)
  } simulated s in ` +
    `${seconds.toFixed(1)} s (${Math.round(totals.simulatedMs / 1_000 / seconds)} simulated s/s, ` +
    `${Math.round(totals.operations / seconds)} operations/s); ${cpu.toFixed(1)} s of CPU (${
      Math.round(totals.simulatedMs / 1_000 / cpu)
    } simulated s/s, ` +
    `${Math.round(totals.operations / cpu)} operations/s); ${totals.replayed} outcomes replayed; ` +
    `${totals.undecided} keys undecided; ${totals.broken} broken`;
}

function count(result: RunResult): void {
  totals.seeds++;
  totals.operations += result.operations;
  totals.simulatedMs += result.simulatedMs;
  totals.undecided += result.undecided;
  if (result.faults.length > 0) totals.broken++;
  for (const [ending, times] of result.endings) endings.set(ending, (endings.get(ending) ?? 0) + times);
}

async function runOne(scenario: Scenario, verbose: boolean): Promise<boolean> {
  let result = await simulate(scenario, verbose);
  // Servers of topologies have no faults that a real one could have in the same order.
  if (real !== undefined && scenario.topology === "standalone" && totals.seeds % REPLAYED === 0) {
    const { count, differences } = await real.replay(scenario);
    totals.replayed += count;
    result = { ...result, faults: [...result.faults, ...differences] };
  }
  count(result);
  for (const line of result.lines) console.log(line);
  if (result.faults.length > 0 || verbose) {
    console.log(`seed ${scenario.seed}: trace ${result.hash}, ${result.faults.length} faults`);
    for (const fault of result.faults.slice(0, verbose ? 100 : 4)) console.log(`  ${fault.slice(0, 600)}`);
  }
  if (result.faults.length > 0 && values.shrink) await makeSmaller(scenario, result);
  return result.faults.length === 0;
}

async function makeSmaller(scenario: Scenario, { faults }: RunResult): Promise<void> {
  const small = await shrink(scenario, kindOf(faults[0]!));
  const again = await simulate(small, true);
  const file = join(tmpdir(), `simulated-${scenario.seed}.jsonl`);
  writeFileSync(file, formatScenario(small));
  console.log(printScenario(small));
  for (const line of again.lines.slice(0, 80)) console.log(line);
  for (const fault of again.faults.slice(0, 3)) console.log(`  ${fault.slice(0, 800)}`);
  console.log(`again: ./scripts/simulate --replay ${file}`);
}

function topologiesOf(name: string): readonly TopologyName[] {
  const all = ["standalone", "sentinel", "cluster"] as const;
  if (name === "all") return all;
  const found = all.filter((one) => one === name);
  if (found.length === 0) throw new TypeError(`No topology has the name "${name}": ${all.join(", ")}, all`);
  return found;
}

const REGRESSIONS = new URL("../../tests/simulation/regressions/", import.meta.url);
if (values.regressions) {
  for (const file of readdirSync(REGRESSIONS)) {
    await runOne(parseScenario(readFileSync(new URL(file, REGRESSIONS), "utf8")), false);
    if (totals.broken > 0 && values.first) break;
  }
}

const first = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (values.replay !== undefined) {
  const text = readFileSync(values.replay, "utf8");
  const scenario = parseScenario(text);
  await runOne(scenario, true);
  if (values.save !== undefined) {
    const file = fileURLToPath(
      new URL(`../../tests/simulation/regressions/${values.save}.jsonl`, import.meta.url),
    );
    writeFileSync(file, formatScenario(scenario));
    console.log(`saved: ${file}`);
  }
} else {
  const seeds = Number(values.seeds ?? (values.seed === undefined ? 100 : 1));
  const until = values.minutes === undefined ? Infinity : performance.now() + Number(values.minutes) * 60_000;
  const single = values.seed !== undefined && values.seeds === undefined && values.minutes === undefined;
  const topologies = topologiesOf(values.topology);
  const most = Number(values.cpu ?? Infinity);
  const mostOperations = Number(values.operations ?? Infinity);
  let told = performance.now();
  const enough = values.first ? 1 : 5;
  const goesOn = (at: number): boolean =>
    (values.minutes !== undefined || at < seeds) && performance.now() < until && cpuSeconds() < 60 * most &&
    totals.operations < mostOperations && (totals.broken < enough || values.keep);
  for (let at = 0; goesOn(at); at++) {
    const drawn = drawScenario(first + at, topologies[at % topologies.length]);
    const dense = drawn.topology === "standalone" && at % Number(values.dense ?? NaN) === 0;
    await runOne(
      dense ? addDenseLoad(drawn) : drawn,
      values.trace || (single && values.trace),
    );
    if (performance.now() - told > 10_000) {
      told = performance.now();
      console.log(`... ${figures()}`);
    }
  }
}
console.log(
  [...endings].sort((a, b) => b[1] - a[1]).map(([ending, times]) => `${ending}: ${times}`).join(", "),
);
console.log(`first seed ${first}: ${figures()}`);
await real?.close();
process.exitCode = totals.broken > 0 ? 1 : 0;
