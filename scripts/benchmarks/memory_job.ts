/**
 * Measures the memory of one client in a separate process: of a workload, or of idle connections.
 *
 * @module
 */
import process from "node:process";
import { BlockingConnectionPool } from "../../mod.ts";
import { openContender, type Place } from "./contenders/mod.ts";
import { collectGarbage, peakMemory } from "./runtime.ts";
import { WORKLOADS } from "./workloads.ts";

/** The parameters of a measurement. */
export interface MemoryJob {
  readonly place: Place;
  readonly contender: string;
  /** The id of a workload, `"idle"`, or `"idle-pool"`. */
  readonly workload: string;
  /** The number of operations, or of idle connections. */
  readonly count: number;
}

/** The result. */
export interface Memory {
  readonly contender: string;
  readonly workload: string;
  /** Bytes: the growth of the process' most memory by the workload, or of its present memory by each idle connection. */
  readonly bytes: number;
}

/** The connections that are opened before those that are measured: what the first ones need is no part of the others. */
const WARM = 1_000;

const { place, contender: name, workload, count } = JSON.parse(process.argv[2]!) as MemoryJob;
const found = WORKLOADS.find(({ id }) => id === workload);
let measured = name;
let bytes: number | undefined;

if (found === undefined) {
  const open = workload === "idle-pool" && name === "keywire" ? pooled() : client;
  const kept: unknown[] = [];
  for (let index = 0; index < WARM; index++) kept.push(await open());
  const before = await settled();
  for (let index = 0; index < count; index++) kept.push(await open());
  bytes = Math.round((await settled() - before) / count);
} else {
  const client = await openContender(name, found.kind ?? "plain", place);
  await client?.get("bench:key");
  const operation = client && found.operation(client);
  if (client !== undefined && operation !== undefined) {
    measured = client.name;
    const before = peakMemory();
    for (let done = 0; done < count; done += found.together) {
      await Promise.all(Array.from({ length: found.together }, (_, index) => operation(index)));
    }
    bytes = peakMemory() - before;
  }
}
if (bytes !== undefined) {
  const result: Memory = { contender: measured, workload, bytes };
  console.log(JSON.stringify(result));
}
process.exit(0);

/** Opens a client with one connection, which has been used. */
async function client(): Promise<unknown> {
  const one = (await openContender(name, "plain", place))!;
  measured = one.name;
  await one.get("bench:key");
  return one;
}

/** Returns the function that opens a connection of one pool. */
function pooled(): () => Promise<unknown> {
  const { host, port } = place;
  const pool = new BlockingConnectionPool({ host, port, maxConnections: WARM + count });
  return async () => {
    const connection = await pool.acquire();
    await connection.send(["GET", "bench:key"]);
    return connection;
  };
}

/** Returns the memory of the process, in bytes, after garbage and free memory were given back. */
async function settled(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    collectGarbage(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage.rss();
}
