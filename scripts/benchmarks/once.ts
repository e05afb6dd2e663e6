/**
 * Measures the cost of `once()`: INCR with it and plain INCR take turns on one server, which the script starts. Prints the plain rate and
 * the fraction that `once()` reaches (median, with quartiles).
 *
 * `node scripts/benchmarks/once.ts`, likewise with Deno and Bun. `KEYWIRE_SERVER_BIN` names another server.
 *
 * @module
 */
import { Redis } from "../../mod.ts";
import { startServer } from "../../tests/harness/server.ts";
import { runtime } from "./micro.ts";
import { median, quantile } from "./statistics.ts";

const ROUNDS = 15;
const SHAPES = [{ concurrent: 1, count: 1_000 }, { concurrent: 64, count: 12_800 }, {
  concurrent: 1_000,
  count: 20_000,
}];

await using server = await startServer({ config: ['save ""'] });
await using redis = new Redis(server.url);

/** Calls `count` times, `concurrent` at a time; returns calls a second. */
async function rate(call: () => Promise<unknown>, concurrent: number, count: number): Promise<number> {
  const start = performance.now();
  for (let done = 0; done < count; done += concurrent) {
    await Promise.all(Array.from({ length: concurrent }, call));
  }
  return count / (performance.now() - start) * 1_000;
}

for (const { concurrent, count } of SHAPES) {
  const plain: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await redis.flushall();
    const before = await rate(() => redis.incr("n"), concurrent, count);
    const once = await rate(() => redis.once().incr("n"), concurrent, count);
    plain.push(before);
    ratios.push(once / before);
  }
  const parts = [0.25, 0.5, 0.75].map((part) => quantile(ratios, part).toFixed(2));
  console.log(
    `${runtime()} ${`${concurrent}`.padStart(5)} at a time: ${
      Math.round(median(plain))
    } plain INCR a second, ` +
      `once() ${parts[1]} of it (${parts[0]} to ${parts[2]})`,
  );
}
