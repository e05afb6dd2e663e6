/**
 * Measures latencies at fixed rates beside other clients. Commands are sent when they are due, whether or not those before have
 * been answered, and a latency counts from that time (no coordinated omission).
 *
 * First each client's saturation is measured: GETs a second, 1,000 at a time. Then all clients of a runtime get the same
 * rates: 20, 50 and 80 % of the saturation of the slowest of them, and 20, 50 and 80 % of Keywire's own, without the clients
 * that cannot reach such a rate. In each of several rounds every client gets a new process, in turns. The results are the
 * medians of the rounds. A round has 10,000 samples or more, for the 99.9th percentile.
 *
 * The load comes from the client's own process and thread, as in a program, so its lateness is part of a latency. It stands
 * beside it, and so do the latencies of commands that do nothing: what the generator and the machine do.
 *
 * `node scripts/benchmarks/fixed_rate.ts [--short] [--json] [--runtimes node,bun,deno] [--only keywire,ioredis] [--rounds 3]`
 *
 * @module
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startServer } from "../../tests/harness/server.ts";
import { contendersOf, type Place } from "./contenders/mod.ts";
import { fill } from "./fill.ts";
import { type FixedRate, type FixedRateJob, PERCENTILES, type Step } from "./fixed_rate_job.ts";
import { printRow, type Row } from "./row.ts";
import { runJob } from "./run_job.ts";
import { median, rounded } from "./statistics.ts";

const LOADS = [0.2, 0.5, 0.8];
const SAMPLES = 10_000;
const SHORT_SAMPLES = 1_000;
/** A client gets a rate only if its saturation is so much above it. */
const HEADROOM = 1.1;

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    runtimes: { type: "string", default: "node,bun,deno" },
    only: { type: "string" },
    rounds: { type: "string" },
  },
});
process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
const rounds = Number(values.rounds ?? (values.short ? 1 : 3));
const turn = values.short ? 200 : 400;
const least = values.short ? 300 : 1_000;
const samples = values.short ? SHORT_SAMPLES : SAMPLES;

/** A rate for all contenders that reach it. */
interface Level {
  readonly what: string;
  readonly rate: number;
}

await using server = await startServer({ config: ['save ""'] });
const place: Place = { host: server.host, port: server.port, tlsPort: 0, ca: "", clusterPort: 0 };
await fill(place);

async function run(
  runtime: string,
  contender: string | undefined,
  steps: readonly Step[],
): Promise<FixedRate[]> {
  const found: FixedRate[] = [];
  const job: FixedRateJob = { place, ...contender !== undefined && { contender }, steps, turn };
  await runJob<FixedRate>(runtime, "fixed_rate_job.ts", job, (one) => found.push(one));
  return found;
}

/** The median over rounds of each percentile. */
function medians(found: readonly FixedRate[], part: "latencies" | "lateness"): Record<string, number> {
  return Object.fromEntries(
    Object.keys(PERCENTILES).map((name) => [name, rounded(median(found.map((one) => one[part][name]!)))]),
  );
}

function rowOf(runtime: string, { what, rate }: Level, found: readonly FixedRate[]): Row {
  const lateness = medians(found, "lateness");
  const p999 = found.map(({ latencies }) => latencies.p999!);
  return {
    runtime,
    what,
    detail: `${rate.toLocaleString("en")} a second`,
    contender: found[0]!.contender,
    values: {
      rate,
      ...medians(found, "latencies"),
      p999Low: rounded(Math.min(...p999)),
      p999High: rounded(Math.max(...p999)),
      lateP50: lateness.p50!,
      lateP99: lateness.p99!,
      lateP999: lateness.p999!,
      samples: found[0]!.samples,
      rounds: found.length,
    },
  };
}

async function measure(runtime: string): Promise<Row[]> {
  const contenders = values.only?.split(",") ?? contendersOf(runtime);
  const rows: Row[] = [];
  const saturation = new Map<string, number>();
  for (const contender of contenders) {
    const [{ rate, contender: name }] = await run(runtime, contender, []) as [FixedRate];
    saturation.set(contender, rate);
    console.log(`${runtime}: ${name} is saturated by ${rate.toLocaleString("en")} GETs a second`);
    rows.push({ runtime, what: "saturation", contender: name, values: { rate: rounded(rate) } });
  }
  const slowest = Math.min(...saturation.values());
  const own = saturation.get("keywire") ?? slowest;
  const levels: Level[] = [["the slowest client's", slowest] as const, ["Keywire's own", own] as const]
    .flatMap(([whose, rate]) =>
      LOADS.map((load) => ({
        what: `${load * 100} % of ${whose} saturation`,
        rate: Number((rate * load).toPrecision(3)),
      }))
    );
  const stepOf = ({ rate }: Level): Step => ({ rate, milliseconds: Math.max(least, samples / rate * 1_010) });
  const found = new Map<Level, Map<string, FixedRate[]>>(levels.map((level) => [level, new Map()]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of [undefined, ...round % 2 === 0 ? contenders : contenders.toReversed()]) {
      const limit = contender === undefined ? Infinity : saturation.get(contender)! / HEADROOM;
      const reached = levels.filter(({ rate }) => rate <= limit);
      const results = await run(runtime, contender, reached.map(stepOf));
      results.forEach((one, index) => {
        const all = found.get(reached[index]!)!;
        all.set(one.contender, [...all.get(one.contender) ?? [], one]);
      });
    }
  }
  const order = new Map(rows.map(({ contender }, index) => [contender, index]));
  for (const level of levels) {
    const all = [...found.get(level)!.values()].map((one) => rowOf(runtime, level, one));
    rows.push(
      ...all.toSorted((a, b) => (order.get(a.contender) ?? 99) - (order.get(b.contender) ?? 99)),
    );
  }
  return rows;
}

for (const runtime of values.runtimes.split(",")) {
  let level = "";
  for (const row of await measure(runtime)) {
    const { what, detail, contender, values: { p50, p99, p999, lateP99 } } = row;
    if (values.json) printRow(row);
    if (p50 === undefined) continue;
    if (level !== (level = `${runtime}: ${what}: ${detail}`)) console.log(level);
    const [a, b, c, d] = [p50, p99, p999, lateP99].map((time) => String(time).padStart(7));
    console.log(`  p50${a} ms  p99${b} ms  p99.9${c} ms  late p99${d} ms  ${contender}`);
  }
}
