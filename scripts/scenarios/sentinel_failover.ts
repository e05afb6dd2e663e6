/**
 * Measures the pause of traffic when a master goes away, in addition to the sentinels' own time: SENTINEL FAILOVER,
 * SIGKILL and SIGSTOP of the master, under a steady load of numbered writes.
 *
 * `node scripts/scenarios/sentinel_failover.ts [rounds]`; also under `deno run -A` and `bun`.
 *
 * @module
 */
import process from "node:process";
import { Sentinel } from "../../mod.ts";
import { startReplicated } from "../../tests/harness/replicated.ts";
import type { Server } from "../../tests/harness/types.ts";
import { eager, healed, masterOf, NumberedWrites, portOf } from "../../tests/sentinel/writes.ts";

const rounds = Number(process.argv[2] ?? 3);
const KINDS = ["failover", "kill", "freeze"] as const;

await using topology = await startReplicated({ replicas: 2, sentinels: 3, downAfter: 500 });
await eager(topology);

/** Resolves with the time at which two of three sentinels name another master. */
async function agreement(old: Server): Promise<number> {
  while (true) {
    const masters = await Promise.all(topology.sentinels.map((sentinel) => masterOf(topology, sentinel)));
    if (masters.filter((master) => master !== old).length >= 2) return performance.now();
  }
}

/** Resolves with the time at which the client has its first answer of another server. */
async function back(redis: ReturnType<Sentinel["masterFor"]>, old: Server): Promise<number> {
  while (true) {
    const port = await portOf(redis).catch(() => old.port);
    if (port !== old.port) return performance.now();
  }
}

async function run(kind: typeof KINDS[number]): Promise<void> {
  const sentinel = new Sentinel(topology.sentinels.map(({ host, port }) => ({ host, port })));
  await using redis = sentinel.masterFor("mymaster");
  const old = await masterOf(topology);
  const writes = new NumberedWrites(redis, `${kind}:${performance.now()}`);
  await writes.more(100);
  const start = performance.now();
  const times = Promise.all([agreement(old), back(redis, old)]);
  if (kind === "failover") await topology.sentinels[0]!.cli("SENTINEL", "FAILOVER", "mymaster");
  else await old.kill(kind === "kill" ? "SIGKILL" : "SIGSTOP");
  const [agreed, returned] = await times;
  if (kind === "kill") await old.restart();
  if (kind === "freeze") await old.kill("SIGCONT");
  await writes.more(100);
  const lost = await writes.check();
  console.log(
    `${kind.padEnd(8)} agreed after ${Math.round(agreed - start)} ms, traffic back ` +
      `${
        Math.round(returned - agreed)
      } ms later; ${writes.acknowledged.length} acknowledged, ${lost} of them lost ` +
      `by replication, ${writes.rejected.unknown.length} unknown, ${writes.rejected.no.length} refused`,
  );
  await healed(topology);
}

for (let round = 0; round < rounds; round++) for (const kind of KINDS) await run(kind);
