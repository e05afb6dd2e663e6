/**
 * Measures Keywire beside other clients on Deno, Bun and Node, all against one server of its own on this machine.
 *
 * `./scripts/bench` takes about six minutes and writes `bench/results.json`, the charts and the page; `--short` takes about
 * one and writes nothing, unless `--write`. `--only WORDS` measures only workloads whose id contains one of the words
 * (separated by commas), `--runtimes node,bun` only there. Absolute figures differ from machine to machine and from
 * minute to minute; the ratios, which come from contenders that take turns, are what counts.
 *
 * @module
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { startCluster } from "../../tests/harness/cluster.ts";
import { startServer } from "../../tests/harness/server.ts";
import { readOptions } from "../testing/options.ts";
import type { Compared } from "./compare.ts";
import { contendersOf, type Place } from "./contenders/mod.ts";
import type { Curve } from "./growth.ts";
import { machine, versions } from "./machine.ts";
import { fill } from "./fill.ts";
import { writeReport } from "./parts/report.ts";
import { THROUGHPUT, throughputRows } from "./parts/throughput.ts";
import { findLosses } from "./parts/verdicts.ts";
import { referenceRates } from "./reference.ts";
import { showCompared, showCurve, showRetained, showSolo } from "./report.ts";
import type { Results, RuntimeResults } from "./results.ts";
import type { Retained } from "./retention.ts";
import { runJob } from "./run_job.ts";
import type { Solo } from "./solo.ts";
import { WORKLOADS } from "./workloads.ts";

const USAGE = `Measures Keywire beside other clients on Deno, Bun and Node.

    ./scripts/bench [--short] [--write] [--out FOLDER] [--only WORDS] [--runtimes node,bun,deno]

Other parts of the benchmark, and all together: ./scripts/bench --parts, --all (see ./scripts/bench --all --help).

--short      takes about one minute instead of six, and writes no files
--write      writes bench/results.json, the page and the charts in any case
--out        the folder for them instead of bench/
--only       measures only the workloads whose id contains one of these words, separated by commas
--runtimes   the runtimes, separated by commas (all by default)`;

const { values } = readOptions(USAGE, {
  options: {
    short: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    out: { type: "string", default: "bench" },
    only: { type: "string" },
    runtimes: { type: "string", default: "node,bun,deno" },
  },
});
const { short } = values;
const words = values.only?.split(",");
const root = fileURLToPath(new URL("../..", import.meta.url));
process.chdir(root);

const workloads = WORKLOADS.filter(({ id, short: brief }) =>
  words === undefined ? !short || brief === true : words.some((word) => id.includes(word))
).map(({ id }) => id);
// No lines of configuration but these: the server is as it comes, without saving.
await using server = await startServer({ tls: true, config: ['save ""', "maxclients 4000"] });
const hasCluster = workloads.some((id) => id.startsWith("cluster"));
await using cluster = hasCluster ? await startCluster({ replicas: 0 }) : undefined;
const place: Place = {
  host: server.host,
  port: server.port,
  tlsPort: server.tlsPort!,
  ca: readFileSync(server.certificates!.caFile, "utf8"),
  clusterPort: cluster?.masters[0]?.port ?? 0,
};
await fill(place);

const began = performance.now();
const load = Number(loadavg()[0]!.toFixed(2));
const runtimes: RuntimeResults[] = [];
for (const runtime of values.runtimes.split(",")) {
  const compared: Compared[] = [];
  console.log(`\n${runtime} ${versions[runtime]}`);
  const reference = await referenceRates(place, short);
  // Each workload has its own process, so that the garbage of one client does not slow down the next.
  for (const id of workloads) {
    const job = { place, rounds: short ? 3 : 7, turn: short ? 20 : 50, workloads: [id] };
    await runJob<Compared>(runtime, "compare.ts", job, (one) => {
      compared.push(one);
      showCompared(one);
    });
  }
  const solo: Solo[] = [];
  const curves: Curve[] = [];
  const retained: Retained[] = [];
  if (words === undefined) {
    for (const contender of contendersOf(runtime)) {
      const job = { place, contender, rate: 20_000, turn: short ? 200 : 1000 };
      await runJob<Solo>(runtime, "solo.ts", job, (one) => solo.push(one));
    }
    showSolo(solo);
    await runJob<Curve>(runtime, "growth.ts", { place, short, turn: short ? 60 : 500 }, (one) => {
      curves.push(one);
      showCurve(one);
    });
    if (!short) {
      await runJob<Retained>(runtime, "retention.ts", { place }, (one) => {
        retained.push(one);
        showRetained(one);
      });
    }
  }
  runtimes.push({ runtime, version: versions[runtime]!, reference, compared, solo, curves, retained });
}
const seconds = Math.round((performance.now() - began) / 1000);
const measured: Results = {
  date: new Date().toISOString(),
  seconds,
  load,
  short,
  machine: machine(),
  server: `${server.name} ${server.version}`,
  versions,
  runtimes,
};
const results: Results = { ...measured, losses: findLosses(THROUGHPUT, throughputRows(measured)), runtimes };
console.log(`\n${seconds} s`);
if (values.write || (!short && words === undefined)) {
  const { out } = values;
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "results.json"), JSON.stringify(results, undefined, 2) + "\n");
  writeReport(out);
  console.log(`Wrote ${out}/results.json, ${out}/README.md and the charts`);
}
