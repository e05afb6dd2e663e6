/**
 * Messages a second for one subscriber, beside ioredis, node-redis and (on Bun) Bun's own client; and cached GETs
 * beside uncached ones. Contenders take turns; shown are medians, and the median of the ratios within a round.
 *
 * `node scripts/benchmarks/pubsub.ts`, `bun scripts/benchmarks/pubsub.ts`, `deno run -A scripts/benchmarks/pubsub.ts`; with the
 * number of rounds behind it (default 5). A server is started for it.
 *
 * @module
 */
import process from "node:process";
import { Redis } from "../../mod.ts";
import { startServer } from "../../tests/harness/server.ts";
import { runtime } from "./micro.ts";

const rounds = Number(process.argv[2] ?? 5);
const MESSAGES = 100_000;
const PAYLOAD = "0123456789abcdef";
/** The server publishes at full speed, so that the subscriber is the bottleneck. */
const PUBLISH = `for i = 1, ${MESSAGES} do redis.call("PUBLISH", KEYS[1], ARGV[1]) end`;

interface Subscriber {
  close(): Promise<unknown> | void;
}
type Open = (url: string, heard: (message: unknown) => void) => Promise<Subscriber>;

const contenders: Record<string, Open> = {
  "keywire (listener, RESP3)": async (url, heard) => {
    const redis = new Redis(url);
    await redis.subscribe("bench", heard);
    return redis;
  },
  "keywire (listener, RESP2)": async (url, heard) => {
    const redis = new Redis(url, { protocol: 2 });
    await redis.subscribe("bench", heard);
    return redis;
  },
  "keywire (for await)": async (url, heard) => {
    const redis = new Redis(url);
    const subscription = redis.subscription("bench", { buffer: MESSAGES });
    (async () => {
      for await (const item of subscription) if (item.kind === "message") heard(item.message);
    })();
    await subscription.ready;
    return redis;
  },
  "ioredis": async (url, heard) => {
    const { Redis: Client } = await import("ioredis");
    const client = new Client(url);
    client.on("message", (_channel: string, message: string) => heard(message));
    await client.subscribe("bench");
    return { close: () => client.disconnect() };
  },
  "node-redis": async (url, heard) => {
    const { createClient } = await import("redis");
    const client = createClient({ url });
    await client.connect();
    await client.subscribe("bench", heard);
    return { close: () => client.destroy() };
  },
};

interface BunClient {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  close(): void;
}
const bun = (globalThis as { Bun?: { RedisClient: new (url: string) => BunClient } }).Bun;
if (bun !== undefined) {
  contenders["Bun's own"] = async (url, heard) => {
    const client = new bun.RedisClient(url);
    await client.subscribe("bench", heard);
    return { close: () => client.close() };
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const show = (value: number): string => Math.round(value).toLocaleString("en").padStart(12);

await using server = await startServer({ config: ["client-output-buffer-limit pubsub 0 0 0"] });
await using publisher = new Redis(server.url);

/** Messages a second, from the first to the last. */
async function measureMessages(open: Open): Promise<number> {
  let count = 0;
  let first = 0;
  const done = Promise.withResolvers<number>();
  const subscriber = await open(server.url, () => {
    if (count++ === 0) first = performance.now();
    if (count === MESSAGES) done.resolve(performance.now());
  });
  const published = publisher.with({ timeout: 0 }).eval(PUBLISH, ["bench"], [PAYLOAD]);
  const last = await done.promise;
  await published;
  await subscriber.close();
  return MESSAGES / (last - first) * 1000;
}

console.log(`${runtime()}: messages of ${PAYLOAD.length} bytes to one subscriber, ${rounds} rounds`);
const names = Object.keys(contenders);
const rates = names.map((): number[] => []);
for (let round = -1; round < rounds; round++) {
  const order = names.map((_, index) => round % 2 === 0 ? index : names.length - 1 - index);
  for (const index of order) {
    const rate = await measureMessages(contenders[names[index]!]!);
    if (round >= 0) rates[index]!.push(rate);
  }
}
names.forEach((name, index) => {
  const ratio = median(rates[0]!.map((rate, round) => rate / rates[index]![round]!));
  console.log(`  ${name.padEnd(28)} ${show(median(rates[index]!))}/s  first is x${ratio.toFixed(2)}`);
});

/** GETs a second, `together` at once. */
async function measureGets(redis: Redis, together: number): Promise<number> {
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < 150) {
    if (together === 1) {
      for (let index = 0; index < 20; index++) await redis.get("bench:key");
      done += 20;
    } else {
      await Promise.all(Array.from({ length: together }, () => redis.get("bench:key")));
      done += together;
    }
  }
  return done / (performance.now() - start) * 1000;
}

await using plain = new Redis(server.url);
await using cached = new Redis(server.url, { cache: true });
await plain.set("bench:key", PAYLOAD);
console.log(`${runtime()}: GET from the cache beside GET from the server`);
for (const together of [1, 64, 1_000]) {
  const from: number[] = [];
  const to: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const pair = [await measureGets(plain, together), await measureGets(cached, together)] as const;
    if (round < 0) continue;
    from.push(pair[0]);
    to.push(pair[1]);
  }
  const ratio = median(to.map((rate, round) => rate / from[round]!));
  console.log(
    `  ${String(together).padStart(5)} at once: server ${show(median(from))}/s, cache ${
      show(median(to))
    }/s, x${ratio.toFixed(1)}`,
  );
}
