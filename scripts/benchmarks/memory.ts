/**
 * Compares the memory of clients: how much the process grows at most by each workload, with the same number of
 * operations for all. For 1,000 idle clients, and 1,000 idle connections of a pool, it measures what each holds. Other
 * clients have no pools: a client stands beside a connection.
 *
 * `node scripts/benchmarks/memory.ts [--runtimes node,bun,deno] [--only keywire,ioredis] [--workloads idle,get-1m] [--rounds 3]
 * [--short] [--json]` starts a process for each measurement, and takes the median of the rounds.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startServer } from "../../tests/harness/server.ts";
import type { Place } from "./contenders/mod.ts";
import { fill } from "./fill.ts";
import type { Memory, MemoryJob } from "./memory_job.ts";
import { printRow } from "./row.ts";
import { runJob } from "./run_job.ts";
import { median, rounded } from "./statistics.ts";
import { WORKLOADS } from "./workloads.ts";

/** Idle connections. */
const IDLE = 1_000;
/** The number of operations of each workload. */
const COUNTS: Readonly<Record<string, number>> = {
  "get-1": 5_000,
  "get-64": 64_000,
  "get-1000": 300_000,
  "get-10000": 300_000,
  "set-10000": 300_000,
  "pipeline-1000": 300,
  "lrange-1000": 1_600,
  "hgetall-100": 6_400,
  "mget-100": 6_400,
  "zrange-1000": 800,
  "unicode-1k": 50_000,
  "get-1m": 300,
  "get-1m-bytes": 300,
  "get-1000-bytes": 300_000,
  "set-1m": 300,
  "tls-get-1000": 100_000,
  idle: IDLE,
  "idle-pool": IDLE,
};
const TITLES: Readonly<Record<string, string>> = {
  idle: "an idle client",
  "idle-pool": "an idle connection of a pool",
};

const { values } = parseArgs({
  options: {
    runtimes: { type: "string", default: "node,bun,deno" },
    only: { type: "string" },
    workloads: { type: "string" },
    rounds: { type: "string" },
    short: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds ?? (values.short ? 1 : 3));
process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
await using server = await startServer({ tls: true, config: ['save ""', "maxclients 4000"] });
const place: Place = {
  host: server.host,
  port: server.port,
  tlsPort: server.tlsPort!,
  ca: readFileSync(server.certificates!.caFile, "utf8"),
  clusterPort: 0,
};
await fill(place);

for (const runtime of values.runtimes.split(",")) {
  const contenders = values.only?.split(",") ?? ["keywire", "ioredis", ...runtime === "bun" ? ["bun"] : []];
  console.log(`${runtime}: KiB that the process grows by; for idle connections, KiB each`);
  for (const workload of values.workloads?.split(",") ?? Object.keys(COUNTS)) {
    const found = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        const job: MemoryJob = { place, contender, workload, count: COUNTS[workload]! };
        await runJob<Memory>(runtime, "memory_job.ts", job, (one) => {
          found.set(one.contender, [...found.get(one.contender) ?? [], one.bytes]);
        });
      }
    }
    const what = WORKLOADS.find(({ id }) => id === workload)?.title ?? TITLES[workload]!;
    if (values.json) {
      for (const [contender, bytes] of found) {
        printRow({ runtime, what, contender, values: { kib: rounded(median(bytes) / 1_024) } });
      }
    }
    const [ours] = [...found.values()];
    const columns = [...found].map(([name, bytes]) => {
      const ratio = bytes === ours ? "" : ` (${(median(ours!) / Math.max(1, median(bytes))).toFixed(2)})`;
      return `${name} ${(median(bytes) / 1024).toFixed(workload in TITLES ? 1 : 0)}${ratio}`;
    });
    console.log(`  ${workload.padEnd(16)}${columns.join("   ")}`);
  }
}
