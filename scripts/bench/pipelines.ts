/**
 * Pipelines beside those of the other clients of this runtime: all in one run, alternating, medians of the rounds.
 *
 * `node scripts/bench/pipelines.ts [--size 1000] [--rounds 9] [--server host:port]`, with `deno run -A` or `bun` alike.
 * Bun's own client has no pipelines: there as many calls are made at once.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { Redis as Keywire } from "../../mod.ts";
import { startServer } from "../../tests/harness/server.ts";

/** A client under measurement. */
interface Contender {
  readonly name: string;
  run(keys: readonly string[]): Promise<unknown>;
  close(): unknown;
}

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "1000" },
    rounds: { type: "string", default: "9" },
    server: { type: "string" },
  },
});
const size = Number(values.size);
const rounds = Number(values.rounds);

async function open(host: string, port: number): Promise<Contender[]> {
  const own = new Keywire({ host, port });
  await own.connect();
  const { Redis } = await import("ioredis");
  const ioredis = new Redis({ host, port });
  await ioredis.ping();
  const { createClient } = await import("redis");
  const nodeRedis = createClient({ socket: { host, port } });
  await nodeRedis.connect();
  const contenders: Contender[] = [
    {
      name: "keywire",
      run: (keys) => {
        const pipeline = own.pipeline();
        for (const key of keys) pipeline.get(key);
        return pipeline.exec();
      },
      close: () => own.close(),
    },
    {
      name: "ioredis pipeline",
      run: (keys) => {
        const pipeline = ioredis.pipeline();
        for (const key of keys) pipeline.get(key);
        return pipeline.exec();
      },
      close: () => ioredis.quit(),
    },
    {
      name: "node-redis pipeline",
      run: (keys) => {
        const multi = nodeRedis.multi();
        for (const key of keys) multi.get(key);
        return multi.execAsPipeline();
      },
      close: () => nodeRedis.close(),
    },
  ];
  const { Bun } = globalThis as unknown as {
    Bun?: { RedisClient: new (url: string) => { get(key: string): Promise<unknown>; close(): void } };
  };
  if (Bun !== undefined) {
    const native = new Bun.RedisClient(`redis://${host}:${port}`);
    contenders.push({
      name: "Bun.RedisClient at once",
      run: (keys) => Promise.all(keys.map((key) => native.get(key))),
      close: () => native.close(),
    });
  }
  return contenders;
}

/** Commands a second of one contender, for at least 150 ms. */
async function rate(contender: Contender, keys: readonly string[]): Promise<number> {
  const start = performance.now();
  let done = 0;
  do {
    await contender.run(keys);
    done += keys.length;
  } while (performance.now() - start < 150);
  return done / (performance.now() - start) * 1000;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
}

const own = values.server === undefined ? await startServer() : undefined;
const [host, port] = own === undefined ? values.server!.split(":") : [own.host, own.port];
const contenders = await open(host!, Number(port));
const keys = Array.from({ length: size }, (_, index) => `bench:${index}`);
const filler = new Keywire({ host: host!, port: Number(port) });
await filler.mset(keys.map((key) => [key, "0123456789abcdef"] as const));
await filler.close();
const rates = contenders.map((): number[] => []);
// The first round only warms up.
for (let round = -1; round < rounds; round++) {
  for (const [index, contender] of contenders.entries()) {
    const measured = await rate(contender, keys);
    if (round >= 0) rates[index]!.push(measured);
  }
}
const runtime = process.versions.bun ? "Bun" : "Deno" in globalThis ? "Deno" : "Node";
console.log(
  `${runtime}: pipelines of ${size} GETs, thousands of commands a second (median of ${rounds}), ours : theirs`,
);
for (const [index, contender] of contenders.entries()) {
  const ratios = rates[0]!.map((ours, round) => ours / rates[index]![round]!);
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  const thousands = (median(rates[index]!) / 1000).toFixed(0).padStart(6);
  console.log(`  ${contender.name.padEnd(24)}${thousands}   ${median(ratios).toFixed(2)} (${spread})`);
}
for (const contender of contenders) await contender.close();
await own?.stop();
