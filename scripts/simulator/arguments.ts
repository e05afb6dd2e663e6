/**
 * The arguments of `./scripts/simulate`. Those that cannot be meant end the process with 2 and a reason.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Scenario, TopologyName } from "../../tests/simulation/scenario.ts";
import { formatScenario, parseScenario } from "../../tests/simulation/scenario_file.ts";
import { readOptions } from "../testing/options.ts";

const USAGE = `Runs clients and servers in simulated time, and looks for broken promises.

    ./scripts/simulate [deno|bun|node] [--seed S] [--seeds N] [--minutes M] [--topology T]
    ./scripts/simulate [deno|bun|node] --replay FILE [--shrink] [--save NAME]

--seed            the first seed, from 0 to 4294967295 (default: random); each seed is a world
--seeds           the number of seeds (default: 1 with --seed, without a limit with --minutes or --cpu, otherwise 100)
--minutes, --cpu  begins no further world after so many minutes, or minutes of processor time
--operations      begins no further world after so many operations
--topology        standalone (the default), sentinel, cluster, or all in turn
--dense N         adds a dense load to one world of a single server in N
--first           stops at the first world with a broken promise, instead of the fifth
--keep            continues, however many worlds have broken promises
--shrink          reduces a world with a broken promise, and saves it for --replay
--trace           prints the events of each world
--regressions     runs the saved tests before the worlds
--real            repeats one standalone world in ten on a real server and on the test server
--replay FILE     runs a saved world and prints its events
--save NAME       saves the replayed world under this name as a test of the suite

Ctrl-C ends the run after the present world, with its figures; a second one ends it at once.
Exit code: 0 without a broken promise, 1 with one, 2 for bad arguments, 130 after Ctrl-C.`;

/** The folder of the saved tests. */
export const REGRESSIONS: URL = new URL("../../tests/simulation/regressions/", import.meta.url);

const TOPOLOGIES = ["standalone", "sentinel", "cluster"] as const;
/** Options that do not concern a world that is replayed. */
const DRAWN = ["seed", "seeds", "minutes", "cpu", "operations", "topology", "dense", "regressions"] as const;

/** The worlds of a run, and its limits. Durations are milliseconds, of the clock and of the processor. */
export interface Arguments {
  readonly seed: number;
  readonly seeds: number;
  readonly duration: number;
  readonly cpu: number;
  readonly operations: number;
  readonly topologies: readonly TopologyName[];
  readonly dense: number;
  /** The number of broken worlds after which no further one begins. */
  readonly enough: number;
  readonly shrink: boolean;
  readonly trace: boolean;
  readonly regressions: boolean;
  readonly real: boolean;
  /** A saved world. */
  readonly replay: Scenario | undefined;
  /** The file that the replayed world is saved as. */
  readonly save: string | undefined;
}

function refuse(why: string): never {
  console.error(`${why}\n\n./scripts/simulate --help lists all options.`);
  process.exit(2);
}

function numberOf(name: string, text: string | undefined, most: number, whole: boolean): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === "" ? NaN : Number(text);
  if (value >= 0 && value <= most && (!whole || Number.isInteger(value))) return value;
  const wanted = whole ? "a whole number" : "a number";
  refuse(`--${name} must be ${wanted} from 0${most < Infinity ? ` to ${most}` : " up"}, not "${text}"`);
}

function readScenario(file: string): Scenario {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    refuse(`Cannot read the world: ${(error as Error).message}`);
  }
  try {
    const scenario = parseScenario(text);
    // The rest of the fields would be missed while it runs.
    if (Array.isArray(scenario.clients) && TOPOLOGIES.includes(scenario.topology)) return scenario;
  } catch {
    // It is no JSON.
  }
  refuse(`"${file}" is no saved world: --shrink saves some`);
}

function fileOf(name: string, scenario: Scenario): string {
  if (!/^\w+$/.test(name)) refuse(`--save must be a name of letters, digits and "_", not "${name}"`);
  const file = fileURLToPath(new URL(`${name}.jsonl`, REGRESSIONS));
  if (existsSync(file) && readFileSync(file, "utf8") !== formatScenario(scenario)) {
    refuse(`There is a test with the name "${name}"`);
  }
  return file;
}

/** Returns the checked arguments of the process. */
export function readArguments(): Arguments {
  const { values } = readOptions(USAGE, {
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      minutes: { type: "string" },
      cpu: { type: "string" },
      operations: { type: "string" },
      topology: { type: "string" },
      dense: { type: "string" },
      first: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      shrink: { type: "boolean", default: false },
      trace: { type: "boolean", default: false },
      regressions: { type: "boolean", default: false },
      real: { type: "boolean", default: false },
      replay: { type: "string" },
      save: { type: "string" },
    },
  });
  const integer = (name: "seed" | "seeds" | "operations" | "dense", most: number): number | undefined =>
    numberOf(name, values[name], most, true);
  const minutes = numberOf("minutes", values.minutes, Infinity, false);
  const cpu = numberOf("cpu", values.cpu, Infinity, false);
  const seed = integer("seed", 2 ** 32 - 1);
  const dense = integer("dense", Infinity) ?? 0;
  const { topology = "standalone" } = values;
  const topologies = topology === "all" ? TOPOLOGIES : TOPOLOGIES.filter((one) => one === topology);
  if (topologies.length === 0) {
    refuse(`--topology must be ${TOPOLOGIES.join(", ")} or all, not "${topology}"`);
  }
  if (values.first && values.keep) refuse("--first and --keep contradict each other");
  if (values.real && !topologies.includes("standalone")) {
    refuse("--real needs worlds of a single server: --topology standalone or all");
  }
  if (dense > 0 && !topologies.includes("standalone")) {
    refuse("--dense needs worlds of a single server: --topology standalone or all");
  }
  const other = DRAWN.find((name) => values[name] !== undefined && values[name] !== false);
  if (values.replay !== undefined && other !== undefined) {
    refuse(`--replay runs one saved world: --${other} does not fit`);
  }
  if (values.save !== undefined && values.replay === undefined) {
    refuse("--save needs the world: --replay FILE");
  }
  const replay = values.replay === undefined ? undefined : readScenario(values.replay);
  return {
    seed: seed ?? Math.floor(Math.random() * 2 ** 31),
    seeds: integer("seeds", Infinity) ??
      (minutes !== undefined || cpu !== undefined ? Infinity : seed === undefined ? 100 : 1),
    duration: 60_000 * (minutes ?? Infinity),
    cpu: 60_000 * (cpu ?? Infinity),
    operations: integer("operations", Infinity) ?? Infinity,
    topologies,
    dense,
    enough: values.keep ? Infinity : values.first ? 1 : 5,
    shrink: values.shrink,
    trace: values.trace,
    regressions: values.regressions,
    real: values.real,
    replay,
    save: values.save === undefined ? undefined : fileOf(values.save, replay!),
  };
}
