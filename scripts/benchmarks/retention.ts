/**
 * Measures the memory that kept values hold: one value in a thousand of a long run is kept, then the memory after
 * garbage collection is compared. A value that held its chunk would hold up to 64 KiB; a window of the decoder is 1
 * KiB.
 *
 * Needs `--expose-gc` (Node), `--v8-flags=--expose-gc` (Deno) or Bun.
 *
 * @module
 */
import process from "node:process";
import { Redis } from "../../mod.ts";
import type { Place } from "./contenders/mod.ts";
import { collectGarbage } from "./runtime.ts";

/** The parameters of a measurement. */
export interface RetentionJob {
  readonly place: Place;
}

/** The memory of kept values. */
export interface Retained {
  readonly id: string;
  readonly title: string;
  /** The number of kept values. */
  readonly kept: number;
  /** Bytes that each of them holds. */
  readonly bytes: number;
}

const BATCH = 1000;
const BATCHES = 1000;

/** Bytes in use when all garbage is gone. */
async function used(): Promise<number> {
  for (let times = 0; times < 3; times++) {
    collectGarbage();
    // Promises and finalizers release their objects in the next turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function measure(id: string, title: string, batch: () => Promise<readonly unknown[]>): Promise<void> {
  for (let index = 0; index < 20; index++) await batch();
  const kept: unknown[] = new Array(BATCHES).fill(undefined);
  const before = await used();
  for (let index = 0; index < BATCHES; index++) kept[index] = (await batch())[index % BATCH];
  const bytes = Math.max(0, Math.round((await used() - before) / BATCHES));
  console.log(JSON.stringify({ id, title, kept: kept.length, bytes } satisfies Retained));
}

const { place: { host, port } } = JSON.parse(process.argv[2]!) as RetentionJob;
const redis = new Redis({ host, port });
const bytes = redis.bytes();
const many = (operation: () => Promise<unknown>) => () =>
  Promise.all(Array.from({ length: BATCH }, operation));
await redis.connect();
await measure("get", "GET of 16 characters, one in 1,000 kept", many(() => redis.get("bench:key")));
await measure("get-bytes", "GET of 16 bytes as bytes, one in 1,000 kept", many(() => bytes.get("bench:key")));
await measure("lrange", "LRANGE of 1,000, one element kept of each", () => redis.lrange("bench:list", 0, -1));
await measure(
  "lrange-bytes",
  "LRANGE of 1,000 as bytes, one element kept of each",
  () => bytes.lrange("bench:list", 0, -1),
);
await redis.close();
process.exit(0);
