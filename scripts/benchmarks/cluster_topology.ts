/**
 * Measures the cost of a cluster of 200 nodes in the client: finding the node of a command, and refreshing the
 * topology. The nodes are scripted peers in memory with prepared replies.
 *
 * `node scripts/benchmarks/cluster_topology.ts [NODES]`; also under `deno run -A` and `bun`.
 *
 * @module
 */
import process from "node:process";
import { RedisCluster } from "../../mod.ts";
import { readShards } from "../../src/cluster/topology/discovery.ts";
import { slotOfCommand } from "../../src/cluster/routing/route.ts";
import { Command } from "../../src/commands/command.ts";
import { lookupCommand } from "../../src/commands/table.ts";
import { Decoder } from "../../src/resp/decoder.ts";
import type { Reply } from "../../src/resp/types.ts";
import { dealt, FakeCluster } from "../../tests/cluster/fake_cluster.ts";
import { encodeReply, Raw } from "../../tests/harness/resp.ts";
import { runtimeName, runtimeVersion } from "./runtime.ts";
import { median, quantile } from "./statistics.ts";

const NODES = Number(process.argv[2] ?? 200);
const ROUNDS = 200;

const fake = new FakeCluster(dealt(NODES));
const { epoch, shards } = fake.belief;
const info = new Raw(encodeReply(`cluster_state:ok\r\ncluster_current_epoch:${epoch}\r\n`, 3));
const described = shards.map(({ range, master }) => [
  "slots",
  [...range],
  "nodes",
  [[
    ...["id", `id-${master}`, "port", master, "ip", "node", "endpoint", "node"],
    ...["role", "master", "replication-offset", 1, "health", "online"],
  ]],
]);
const bytes = encodeReply(described as never, 3);
const reply = new Raw(bytes);
fake.before = (_, command) => {
  if (command[0] !== "CLUSTER") return undefined;
  return command[1] === "INFO" ? info : command[1] === "SHARDS" ? reply : undefined;
};

/** Milliseconds of each of some runs, behind as many that warm up. */
async function times(run: () => unknown): Promise<number[]> {
  const took: number[] = [];
  for (let round = -ROUNDS; round < ROUNDS; round++) {
    const start = performance.now();
    await run();
    if (round >= 0) took.push(performance.now() - start);
  }
  return took;
}

function show(what: string, took: readonly number[]): void {
  const figures = [median(took), quantile(took, 0.99)].map((ms) => ms.toFixed(3));
  console.log(`${what.padEnd(42)} median ${figures[0]} ms, 99 % ${figures[1]} ms`);
}

console.log(`${runtimeName()} ${runtimeVersion()}, ${NODES} nodes, CLUSTER SHARDS of ${bytes.length} bytes`);

const opening = performance.now();
const redis = new RedisCluster({ host: "node", port: 7000, transport: fake.transport(), refreshInterval: 0 });
await redis.connect();
console.log(`opened in ${(performance.now() - opening).toFixed(1)} ms (cold), ${fake.open} connection(s)`);

const { state } = redis.pool;
const { spec } = lookupCommand(["GET", "k"]);
const commands = Array.from({ length: 10_000 }, (_, n) => new Command(spec, [`user:${n}:name`]));
let found = 0;
const routing = await times(() => {
  for (let index = 0; index < commands.length; index++) {
    const node = state.nodeOf(slotOfCommand(commands[index]!), true);
    if (node !== undefined) found++;
  }
});
if (found !== commands.length * ROUNDS * 2) throw new Error("Not every key has a node");
show("10,000 keys: slot and node", routing);

const asked = fake.asked;
show("refresh, with the way there and back", await times(() => redis.pool.refresh()));
if (fake.asked - asked !== ROUNDS * 2) throw new Error("A refresh asked more than once");

let decoded: Reply = null;
const decoder = new Decoder({
  begin: () => 0,
  reply: (value) => void (decoded = value),
  error: (error) => {
    throw error;
  },
  push: () => {},
});
show("of it: the reply decoded", await times(() => decoder.write(bytes)));
show("of it: the reply read", await times(() => readShards(decoded, epoch, { host: "node", tls: false })));

const together = performance.now();
await Promise.all(Array.from({ length: 1_000 }, () => redis.pool.refresh()));
console.log(`1,000 refreshes at once: ${(performance.now() - together).toFixed(1)} ms, one flight`);
console.log(`connections at the end: ${fake.open}`);
await redis.close();
