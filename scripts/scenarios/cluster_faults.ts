/**
 * A real cluster of 3 + 3 under steady numbered writes and reads: CLUSTER FAILOVER, SIGKILL and SIGSTOP of a master,
 * 1,000 slots that move, a node that is added and forgotten. Prints how long each kept traffic waiting: for elections
 * from the moment that a prober in another process sees the new master, else the longest pause of any key.
 *
 * `node scripts/scenarios/cluster_faults.ts [ROUNDS]`; also under `deno run -A` and `bun`. Exits with 1 on a value that
 * is lost beyond replication or doubled, on a hang, an unhandled rejection, or connections or memory that grow.
 *
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { healed } from "../../tests/cluster/healed.ts";
import { Load } from "../../tests/cluster/load.ts";
import { forget, moveSlots } from "../../tests/cluster/move_slots.ts";
import { type ClusterNode, startCluster } from "../../tests/harness/cluster.ts";
import { waitFor } from "../../tests/harness/wait.ts";

const rounds = Number(process.argv[2] ?? 1);
const KEYS = 24;
/** Milliseconds before a fault in which an acknowledged write may not have reached the replica. */
const REPLICATION = 200;
/** Bytes that the memory in use may grow over all faults; the numbers that are kept for the check are part of it. */
const GROWTH = 48 * 1024 * 1024;

const complaints: string[] = [];
process.on("unhandledRejection", (reason) => complaints.push(`an unhandled rejection: ${reason}`));

/** One key in every few slots. */
const keys: string[] = [];
for (let n = 0; keys.length < KEYS; n++) {
  if (Math.floor(slotOf(`log:${n}`) * KEYS / 16_384) === keys.length) keys.push(`log:${n}`);
}

const prober = spawn(
  process.execPath,
  [
    ..."Deno" in globalThis ? ["run", "-A", "--no-check"] : [],
    fileURLToPath(new URL("./election_prober.ts", import.meta.url)),
  ],
  { stdio: ["pipe", "pipe", "inherit"] },
);
const told = createInterface({ input: prober.stdout })[Symbol.asyncIterator]();
await told.next();

const cluster = await startCluster({ nodeTimeout: 1_000, config: ["cluster-allow-replica-migration no"] });
const redis = new RedisCluster([{ host: "127.0.0.1", port: cluster.masters[0]!.port }]);
await redis.connect();
const load = new Load(redis, keys);
await load.served(keys, 0);

const memoryAtStart = process.memoryUsage().heapUsed;
const deaths: number[] = [];
const rows: string[][] = [["fault", "election", "writes back", "reads back", "errors"]];

/** The node that has a slot, and its replicas. */
async function shardOf(slot: number): Promise<{ master: ClusterNode; replicas: ClusterNode[] }> {
  await redis.pool.refresh();
  const { master, replicas } = redis.topology.slots[slot]!;
  const node = (port: number): ClusterNode => cluster.nodes.find((one) => one.port === port)!;
  return { master: node(master.port), replicas: replicas.map(({ port }) => node(port)) };
}

function errorCount(): number {
  const { writes, reads } = load.errors();
  return writes.length + reads.length;
}

/** Measures the time from the election until each key of the shard is written and read. */
async function elects(what: string, slot: number, fault: "failover" | "SIGKILL" | "SIGSTOP"): Promise<void> {
  const { master, replicas } = await shardOf(slot);
  const affected = keys.filter((key) => redis.topology.masterOf(slotOf(key))!.port === master.port);
  const errors = errorCount();
  prober.stdin.write(`${replicas.map(({ port }) => port).join(" ")}\n`);
  const began = performance.now();
  if (fault === "failover") await replicas[0]!.cli("CLUSTER", "FAILOVER");
  else {
    deaths.push(began);
    await master.kill(fault);
  }
  const elected = Number(String((await told.next()).value).split(" ")[1]) - performance.timeOrigin;
  try {
    await load.served(keys, elected);
    const longest = (first: (key: string) => number | undefined): string =>
      `${Math.round(Math.max(...affected.map((key) => first(key)! - elected)))} ms`;
    const back = [
      longest((key) => load.firstWrite(key, elected)),
      longest((key) => load.firstRead(key, elected)),
    ];
    rows.push([what, `${Math.round(elected - began)} ms`, ...back, String(errorCount() - errors)]);
  } finally {
    if (fault === "SIGKILL") await master.restart();
    if (fault === "SIGSTOP") await master.kill("SIGCONT");
  }
  await healed(cluster, redis);
}

/** The longest pause of any key while something is done. */
async function goesOn(what: string, act: () => Promise<void>): Promise<void> {
  const errors = errorCount();
  const began = performance.now();
  await act();
  const ended = performance.now();
  await load.served(keys, ended);
  const pause = (kind: "writes" | "reads"): string =>
    `${Math.round(Math.max(...keys.map((key) => load.longestPause(key, kind, began, ended))))} ms pause`;
  rows.push([what, "-", pause("writes"), pause("reads"), String(errorCount() - errors)]);
  if (errorCount() > errors) complaints.push(`${what} failed ${errorCount() - errors} commands`);
}

async function faults(): Promise<void> {
  await elects("CLUSTER FAILOVER", 0, "failover");
  await elects("kill -9", 8_000, "SIGKILL");
  await elects("SIGSTOP", 16_000, "SIGSTOP");
  const slots = Array.from({ length: 1_000 }, (_, n) => n);
  const { master: first } = await shardOf(0);
  const { master: last } = await shardOf(16_383);
  await goesOn("1,000 slots move", () => moveSlots(first, last, slots, cluster.nodes));
  await goesOn("and back", () => moveSlots(last, first, slots, cluster.nodes));
}

async function comeAndGo(): Promise<void> {
  const some = Array.from({ length: 400 }, (_, n) => n);
  const { master: first } = await shardOf(0);
  const added = await cluster.addNode();
  await goesOn("a node is added", () => moveSlots(first, added, some, cluster.nodes));
  await goesOn("and forgotten", async () => {
    await moveSlots(added, first, some, cluster.nodes);
    await forget(cluster.nodes, added);
    await waitFor("the client to leave the forgotten node", async () => {
      await redis.pool.refresh();
      return redis.topology.nodes().some(({ port }) => port === added.port) ? "it is still there" : undefined;
    });
  });
}

async function check(): Promise<void> {
  await load.stop();
  const { written, doubled, denied, lost, disordered } = await load.verdict();
  const known = lost.filter(({ at }) => deaths.some((death) => at > death - REPLICATION && at < death + 50));
  if (doubled.length > 0) complaints.push(`doubled: ${doubled.join(", ")}`);
  if (denied.length > 0) complaints.push(`there although denied: ${denied.join(", ")}`);
  if (disordered > 0) complaints.push(`${disordered} out of order`);
  if (known.length < lost.length) complaints.push(`lost: ${lost.map(({ what }) => what).join(", ")}`);
  const { created } = redis.pool.stats();
  if (created > 12) complaints.push(`${created} connections`);
  const growth = process.memoryUsage().heapUsed - memoryAtStart;
  if (growth > GROWTH) complaints.push(`${Math.round(growth / 2 ** 20)} MiB more memory`);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column]!)).join("  "));
  console.log(
    `${written} numbers, ${lost.length} lost (${known.length} by replication), ${doubled.length} doubled, ${created} connections, ` +
      `${Math.round(growth / 2 ** 20)} MiB of heap more`,
  );
}

try {
  for (let n = 0; n < rounds; n++) await faults();
  await comeAndGo();
  await check();
} catch (error) {
  complaints.push(String(error));
} finally {
  prober.stdin.end();
  await redis.close();
  await cluster.stop();
}
for (const complaint of complaints) console.error(`WRONG: ${complaint}`);
process.exit(complaints.length > 0 ? 1 : 0);
