/**
 * The order and the concurrency of checks and test files.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { JobResult } from "./test_file.ts";

/** A check, or a file of tests on one runtime. */
export interface Job {
  /** The title. */
  readonly title: string;
  /** Whether it waits for servers most of the time, and so hardly keeps others from working. */
  readonly waits: boolean;
  /** Runs it. */
  run(): Promise<JobResult>;
}

/** The numbers of concurrent jobs. */
export interface Lanes {
  /** The number of working jobs. */
  readonly busy: number;
  /** The number of additional waiting jobs. */
  readonly waiting: number;
}

/** The longest jobs, which start first, so that they do not run alone at the end. */
const LONG = [
  "package (",
  "examples (",
  "types (",
  "/pubsub.",
  "/faults.",
  "/failover.",
  "/real.",
  "/schedules.",
  "/settling.",
];

const isLong = ({ title }: Job): boolean => LONG.some((part) => title.includes(part));

/** Whether a file of tests waits more than it works: for servers that agree on something. */
export function mostlyWaits(file: string): boolean {
  return /^import .*\/(?:cluster|replicated)\.ts";$/m.test(readFileSync(file, "utf8"));
}

/**
 * Runs all jobs, some at a time.
 *
 * @param ended called when a job has come to an end, with the seconds that it took
 */
export async function runJobs(
  jobs: readonly Job[],
  lanes: Lanes,
  ended: (job: Job, result: JobResult, seconds: number) => void,
): Promise<void> {
  const sorted = jobs.toSorted((one, other) => Number(isLong(other)) - Number(isLong(one)));
  const busy = sorted.filter(({ waits }) => !waits);
  const waiting = sorted.filter(({ waits }) => waits);
  const work = async (next: () => Job | undefined): Promise<void> => {
    for (let job = next(); job !== undefined; job = next()) {
      const start = performance.now();
      const result = await job.run();
      ended(job, result, (performance.now() - start) / 1000);
    }
  };
  await Promise.all([
    ...Array.from({ length: lanes.busy }, () => work(() => busy.shift() ?? waiting.shift())),
    ...Array.from({ length: lanes.waiting }, () => work(() => waiting.shift())),
  ]);
}
