/**
 * The options of the command line.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { clusterStage } from "./cluster.ts";
import type { Dice } from "./dice.ts";
import type { Losses } from "./losses.ts";
import { sentinelStage } from "./sentinel.ts";
import type { Stage } from "./stage.ts";
import { standaloneStage } from "./standalone.ts";

const HELP = `Steady load under random faults.

    ./scripts/soak [deno|bun|node] [--topology standalone|cluster|sentinel] [--minutes 2] [--seed 1]

--topology   what there is: one server (the default); a cluster of three masters with a replica each; a master with
             two replicas and three sentinels
--minutes    how long the load lasts; below 2, memory is not judged, as all is warm-up
--seed       a whole number; the same one gives the same faults in the same order, not at the same moments`;

/** The setup of each topology. `losses` records when replication may lose acknowledged writes. */
const STAGES = { standalone: standaloneStage, cluster: clusterStage, sentinel: sentinelStage };

/** The options. */
export interface Choices {
  /** The topology. */
  readonly topology: string;
  /** The duration of the load. */
  readonly minutes: number;
  /** The seed of random choices. */
  readonly seed: number;
  /** Sets the servers and clients up. */
  stage(dice: Dice, losses: Losses): Promise<Stage>;
}

function given(): { topology: string; minutes: string; seed: string; help: boolean } {
  return parseArgs({
    options: {
      topology: { type: "string", default: "standalone" },
      minutes: { type: "string", default: "2" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", short: "h", default: false },
    },
  }).values;
}

function refuse(why: string): never {
  console.error(`Cannot run: ${why}\n\n${HELP}`);
  process.exit(2);
}

/** Reads the command line; ends the process when it asks for help, or for what there is not. */
export function choices(): Choices {
  let values: ReturnType<typeof given>;
  try {
    values = given();
  } catch (error) {
    return refuse((error as Error).message);
  }
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const { topology } = values;
  const minutes = Number(values.minutes);
  const seed = Number(values.seed);
  if (!(minutes > 0)) refuse("--minutes is a number above 0");
  if (!Number.isSafeInteger(seed)) refuse("--seed is a whole number");
  if (!Object.hasOwn(STAGES, topology)) refuse(`--topology is one of ${Object.keys(STAGES).join(", ")}`);
  return { topology, minutes, seed, stage: STAGES[topology as keyof typeof STAGES] };
}
