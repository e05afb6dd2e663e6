/**
 * Compares `@keywire/redis/ioredis` with the genuine ioredis: 1,000 concurrent GETs of 16 characters, by the clock and by
 * processor time, alternating in one run.
 *
 *     node_modules/.bin/node scripts/benchmarks/ioredis.ts
 *
 * @module
 */
import Genuine from "ioredis";
import process from "node:process";
import Face from "../../ioredis.ts";
import { startServer } from "../../tests/harness/server.ts";

const ROUNDS = 5;
const BATCHES = 100;
const CONCURRENT = 1_000;

async function measure(
  // deno-lint-ignore no-explicit-any
  Redis: any,
  port: number,
  options: object = {},
): Promise<[clock: number, processor: number]> {
  const redis = new Redis({ port, host: "127.0.0.1", ...options });
  await redis.set("key", "x".repeat(16));
  const run = async (batches: number): Promise<void> => {
    for (let batch = 0; batch < batches; batch++) {
      await Promise.all(Array.from({ length: CONCURRENT }, () => redis.get("key")));
    }
  };
  await run(20);
  const usage = process.cpuUsage();
  const start = performance.now();
  await run(BATCHES);
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(usage);
  await redis.quit();
  const commands = BATCHES * CONCURRENT;
  return [commands / wall, commands / ((user + system) / 1_000)];
}

const server = await startServer();
try {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const genuine = await measure(Genuine, server.port);
    const pipelined = await measure(Genuine, server.port, { enableAutoPipelining: true });
    const face = await measure(Face, server.port);
    ratios.push(face[1] / genuine[1]);
    const show = ([clock, processor]: [number, number]): string =>
      `${Math.round(clock)}/${Math.round(processor)}`;
    console.log(
      `thousand GETs a second, clock/processor: ioredis ${show(genuine)}, auto-pipelined ${
        show(pipelined)
      }, ` +
        `Keywire ${show(face)}`,
    );
  }
  const median = ratios.sort((a, b) => a - b)[ROUNDS >> 1]!;
  console.log(`median ratio of processor time: ${median.toFixed(2)}`);
} finally {
  await server.stop();
}
