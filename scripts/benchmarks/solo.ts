/**
 * One contender in a process of its own: latency at a fixed rate, processor time and allocations a command, and the most
 * memory that the process has had when it has done a bit of everything.
 *
 * @module
 */
import process from "node:process";
import { openContender, type Place } from "./contenders/mod.ts";
import { allocatedBytes, peakMemory } from "./runtime.ts";
import { quantile, rounded } from "./statistics.ts";
import { takeTurn } from "./turn.ts";
import { WORKLOADS } from "./workloads.ts";

/** The parameters of a measurement. */
export interface SoloJob {
  readonly place: Place;
  readonly contender: string;
  /** Commands a second for the latency. */
  readonly rate: number;
  /** Milliseconds for each part. */
  readonly turn: number;
}

/** The result. */
export interface Solo {
  readonly contender: string;
  /** Milliseconds, at the fixed rate. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Microseconds of processor time a GET, 1,000 at once. */
  readonly cpu: number;
  /**
   * Bytes allocated on the heap for each GET, with 1,000 concurrent ones; absent if the runtime does not report them.
   */
  readonly allocated?: number;
  /** Bytes: the most that the process had, before anything was connected and at the end. */
  readonly memoryBefore: number;
  readonly memory: number;
}

/** The operations of every process, so that their memory is comparable. */
const EVERYTHING = [
  "get-1",
  "get-64",
  "get-10000",
  "set-10000",
  "lrange-1000",
  "hgetall-100",
  "mget-100",
  "get-1m",
  "set-1m",
];

/**
 * Commands at a fixed rate, whether or not those before have been answered: each counts from when it was due, so that a
 * client that stalls does not hide it.
 */
async function latencies(get: () => Promise<unknown>, rate: number, milliseconds: number): Promise<number[]> {
  const measured: number[] = [];
  const pending: Promise<unknown>[] = [];
  const start = performance.now();
  let issued = 0;
  for (let now = start; now - start < milliseconds; now = performance.now()) {
    const due = Math.floor((now - start) * rate / 1000);
    while (issued < due) {
      const at = start + Math.floor(issued * 1000 / rate);
      issued++;
      pending.push(get().then(() => measured.push(performance.now() - at)));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  return measured;
}

const job = JSON.parse(process.argv[2]!) as SoloJob;
const memoryBefore = peakMemory();
const contender = (await openContender(job.contender, "plain", job.place))!;
const get = () => contender.get("bench:key");

await takeTurn(get, 1000, job.turn / 2);
const before = allocatedBytes();
let counted = 0;
const counting = () => (counted++, get());
const { cpu } = await takeTurn(counting, 1000, job.turn);
const after = allocatedBytes();
await latencies(get, job.rate, job.turn / 4);
const measured = await latencies(get, job.rate, job.turn * 2);
for (const { id, operation, together } of WORKLOADS) {
  if (EVERYTHING.includes(id)) await takeTurn(operation(contender)!, together, job.turn / 4);
}
await contender.close();
const result: Solo = {
  contender: contender.name,
  p50: rounded(quantile(measured, 0.5)),
  p99: rounded(quantile(measured, 0.99)),
  p999: rounded(quantile(measured, 0.999)),
  cpu: rounded(cpu),
  ...before !== undefined && after !== undefined && { allocated: Math.round((after - before) / counted) },
  memoryBefore,
  memory: peakMemory(),
};
console.log(JSON.stringify(result));
process.exit(0);
