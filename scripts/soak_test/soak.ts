/**
 * A steady load under random faults. Several clients send numbered writes through proxies that cut, freeze and slow
 * down connections. The servers (one, a cluster, or a master with replicas and sentinels) are killed, stopped,
 * restarted and replaced. Afterwards the data of the servers is compared with the acknowledged writes.
 *
 *     ./scripts/soak [deno|bun|node] [--topology standalone|cluster|sentinel] [--minutes 2] [--seed 1]
 *
 * Exits with 1 on each of these: a lost acknowledged write; a write that ran twice, or with `executed: "no"`; an
 * acknowledged write of a caller behind a later one of the same key; a reply for another caller; a message that is
 * repeated, or missing without a gap; a call beyond its deadline; an unhandled rejection; growing memory or sockets.
 * Writes that a master acknowledged just before its death and replication has lost are counted separately.
 *
 * @module
 */
import process from "node:process";
import { type RawClient, rawClient } from "../../tests/harness/raw_client.ts";
import { choices } from "./choices.ts";
import { Dice, sleep } from "./dice.ts";
import { breakThings, FaultLog } from "./faults.ts";
import { Ledger, type Verdict } from "./ledger.ts";
import { Losses } from "./losses.ts";
import { measure, type Sample, sockets } from "./measure.ts";
import { News } from "./news.ts";
import { joined, OrderedList, type OrderVerdict } from "./order.ts";
import { report } from "./report.ts";
import { constantKey, type Tally, work } from "./work.ts";
import { LIMITS, type Stage } from "./stage.ts";

const WORKERS = 8;
/** Writes that are numbered at most, in one minute and in all. */
const ROOM = { aMinute: 1_500_000, all: 12_000_000 };
const MB = 1_048_576;

const chosen = choices();
const { minutes } = chosen;
const complaints: string[] = [];
process.on("unhandledRejection", (reason) => complaints.push(`an unhandled rejection: ${reason}`));

const atRest = sockets();
const dice = new Dice(chosen.seed);
const losses = new Losses();
const stage = await chosen.stage(dice, losses);
const ledger = new Ledger(stage.tags, losses, Math.ceil(Math.min(minutes * ROOM.aMinute, ROOM.all)));
for (const tag of stage.tags) await stage.clients[0].set(constantKey(tag), tag);
await stage.healed();
const tally: Tally = { operations: 0, rejected: 0, mixedUp: [], silent: 0, hung: [] };
const lists = stage.orderly.flatMap((redis, client) =>
  Array.from({ length: WORKERS }, (_, worker) => {
    const key = `soak:{${stage.tags[worker % stage.tags.length]}}:list:${client}:${worker}`;
    return { redis, worker, list: new OrderedList(key) };
  })
);
const news = new News(stage);
const subscription = await news.follow(stage);

let stop = false;
let done = false;
const faults = new FaultLog();
const samples: Sample[] = [];
const started = performance.now();

/** Repeats an action until the end; its failure ends the load. */
async function until(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    stop = true;
    const complaint = error instanceof Error ? error.message : String(error);
    console.log(`Cannot go on: ${complaint}`);
    complaints.push(complaint);
  }
}

async function watch(): Promise<void> {
  while (!done) {
    await sleep(Math.min(5_000, minutes * 6_000));
    const sample = measure();
    if (!stop) samples.push(sample);
    console.log(
      `${Math.round((performance.now() - started) / 1_000)} s: ${tally.operations} operations, ` +
        `${faults.count} faults, ${tally.rejected} rejected, ${Math.round(sample.rss / MB)} MB ` +
        `(heap ${Math.round(sample.heap / MB)}), ${sample.sockets} sockets`,
    );
  }
}

async function publish(): Promise<void> {
  while (!stop) {
    await news.publish();
    await sleep(2);
  }
}

async function tellTime(): Promise<void> {
  while (!stop && performance.now() - started < minutes * 60_000) await sleep(100);
  stop = true;
}

/** Reads the data of the servers, without the proxies. */
async function compare({ master }: Stage): Promise<{ verdict: Verdict; order: OrderVerdict }> {
  const raw = new Map<number | undefined, RawClient>();
  const query = async (key: string, ...command: [string, ...string[]]): Promise<unknown> => {
    const address = await master(key);
    let client = raw.get(address.port);
    if (client === undefined) raw.set(address.port, client = await rawClient(address));
    return await client.wire(...command);
  };
  try {
    const verdict = await ledger.compare(async (key) => {
      const reply = await query(key, "GET", key);
      return reply instanceof Uint8Array ? reply : new Uint8Array(0);
    });
    const orders: OrderVerdict[] = [];
    for (const { list } of lists) {
      const reply = await query(list.key, "LRANGE", list.key, "0", "-1") as Uint8Array[];
      orders.push(list.compare(reply.map((one) => Number(new TextDecoder().decode(one))), losses));
    }
    return { verdict, order: joined(orders) };
  } finally {
    for (const client of raw.values()) await client.close();
  }
}

const patience = LIMITS.commandTimeout + 3_000;
const watching = watch();
await Promise.all([
  tellTime(),
  publish(),
  ...stage.faults.map((list) => until(() => breakThings(list, dice, faults, () => stop))),
  ...stage.clients.flatMap((redis) => {
    const base = {
      redis,
      ledger,
      tally,
      dice,
      patience,
      readsReplicas: stage.replicaReaders.includes(redis),
    };
    return Array.from({ length: WORKERS }, (_, number) => {
      const list = lists.find((one) => one.redis === redis && one.worker === number)?.list;
      return work({ ...base, list }, () => stop);
    });
  }),
]);
done = true;
await watching;

for (const proxy of stage.proxies) proxy.thawAll();
await until(() => stage.healed());
const heard = await news.heard();
await subscription.close();
await news.stop();
const closing = performance.now();
await stage.close();
const closed = performance.now() - closing;
await Promise.all(stage.proxies.map((proxy) => proxy.stop()));
const compared = await compare(stage).catch(async (error: Error) => {
  await stage.stop();
  console.log(`FAILED      the servers cannot be compared with what was acknowledged: ${error.message}`);
  process.exit(1);
});
await stage.stop();
// The kernel takes a moment for the last of them.
for (let waited = 0; sockets() > atRest && waited < 20; waited++) await sleep(100);
const left = sockets() - atRest;

const well = report({
  choices: chosen,
  tally,
  faults,
  ...compared,
  latestLoss: losses.latest,
  news,
  heard,
  started,
  samples,
  left,
  closed,
  complaints,
});
process.exitCode = well ? 0 : 1;
// Anything that keeps the process alive now is a leak.
setTimeout(() => {
  console.log("FAILED      the process does not end by itself");
  process.exit(1);
}, 5_000).unref?.();
