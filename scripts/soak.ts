/**
 * Steady load under random faults: numbered writes by several clients through a proxy that cuts, freezes and slows
 * down, to a server that is killed, stopped and restarted. Afterwards the server's memory is compared with what
 * was acknowledged.
 *
 *     ./scripts/soak [deno|bun|node] [--minutes 2] [--seed 1]
 *
 * Exits with 1 on any loss of an acknowledged write, any write that ran twice or although it was said not to, any
 * reply that went to the wrong caller, any message that came twice or is missing without a gap, any call beyond its
 * deadline, and on memory or sockets that grow.
 *
 * @module
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { BlockingConnectionPool, Redis } from "../mod.ts";
import { SimulatedClock } from "../tests/harness/clock.ts";
import { startProxy } from "../tests/harness/fault_proxy.ts";
import { rawClient } from "../tests/harness/raw_client.ts";
import { startServer } from "../tests/harness/server.ts";
import { pickFault } from "./soak_parts/faults.ts";
import { Ledger } from "./soak_parts/ledger.ts";
import { News } from "./soak_parts/news.ts";
import { type Tally, work } from "./soak_parts/work.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "2" }, seed: { type: "string", default: "1" } },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  console.error("Cannot run: --minutes is a number above 0, --seed a whole number");
  process.exit(2);
}

const WORKERS = 8;
const COMMAND_TIMEOUT = 1_500;
const ROOM = 12_000_000;
/** Growth after the warm-up that counts as a leak. */
const GROWTH = 1.15;

const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
const dice = new SimulatedClock({ seed });
const random = (): number => dice.random();
const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

function collect(): void {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } };
  if (Bun !== undefined) Bun.gc(true);
  else gc?.();
}

/** Open TCP sockets of this process, the proxy's included; 0 where the system does not tell. */
function sockets(): number {
  try {
    const tcp = new Set(
      readFileSync("/proc/self/net/tcp", "utf8").split("\n").slice(1).map((line) =>
        line.trim().split(/\s+/)[9]
      ),
    );
    return readdirSync("/proc/self/fd").filter((descriptor) => {
      try {
        const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`)) ?? [];
        return inode !== undefined && tcp.has(inode);
      } catch {
        return false; // closed meanwhile
      }
    }).length;
  } catch {
    return 0;
  }
}

interface Sample {
  readonly at: number;
  readonly rss: number;
  readonly heap: number;
  readonly sockets: number;
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
}

const MB = 1_048_576;
const atRest = sockets();
const server = await startServer({ config: ["appendonly yes", "appendfsync always", 'save ""'] });
const proxy = await startProxy(server);
// What has ended would be the harness's own growth.
proxy.on("close", (connection) => void proxy.connections.splice(proxy.connections.indexOf(connection), 1));
const ledger = new Ledger(ROOM);
const tally: Tally = { operations: 0, rejected: 0, mixedUp: 0, silent: 0, hung: 0 };
const limits = {
  commandTimeout: COMMAND_TIMEOUT,
  connectTimeout: 500,
  healthCheckInterval: 1_000,
  reconnect: { backoff: "exponential:10:200:full" },
} as const;
const pool = new BlockingConnectionPool(proxy.url, { ...limits, maxConnections: 6, timeout: 1_000 });
const clients = [
  new Redis(proxy.url, limits),
  new Redis(proxy.url, { ...limits, protocol: 2 }),
  new Redis({ pool, multiplex: false }),
];

const subscriber = new Redis(proxy.url, limits);
const news = new News(server);
const subscription = await news.follow(subscriber);

let stop = false;
let done = false;
const faults = new Map<string, number>();
const samples: Sample[] = [];
const started = performance.now();

const patience = COMMAND_TIMEOUT + 3_000;
const workers = clients.flatMap((redis) =>
  Array.from({ length: WORKERS }, () => work({ redis, ledger, tally, random, patience }, () => stop))
);

async function breakThings(): Promise<void> {
  while (!stop) {
    const fault = pickFault(random);
    await fault.run({ proxy, server, random, sleep });
    faults.set(fault.name, (faults.get(fault.name) ?? 0) + 1);
    await sleep(100 + random() * 250);
  }
}

async function watch(): Promise<void> {
  while (!done) {
    await sleep(Math.min(5_000, minutes * 6_000));
    collect();
    const { rss, heapUsed } = process.memoryUsage();
    const sample = { at: performance.now() - started, rss, heap: heapUsed, sockets: sockets() };
    if (!stop) samples.push(sample);
    const count = [...faults.values()].reduce((sum, one) => sum + one, 0);
    console.log(
      `${Math.round(sample.at / 1_000)} s: ${tally.operations} operations, ${count} faults, ` +
        `${tally.rejected} rejected, ${Math.round(rss / MB)} MB (heap ${Math.round(heapUsed / MB)}), ` +
        `${sample.sockets} sockets`,
    );
  }
}

async function publish(): Promise<void> {
  while (!stop) {
    await news.publish();
    await sleep(2);
  }
}

const publishing = publish();
const breaking = breakThings();
const watching = watch();
await sleep(minutes * 60_000);
stop = true;
await breaking;
await publishing;
await Promise.all(workers);
done = true;
await watching;

proxy.thawAll();
const silent = await news.heard(10_000) ? 0 : 1;
await subscription.close();
await news.stop();
const closing = performance.now();
await Promise.all([...clients.map((client) => client.close()), subscriber.close(), pool.close()]);
const closed = performance.now() - closing;
await proxy.stop();

const raw = await rawClient(server);
const verdict = await ledger.compare(async (page) => {
  const reply = await raw.wire("GET", `soak:${page}`);
  return reply instanceof Uint8Array ? reply : new Uint8Array(0);
});
await raw.close();
await server.stop();
// The kernel takes a moment for the last of them.
for (let waited = 0; sockets() > atRest && waited < 20; waited++) await sleep(100);
const left = sockets() - atRest;

const half = Math.floor(samples.length / 2);
const quarter = Math.floor(samples.length / 4);
const growth = (key: "rss" | "heap"): number =>
  median(samples.slice(-Math.max(quarter, 1)).map((one) => one[key])) /
  Math.max(median(samples.slice(quarter, Math.max(half, quarter + 1)).map((one) => one[key])), 1);
const total = [...faults.values()].reduce((sum, one) => sum + one, 0);

console.log(`\n${runtime}, ${minutes} minutes, seed ${seed}`);
console.log(
  `operations  ${tally.operations} (${
    Math.round(tally.operations / minutes / 60)
  } a second), ${tally.rejected} rejected`,
);
console.log(`faults      ${total}: ${[...faults].map(([name, count]) => `${name} ${count}`).join(", ")}`);
console.log(
  `writes      ${verdict.writes}, ${verdict.acknowledged} acknowledged, ${verdict.unknown.all} unknown (${verdict.unknown.ran} of them ran)`,
);
console.log(`messages    ${news.received}, ${news.gaps} gaps`);
console.log(
  `memory      rss x ${growth("rss").toFixed(2)}, heap x ${
    growth("heap").toFixed(2)
  } after the warm-up; sockets left: ${left}; closed in ${Math.round(closed)} ms`,
);

// A short run is all warm-up.
const grown = minutes < 2 ? 1 : Math.max(growth("rss"), growth("heap"));
const failures = Object.entries({
  "acknowledged writes were lost": verdict.lost,
  "writes ran twice": verdict.doubled,
  "writes ran although they were said not to": verdict.denied,
  "replies went to the wrong caller": tally.mixedUp,
  "rejections did not say whether the command ran": tally.silent,
  "calls hung beyond their deadline": tally.hung,
  "messages are missing without a gap": news.missed,
  "messages came twice": news.doubled,
  "subscriptions did not come back": silent,
  "sockets were left": Math.max(left, 0),
  "per cent: memory grew": grown > GROWTH ? Math.round(grown * 100 - 100) : 0,
  "ms: close() took too long": closed > 6_000 ? Math.round(closed) : 0,
}).filter(([, count]) => count > 0);
for (const [what, count] of failures) console.log(`FAILED      ${count} ${what}`);
if (failures.length === 0) {
  console.log("ok          nothing lost, nothing doubled, nothing hung, nothing left");
}
process.exitCode = failures.length === 0 ? 0 : 1;
// What keeps the process alive now is a leak.
setTimeout(() => {
  console.log("FAILED      the process does not end by itself");
  process.exit(1);
}, 5_000).unref?.();
