/**
 * Measures how long small GETs wait behind large replies of the same client, over a link with a bandwidth and over the
 * bare loopback: 200 GETs a second, beside two GETs of 8 MiB or two LRANGEs of 200,000 elements a second.
 *
 * `node scripts/benchmarks/head_of_line.ts [--seconds 10] [--megabytes 40] [--runtimes node,bun] [--only keywire,ioredis]
 * [--multiplexed 2] [--write]`; `--megabytes 0` is the loopback. Commands are sent at a fixed rate, and their latency
 * counts from when they were due. `--multiplexed` is Keywire's `maxMultiplexed`. `--write` writes
 * `bench/head_of_line.json`, or `bench/head_of_line_loopback.json`. Both runtimes take about five minutes.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Redis } from "../../mod.ts";
import { startServer } from "../../tests/harness/server.ts";
import { contendersOf, type Place } from "./contenders/mod.ts";
import type { HeadOfLine, HeadOfLineJob } from "./head_of_line_job.ts";
import { machine, versions } from "./machine.ts";
import { runJob } from "./run_job.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    megabytes: { type: "string", default: "40" },
    runtimes: { type: "string", default: "node,bun" },
    only: { type: "string" },
    multiplexed: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
if (values.multiplexed !== undefined) process.env.KEYWIRE_MULTIPLEXED = values.multiplexed;
process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
await using server = await startServer({ config: ['save ""'] });
{
  await using redis = new Redis({ port: server.port });
  await redis.set("small", "0123456789abcdef");
  for (const index of [0, 1]) await redis.set(`large:${index}`, "x".repeat(8_388_608));
  for (let at = 0; at < 200_000; at += 1_000) {
    await redis.rpush(
      "list",
      ...Array.from({ length: 1_000 }, (_, index) => `value:${1_000_000 + at + index}`),
    );
  }
}
let { port } = server;
const proxy = values.megabytes === "0" ? undefined : spawn(
  process.execPath,
  [fileURLToPath(new URL("bandwidth_proxy.ts", import.meta.url)), String(port), values.megabytes],
  { stdio: ["pipe", "pipe", "inherit"] },
);
if (proxy !== undefined) port = Number(String((await once(proxy.stdout, "data"))[0]));
const place: Place = { host: "127.0.0.1", port, tlsPort: 0, ca: "", clusterPort: 0 };
const all: { runtime: string; version: string; beside: string; rows: HeadOfLine[] }[] = [];
try {
  for (const runtime of values.runtimes.split(",")) {
    const results: HeadOfLine[] = [];
    for (const contender of values.only?.split(",") ?? contendersOf(runtime)) {
      const job: HeadOfLineJob = { place, contender, turn: Number(values.seconds) * 1000 };
      await runJob<HeadOfLine>(runtime, "head_of_line_job.ts", job, (one) => results.push(one));
    }
    for (const beside of new Set(results.map((one) => one.beside))) {
      const rows = results.filter((one) => one.beside === beside);
      all.push({ runtime, version: versions[runtime]!, beside, rows });
      console.log(`${runtime}: small GETs beside ${beside}`);
      for (const one of rows) {
        const [p50, p99, max, large] = [one.p50, one.p99, one.max, one.large].map((ms) =>
          String(ms).padStart(6)
        );
        console.log(`  p50${p50} ms  p99${p99} ms  max${max} ms  large${large} ms  ${one.contender}`);
      }
    }
  }
} finally {
  proxy?.stdin.end();
}
if (values.write) {
  const megabytes = Number(values.megabytes);
  const file = megabytes === 0 ? "bench/head_of_line_loopback.json" : "bench/head_of_line.json";
  const results = { date: new Date().toISOString(), machine: machine(), megabytes, runtimes: all };
  writeFileSync(file, JSON.stringify(results, undefined, 2) + "\n");
  console.log(`Wrote ${file}`);
}
