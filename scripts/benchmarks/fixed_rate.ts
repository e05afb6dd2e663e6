/**
 * Measures latencies at fixed rates beside other clients: GETs at 20, 50 and 80 % of the rate at which the slowest of the
 * clients is saturated, so that all get the same load. Commands are sent when they are due, whether or not those before
 * have been answered, and a latency counts from that time (no coordinated omission).
 *
 * `node scripts/benchmarks/fixed_rate.ts [--short] [--runtimes node,bun,deno] [--only keywire,ioredis] [--write]`.
 * `--write` writes `bench/latency.json` and the chart `bench/latency.svg`, in the form of HdrHistogram: the percentile
 * on a logarithmic axis. `--short` measures less often.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startServer } from "../../tests/harness/server.ts";
import { contendersOf, type Place } from "./contenders/mod.ts";
import { fill } from "./fill.ts";
import { type FixedRate, type FixedRateJob, TAILS } from "./fixed_rate_job.ts";
import { drawLatencies, type Latencies } from "./latency_chart.ts";
import { machine, versions } from "./machine.ts";
import { runJob } from "./run_job.ts";

const LOADS = [0.2, 0.5, 0.8];

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    runtimes: { type: "string", default: "node,bun,deno" },
    only: { type: "string" },
  },
});
process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
await using server = await startServer({ config: ['save ""'] });
const place: Place = { host: server.host, port: server.port, tlsPort: 0, ca: "", clusterPort: 0 };
await fill(place);
const turn = values.short ? 500 : 3_500;

async function measure(runtime: string, contender: string, rates: readonly number[]): Promise<FixedRate[]> {
  const found: FixedRate[] = [];
  const job: FixedRateJob = { place, contender, rates, turn };
  await runJob<FixedRate>(runtime, "fixed_rate_job.ts", job, (one) => found.push(one));
  return found;
}

const all: Latencies[] = [];
for (const runtime of values.runtimes.split(",")) {
  const contenders = values.only?.split(",") ?? contendersOf(runtime);
  let slowest = Infinity;
  for (const contender of contenders) {
    for (const { rate, contender: name } of await measure(runtime, contender, [])) {
      console.log(
        `${runtime}: ${name} is saturated by ${Math.round(rate).toLocaleString("en")} GETs a second`,
      );
      slowest = Math.min(slowest, rate);
    }
  }
  const rates = LOADS.map((load) => Math.round(slowest * load));
  const measured: FixedRate[] = [];
  for (const contender of contenders) measured.push(...await measure(runtime, contender, rates));
  rates.forEach((rate, index) => {
    const load = LOADS[index]!;
    const rows = measured.filter((_, at) => at % rates.length === index);
    all.push({ runtime, version: versions[runtime]!, load, rate, rows });
    console.log(
      `${runtime}: ${rate.toLocaleString("en")} GETs a second (${load * 100} % of the slowest client)`,
    );
    for (const { contender, latencies } of rows) {
      const [p50, p99, p999] = [2, 100, 1_000].map((tail) =>
        String(latencies[TAILS.indexOf(tail)]).padStart(7)
      );
      console.log(`  p50${p50} ms  p99${p99} ms  p99.9${p999} ms  ${contender}`);
    }
  });
}
if (values.write) {
  const results = { date: new Date().toISOString(), machine: machine(), tails: TAILS, latencies: all };
  writeFileSync("bench/latency.json", JSON.stringify(results, undefined, 2) + "\n");
  writeFileSync("bench/latency.svg", drawLatencies(all));
  console.log("Wrote bench/latency.json and bench/latency.svg");
}
