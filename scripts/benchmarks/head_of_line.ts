/**
 * Measures how long small GETs wait behind large replies of the same client, over a link with a bandwidth and over the
 * bare loopback: 200 GETs a second, beside two GETs of 8 MiB or two LRANGEs of 200,000 elements a second.
 *
 * `node scripts/benchmarks/head_of_line.ts [--seconds 5] [--megabytes 40] [--runtimes node,bun,deno] [--only keywire,ioredis]
 * [--multiplexed 2] [--short]`; `--megabytes 0` is the loopback. Commands are sent at a fixed rate, and their latency
 * counts from when they were due. `--multiplexed` is Keywire's `maxMultiplexed`. `--json` prints rows, of the loopback, too.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Redis } from "../../mod.ts";
import { startServer } from "../../tests/harness/server.ts";
import { contendersOf, type Place } from "./contenders/mod.ts";
import { type HeadOfLine, type HeadOfLineJob, ONE_CONNECTION } from "./head_of_line_job.ts";
import { printRow } from "./row.ts";
import { runJob } from "./run_job.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string" },
    megabytes: { type: "string", default: "40" },
    runtimes: { type: "string", default: "node,bun,deno" },
    only: { type: "string" },
    multiplexed: { type: "string" },
    short: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
if (values.multiplexed !== undefined) process.env.KEYWIRE_MULTIPLEXED = values.multiplexed;
/** On one connection ioredis waits in the same way with and without pipelines. */
const UNUSED = ["autopipelined"];
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

/** Starts a proxy that limits the bandwidth; returns its port and its end. */
async function startLink(megabytes: string): Promise<{ port: number; end: () => void }> {
  const script = fileURLToPath(new URL("bandwidth_proxy.ts", import.meta.url));
  const proxy = spawn(process.execPath, [script, String(server.port), megabytes], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  return { port: Number(String((await once(proxy.stdout, "data"))[0])), end: () => proxy.stdin.end() };
}

function show(runtime: string, results: readonly HeadOfLine[], link: string): void {
  for (const beside of new Set(results.map((one) => one.beside))) {
    console.log(`${runtime}: small GETs beside ${beside}${link}`);
    for (const { contender, p50, p99, max, large } of results.filter((one) => one.beside === beside)) {
      const [a, b, c, d] = [p50, p99, max, large].map((ms) => String(ms).padStart(6));
      console.log(`  p50${a} ms  p99${b} ms  max${c} ms  large${d} ms  ${contender}`);
      if (!values.json) continue;
      printRow({ runtime, what: `${beside}${link}`, contender, values: { p50, p99, max, large } });
    }
  }
}

async function measure(port: number, seconds: number, link: string): Promise<void> {
  const place: Place = { host: "127.0.0.1", port, tlsPort: 0, ca: "", clusterPort: 0 };
  for (const runtime of values.runtimes.split(",")) {
    const results: HeadOfLine[] = [];
    const others = contendersOf(runtime).filter((name) => !UNUSED.includes(name));
    for (const contender of values.only?.split(",") ?? [...others, ONE_CONNECTION]) {
      const job: HeadOfLineJob = { place, contender, turn: seconds * 1_000 };
      await runJob<HeadOfLine>(runtime, "head_of_line_job.ts", job, (one) => results.push(one));
    }
    show(runtime, results, link);
  }
}

const seconds = Number(values.seconds ?? (values.short ? 1 : 5));
if (values.megabytes !== "0") {
  const link = await startLink(values.megabytes);
  try {
    await measure(link.port, seconds, `, ${values.megabytes} MB/s`);
  } finally {
    link.end();
  }
}
if (values.json || values.megabytes === "0") await measure(server.port, seconds * 0.6, ", loopback");
