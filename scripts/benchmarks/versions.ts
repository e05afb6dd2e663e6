/**
 * Compares the throughput with that of earlier versions: clients of all of them take turns at one server.
 *
 * `node scripts/benchmarks/versions.ts [--short] [--json] [REF...]`, also with Deno and Bun. Without a commit it compares with
 * the one whose results were published on 2026-11-21, and with the one before large replies had a connection of their own.
 *
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import * as here from "../../mod.ts";
import { startServer } from "../../tests/harness/server.ts";
import { checkOut, findCommit } from "./checkout.ts";
import { printRow } from "./row.ts";
import { runtimeName } from "./runtime.ts";
import { median, quantile, rounded } from "./statistics.ts";
import { takeTurn, type Turn } from "./turn.ts";
import { VALUE } from "./values.ts";

const EARLIER = ["8dc47bcdef56", "cf99377~1"];
const options = process.argv.slice(2).filter((word) => word.startsWith("--"));
const chosen = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const ROUNDS = options.includes("--short") ? 9 : 41;
const TURN = 50;

type Entry = Pick<typeof here, "Redis">;
interface Version {
  readonly name: string;
  readonly redis: here.Redis;
}

await using server = await startServer({ config: ['save ""'] });

async function open(name: string, { Redis }: Entry): Promise<Version> {
  const redis = new Redis({ host: server.host, port: server.port });
  await redis.connect();
  return { name, redis };
}

const versions = [await open("keywire", here)];
for (const ref of chosen.length > 0 ? chosen : EARLIER) {
  const commit = findCommit(ref);
  if (commit === undefined) {
    console.log(`This clone does not have the commit ${ref}`);
    continue;
  }
  const entry = await import(pathToFileURL(join(checkOut(commit), "mod.ts")).href) as Entry;
  versions.push(await open(`keywire of ${commit.slice(0, 7)}`, entry));
}
await versions[0]!.redis.set("key", VALUE);

const get = (redis: here.Redis) => () => redis.get("key");
const set = (redis: here.Redis) => () => redis.set("key", VALUE);
for (
  const [what, together, operation] of [
    ["GET, one at a time", 1, get],
    ["GET, 1,000 at once", 1_000, get],
    ["SET, 1,000 at once", 1_000, set],
  ] as const
) {
  const turns = versions.map((): Turn[] => []);
  for (let round = -4; round < ROUNDS; round++) {
    for (let turn = 0; turn < versions.length; turn++) {
      // Another one begins each round, and every other round is in the opposite order.
      const at = (turn + Math.abs(round >> 1)) % versions.length;
      const which = round % 2 === 0 ? at : versions.length - 1 - at;
      const measured = await takeTurn(operation(versions[which]!.redis), together, TURN);
      if (round >= 0) turns[which]!.push(measured);
    }
  }
  versions.forEach(({ name }, index) => {
    const all = turns[index]!;
    const ratios = all.map(({ rate }, round) => turns[0]![round]!.rate / rate);
    const [low, ratio, high] = [0.25, 0.5, 0.75].map((q) => Number(quantile(ratios, q).toFixed(3))) as [
      number,
      number,
      number,
    ];
    const rate = rounded(median(all.map((turn) => turn.rate)));
    const cpu = rounded(median(all.map((turn) => turn.cpu)));
    const beside = index === 0 ? "" : `; this checkout has ${ratio} of that (${low} to ${high})`;
    console.log(
      `${runtimeName()}: ${what}: ${name}: ${rate.toLocaleString("en")} a second, ${cpu} us${beside}`,
    );
    if (!options.includes("--json")) return;
    const values = { rate, cpu, ...index > 0 && { ratio, low, high } };
    printRow({ runtime: runtimeName(), what, contender: name, values });
  });
}
for (const { redis } of versions) await redis.close();
await server.stop();
process.exit(0);
