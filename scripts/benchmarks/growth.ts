/**
 * Measures the growth of costs: microseconds a unit for rising numbers of concurrent commands, connections, elements,
 * and a queue of a million commands. Linear costs give a flat curve.
 *
 * @module
 */
import process from "node:process";
import { ConnectionPool, Redis } from "../../mod.ts";
import type { Place } from "./contenders/mod.ts";
import { median, rounded } from "./statistics.ts";
import { VALUE } from "./values.ts";

/** The parameters of a measurement. */
export interface GrowthJob {
  readonly place: Place;
  /** Milliseconds for each point. */
  readonly turn: number;
  /** Whether to skip the largest sizes. */
  readonly short: boolean;
}

/** A curve. */
export interface Curve {
  readonly id: string;
  readonly title: string;
  /** Size, and microseconds a unit. */
  readonly points: readonly (readonly [number, number])[];
}

const job = JSON.parse(process.argv[2]!) as GrowthJob;
const { host, port } = job.place;

/** The median time of an operation on `size` units, in microseconds a unit. */
async function cost(size: number, operation: () => Promise<unknown>): Promise<[number, number]> {
  const times: number[] = [];
  await operation();
  const start = performance.now();
  do {
    const before = performance.now();
    await operation();
    times.push((performance.now() - before) * 1000 / size);
  } while (times.length < 3 || performance.now() - start < job.turn);
  return [size, rounded(median(times))];
}

async function curve(
  id: string,
  title: string,
  sizes: readonly number[],
  prepare: (size: number) => Promise<() => Promise<unknown>>,
): Promise<void> {
  const points: [number, number][] = [];
  for (const size of sizes) points.push(await cost(size, await prepare(size)));
  console.log(JSON.stringify({ id, title, points } satisfies Curve));
}

function together(count: number, operation: (index: number) => Promise<unknown>): Promise<unknown> {
  const pending = new Array<Promise<unknown>>(count);
  for (let index = 0; index < count; index++) pending[index] = operation(index);
  return Promise.all(pending);
}

const redis = new Redis({ host, port });
await redis.connect();

await curve(
  "concurrent",
  "GETs at once",
  [1, 10, 100, 1000, 10_000],
  (size) => Promise.resolve(() => together(size, () => redis.get("bench:key"))),
);

const pool = new ConnectionPool({ host, port, maxConnections: 1000 });
await curve(
  "connections",
  "connections, a GET on each",
  job.short ? [1, 10, 100] : [1, 10, 100, 1000],
  async (size) => {
    const connections = await Promise.all(Array.from({ length: size }, () => pool.acquire()));
    for (const connection of connections) connection[Symbol.dispose]();
    return () =>
      together(size, async () => {
        const connection = await pool.acquire();
        await connection.send(["GET", "bench:key"]);
        connection[Symbol.dispose]();
      });
  },
);
await pool.close();

const lengths = job.short ? [1, 10, 100, 1000, 10_000] : [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
await curve("elements", "elements of an array", lengths, async (size) => {
  const key = `bench:elements:${size}`;
  await redis.del(key);
  for (let pushed = 0; pushed < size; pushed += 1000) {
    await redis.rpush(key, ...new Array<string>(Math.min(1000, size - pushed)).fill(VALUE));
  }
  return () => redis.lrange(key, 0, -1);
});

// Queued in one go while nothing can be written yet: they wait in the client, all of them.
const queues = job.short ? [1000, 10_000, 100_000] : [1000, 10_000, 100_000, 1_000_000];
await curve(
  "queue",
  "commands queued before there is a connection",
  queues,
  (size) =>
    Promise.resolve(async () => {
      const waiting = new Redis({
        host,
        port,
        commandTimeout: 60_000,
        offlineQueue: { maxCommands: 2_000_000, maxBytes: 1_073_741_824 },
      });
      await together(size, () => waiting.get("bench:key"));
      await waiting.close();
    }),
);
await redis.close();
process.exit(0);
