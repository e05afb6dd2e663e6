/**
 * Measures the memory of one client in a separate process: of a workload, or of idle connections.
 *
 * @module
 */
import process from "node:process";
import { openContender, type Place } from "./contenders/mod.ts";
import { collectGarbage, peakMemory } from "./runtime.ts";
import { WORKLOADS } from "./workloads.ts";

/** The parameters of a measurement. */
export interface MemoryJob {
  readonly place: Place;
  readonly contender: string;
  /** The id of a workload, or `"idle"`. */
  readonly workload: string;
  /** The number of operations, or of idle connections. */
  readonly count: number;
}

/** The result. */
export interface Memory {
  readonly contender: string;
  readonly workload: string;
  /** Bytes: the growth of the process' most memory by the workload, or its present memory for each idle connection. */
  readonly bytes: number;
}

const { place, contender: name, workload, count } = JSON.parse(process.argv[2]!) as MemoryJob;
const found = WORKLOADS.find(({ id }) => id === workload);
const first = await openContender(name, found?.kind ?? "plain", place);
if (first !== undefined) {
  await first.get("bench:key");
  let bytes: number | undefined;
  if (found === undefined) {
    const settle = async (): Promise<number> => {
      for (let round = 0; round < 5; round++) {
        collectGarbage();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return process.memoryUsage.rss();
    };
    const kept = [first];
    // The first connections also load code and caches, which are not memory per connection.
    for (let index = 0; index < 100; index++) kept.push((await openContender(name, "plain", place))!);
    const before = await settle();
    for (let index = 0; index < count; index++) {
      const one = (await openContender(name, "plain", place))!;
      await one.get("bench:key");
      kept.push(one);
    }
    bytes = Math.round((await settle() - before) / count);
  } else {
    const operation = found.operation(first);
    if (operation !== undefined) {
      const before = peakMemory();
      for (let done = 0; done < count; done += found.together) {
        await Promise.all(Array.from({ length: found.together }, (_, index) => operation(index)));
      }
      bytes = peakMemory() - before;
    }
  }
  if (bytes !== undefined) {
    const result: Memory = { contender: first.name, workload, bytes };
    console.log(JSON.stringify(result));
  }
}
process.exit(0);
