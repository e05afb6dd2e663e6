/**
 * Measures for how long a huge reply blocks the event loop: a value of 100 MB as text and as bytes, and a list of a
 * million elements. `node scripts/benchmarks/loop_delay.ts [ROUNDS]`, also with Deno and Bun.
 *
 * It prints the longest block of each round in milliseconds, lowest first, and the most processor time of the thread in a
 * block: on a busy machine the latter, and the lowest of the former, are closest to what the client does.
 *
 * @module
 */
import process from "node:process";
import { Redis } from "../../mod.ts";
import { startServer } from "../../tests/harness/server.ts";
import { runtimeName } from "./runtime.ts";

const rounds = Number(process.argv[2] ?? 5);
await using server = await startServer({ config: ['save ""'] });
await using redis = new Redis({ port: server.port, commandTimeout: 60_000 });
for (let part = 0; part < 100; part++) await redis.append("text", "x".repeat(1_000_000));
for (let at = 0; at < 1_000_000; at += 1_000) {
  await redis.rpush("list", ...Array.from({ length: 1_000 }, (_, index) => `value:${at + index}`));
}

/** The longest block, the most processor time in a block, and the whole time, in milliseconds. */
interface Measured {
  readonly block: number;
  readonly busy: number;
  readonly total: number;
}

/** The processor time of this thread in milliseconds. */
function processorTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Returns the longest time between two turns of the event loop while a promise is pending. */
async function longestBlock(run: () => Promise<unknown>): Promise<Measured> {
  let block = 0;
  let busy = 0;
  let done = false;
  const start = performance.now();
  const running = run().finally(() => done = true);
  for (let last = performance.now(), used = processorTime(); !done;) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    const now = performance.now();
    const using = processorTime();
    block = Math.max(block, now - last);
    busy = Math.max(busy, using - used);
    last = now;
    used = using;
  }
  await running;
  return { block, busy, total: performance.now() - start };
}

const reads: Record<string, () => Promise<unknown>> = {
  "nothing, for 200 ms": () => new Promise((resolve) => setTimeout(resolve, 200)),
  "GET of 100 MB as text": () => redis.get("text"),
  "GET of 100 MB as bytes": () => redis.bytes().get("text"),
  "LRANGE of 1,000,000 elements": () => redis.lrange("list", 0, -1),
  "the same as bytes": () => redis.bytes().lrange("list", 0, -1),
};
for (const [name, run] of Object.entries(reads)) {
  await run();
  const measured: Measured[] = [];
  for (let round = 0; round < rounds; round++) measured.push(await longestBlock(run));
  const [blocks, busy] = (["block", "busy"] as const).map((part) =>
    measured.map((one) => one[part]).sort((a, b) => a - b).map((time) => time.toFixed(1)).join(", ")
  );
  const total = Math.min(...measured.map((one) => one.total)).toFixed(0);
  console.log(`${runtimeName()}: ${name}: longest block ${blocks} ms; busy ${busy} ms; ${total} ms in all`);
}
