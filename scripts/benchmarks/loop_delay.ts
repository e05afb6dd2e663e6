/**
 * Measures for how long huge replies and requests block the event loop: values of 100 MB, lists of a million elements, maps, nested
 * replies, a pipeline of 100,000 commands, the same over TLS. `node scripts/benchmarks/loop_delay.ts [ROUNDS] [--short] [--json]`,
 * also with Deno and Bun. `--only WORD` measures the things with this word alone.
 *
 * It prints the least of the rounds in milliseconds: the longest block, and the most processor time of the thread in a block, which a busy machine
 * changes less. On Node it also prints the most processor time in a block without a pause of the garbage collector.
 *
 * @module
 */
import { PerformanceObserver } from "node:perf_hooks";
import process from "node:process";
import { Redis } from "../../mod.ts";
import { startServer } from "../../tests/harness/server.ts";
import { printRow } from "./row.ts";
import { collectGarbage, runtimeName } from "./runtime.ts";
import { threadTime } from "./thread_time.ts";

const words = process.argv.slice(2);
const short = words.includes("--short");
const asJson = words.includes("--json");
const only = words.includes("--only") ? words[words.indexOf("--only") + 1]! : "";
const rounds = Number(words.find((word) => /^\d+$/.test(word)) ?? (short ? 1 : 3));
const MILLION = 1_000_000;

await using server = await startServer({ tls: true, config: ['save ""'] });
const options = { port: server.port, commandTimeout: 120_000 };
await using redis = new Redis(options);
await using secure = new Redis({
  ...options,
  port: server.tlsPort!,
  host: "localhost",
  tls: { ca: server.certificates!.ca },
});
await fill();

/** Sets the keys. */
async function fill(): Promise<void> {
  for (let part = 0; part < 100; part++) await redis.append("text", "x".repeat(1_000_000));
  for (let at = 0; at < MILLION; at += 1_000) {
    const values = Array.from({ length: 1_000 }, (_, index) => `value:${at + index}`);
    await redis.rpush("list", ...values);
    if (at >= 200_000) continue;
    await redis.sadd("set", ...values);
    await redis.hset("hash", Object.fromEntries(values.map((value) => [value, value])));
    await redis.command("ZADD", "sorted", ...values.flatMap((value, index) => [at + index, value]));
    if (at < 100_000) await Promise.all(values.map((value) => redis.xadd("stream", "*", { value })));
  }
}

const commands = 100_000;
const pairs: Record<string, string> = {};
const members: string[] = [];
for (let index = 0; index < 200_000; index++) {
  pairs[`key:${index}`] = `value:${index}`;
  if (index < 100_000) members.push(`value:${index}`);
}
const long = "x".repeat(100_000_000);

/** The measured operations, by their names in the table. */
const RUNS: Record<string, () => Promise<unknown>> = {
  "nothing, for 200 ms": () => new Promise((resolve) => setTimeout(resolve, 200)),
  "GET of 100 MB as text": () => redis.get("text"),
  "GET of 100 MB as bytes": () => redis.bytes().get("text"),
  "LRANGE of 1,000,000 elements": () => redis.lrange("list", 0, -1),
  "LRANGE of 1,000,000 elements as bytes": () => redis.bytes().lrange("list", 0, -1),
  "TLS: GET of 100 MB as bytes": () => secure.bytes().get("text"),
  "TLS: LRANGE of 1,000,000 elements": () => secure.lrange("list", 0, -1),
  "TLS: LRANGE of 1,000,000 elements as bytes": () => secure.bytes().lrange("list", 0, -1),
  "SMEMBERS of 200,000": () => redis.smembers("set"),
  "HGETALL of 200,000": () => redis.hgetall("hash"),
  "ZRANGE of 200,000 with scores": () => redis.zrange("sorted", 0, -1, { withScores: true }),
  "XRANGE of 100,000": () => redis.xrange("stream", "-", "+"),
  "a pipeline of 100,000 GETs": () => {
    const pipeline = redis.pipeline();
    for (let index = 0; index < commands; index++) pipeline.get("key:1");
    return pipeline.exec();
  },
  "SCAN of all keys": async () => {
    for await (const _ of redis.scanIterator({ count: 10_000 }));
  },
  "MSET of 200,000 keys": () => redis.mset(pairs),
  "RPUSH of 100,000 elements": () => redis.rpush("pushed", ...members),
  "SET of 100 MB as text": () => redis.set("long", long),
};

/** The least of the rounds in milliseconds; `work`: without the collector's pauses, where the runtime reports them. */
interface Measured {
  readonly busy: number;
  readonly block: number;
  readonly total: number;
  readonly work?: number;
  readonly pause?: number;
}

const pauses: { readonly startTime: number; readonly duration: number }[] = [];
const observesPauses = runtimeName() === "node";
if (observesPauses) {
  new PerformanceObserver((list) => pauses.push(...list.getEntries())).observe({ entryTypes: ["gc"] });
}
const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Measures the turns of the event loop while a promise is pending. */
async function measure(run: () => Promise<unknown>): Promise<Measured> {
  collectGarbage();
  await nextTurn();
  pauses.length = 0;
  let block = 0;
  let busy = 0;
  let done = false;
  const turns: { readonly from: number; readonly to: number; readonly used: number }[] = [];
  const start = performance.now();
  let last = start;
  let used = threadTime();
  const running = run().finally(() => done = true);
  while (!done) {
    await nextTurn();
    const now = performance.now();
    const using = threadTime();
    block = Math.max(block, now - last);
    busy = Math.max(busy, using - used);
    turns.push({ from: last, to: now, used: using - used });
    last = now;
    used = using;
  }
  await running;
  const total = performance.now() - start;
  if (!observesPauses) return { block, busy, total };
  await nextTurn();
  const quiet = turns.filter(({ from, to }) =>
    !pauses.some(({ startTime, duration }) => startTime < to && startTime + duration > from)
  );
  const work = Math.max(0, ...quiet.map((turn) => turn.used));
  return { block, busy, total, work, pause: Math.max(0, ...pauses.map(({ duration }) => duration)) };
}

for (const [what, run] of Object.entries(RUNS)) {
  if (!what.includes(only)) continue;
  await run();
  const measured: Measured[] = [];
  for (let round = 0; round < rounds; round++) measured.push(await measure(run));
  const values: Record<string, number> = {};
  for (const name of ["busy", "block", "total", "work", "pause"] as const) {
    const times = measured.flatMap((one) => one[name] ?? []);
    if (times.length > 0) values[name] = Number(Math.min(...times).toFixed(1));
  }
  if (asJson) printRow({ runtime: runtimeName(), what, contender: "keywire", values });
  else console.log(`${runtimeName()}: ${what}: ${JSON.stringify(values)}`);
}
