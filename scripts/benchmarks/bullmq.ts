/**
 * Compares BullMQ on `@keywire/redis/ioredis` with BullMQ on the genuine ioredis: jobs by the clock and by processor time,
 * alternating in one run. It installs BullMQ.
 *
 *     node_modules/.bin/node scripts/benchmarks/bullmq.ts
 *
 * @module
 */
import Genuine from "ioredis";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import Face from "../../ioredis.ts";
import { startServer } from "../../tests/harness/server.ts";
import { toolFolder } from "../package/tools.ts";

const ROUNDS = 7;
const JOBS = 10_000;
const BULK = 500;

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = toolFolder(root, "ioredis-bullmq", { bullmq: "6.7.0" });
const { Queue, Worker } = createRequire(join(folder, "package.json"))("bullmq");

async function measure(
  // deno-lint-ignore no-explicit-any
  Redis: any,
  port: number,
  name: string,
): Promise<[clock: number, processor: number]> {
  const connect = () => new Redis({ port, host: "127.0.0.1", maxRetriesPerRequest: null });
  const connections = [connect(), connect()];
  const queue = new Queue(name, { connection: connections[0] });
  await queue.waitUntilReady();
  const all = Promise.withResolvers<void>();
  let completed = 0;
  const usage = process.cpuUsage();
  const start = performance.now();
  const worker = new Worker(name, () => Promise.resolve(), { connection: connections[1], concurrency: 50 });
  worker.on("completed", () => ++completed === JOBS && all.resolve());
  for (let first = 0; first < JOBS; first += BULK) {
    await queue.addBulk(Array.from({ length: BULK }, (_, n) => ({ name: "job", data: { n: first + n } })));
  }
  await all.promise;
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(usage);
  await worker.close();
  await queue.obliterate({ force: true });
  await queue.close();
  for (const connection of connections) connection.disconnect();
  return [JOBS / (wall / 1_000), JOBS / ((user + system) / 1e6)];
}

const server = await startServer();
try {
  const ratios: number[] = [];
  const show = ([clock, processor]: [number, number]): string =>
    `${Math.round(clock)}/${Math.round(processor)}`;
  for (let round = 0; round <= ROUNDS; round++) {
    const genuine = await measure(Genuine, server.port, `genuine${round}`);
    const face = await measure(Face, server.port, `face${round}`);
    // The first round warms up.
    if (round === 0) continue;
    ratios.push(face[1] / genuine[1]);
    console.log(`jobs a second, clock/processor: ioredis ${show(genuine)}, Keywire ${show(face)}`);
  }
  const median = ratios.sort((a, b) => a - b)[ROUNDS >> 1]!;
  console.log(`median ratio of processor time: ${median.toFixed(2)}`);
} finally {
  await server.stop();
}
