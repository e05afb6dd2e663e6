/**
 * Increments with `once()` under faults, counted to the last one: links are cut at random bytes all the time; a master
 * freezes and, with sentinels, is failed over; a cluster's slots move, and its masters change places with their replicas.
 * Each worker repeats a write that was rejected with the same id. Fails if a reply is not the number of its call, or
 * if a counter is not the number of its increments.
 *
 * `node scripts/scenarios/once.ts [standalone|sentinel|cluster] [INCREMENTS] [SEED]`; also under `deno run -A` and
 * `bun`. The script starts its servers; `KEYWIRE_SERVER_BIN` selects a version.
 *
 * @module
 */
import process from "node:process";
import { Redis, RedisCluster, RedisError, Sentinel } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { healed } from "../../tests/cluster/healed.ts";
import { moveSlots } from "../../tests/cluster/move_slots.ts";
import { startCluster } from "../../tests/harness/cluster.ts";
import { type FaultProxy, startProxy } from "../../tests/harness/fault_proxy.ts";
import { startReplicated } from "../../tests/harness/replicated.ts";
import { startServer } from "../../tests/harness/server.ts";
import { eager, healed as healedSentinels, masterOf } from "../../tests/sentinel/writes.ts";
import { Dice } from "../soak_test/dice.ts";

const topology = process.argv[2] ?? "standalone";
const increments = Number(process.argv[3] ?? 100_000);
const seed = Number(process.argv[4] ?? Date.now() % 1_000_000);
const WORKERS = 32;

/** The target of the increments, and its disturbances. */
interface Scene {
  /** The client behind the proxies. */
  readonly redis: Redis | RedisCluster;
  /** The proxies in front of all servers. */
  readonly proxies: readonly FaultProxy[];
  /** Disturbs the servers. */
  disturb(): Promise<string>;
  /** Puts all in order, and reads the counters past the proxies. */
  read(keys: readonly string[]): Promise<number[]>;
  /** Ends the servers. */
  stop(): Promise<void>;
}

const LIMITS = { commandTimeout: 10_000, healthCheckInterval: 500, retry: { backoff: "none" } } as const;
const numbers = (values: readonly (string | null)[]): number[] => values.map(Number);

async function freeze(server: { kill(signal: "SIGSTOP" | "SIGCONT"): unknown }): Promise<string> {
  await server.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 300));
  await server.kill("SIGCONT");
  return "freeze";
}

async function standalone(): Promise<Scene> {
  const server = await startServer();
  const proxy = await startProxy(server);
  const redis = new Redis(proxy.url, LIMITS);
  return {
    redis,
    proxies: [proxy],
    disturb: () => freeze(server),
    async read(keys) {
      await using raw = new Redis(server.url);
      return numbers(await raw.mget(...keys as [string]));
    },
    async stop() {
      await proxy.stop();
      await server.stop();
    },
  };
}

async function proxiesFor(servers: readonly { readonly port: number }[]) {
  const proxies = await Promise.all(servers.map(({ port }) => startProxy({ port })));
  const ports = new Map(servers.map(({ port }, at) => [port, proxies[at]!.port]));
  const addressMap = ({ host, port }: { readonly host: string; readonly port: number }) => ({
    host,
    port: ports.get(port) ?? port,
  });
  return { proxies, addressMap };
}

async function sentinel(): Promise<Scene> {
  const replicated = await startReplicated({ replicas: 2, sentinels: 3, downAfter: 1_000 });
  await eager(replicated);
  const { proxies, addressMap } = await proxiesFor([replicated.master, ...replicated.replicas]);
  const sentinels = replicated.sentinels.map(({ host, port }) => ({ host, port }));
  const redis = new Sentinel(sentinels, { addressMap }).masterFor(replicated.service, LIMITS);
  let turn = 0;
  return {
    // An election loses only writes that no replica acknowledged.
    redis: redis.with({ replicas: 2 }),
    proxies,
    async disturb() {
      if (turn++ % 2 === 0) return await freeze(await masterOf(replicated));
      const accepted = await replicated.sentinels[0]!.cli("SENTINEL", "FAILOVER", replicated.service)
        .then(() => true, () => false);
      // The replicas have been away for too long.
      if (!accepted) return "failover refused";
      await healedSentinels(replicated);
      return "failover";
    },
    async read(keys) {
      await healedSentinels(replicated);
      await using raw = new Redis((await masterOf(replicated)).url);
      return numbers(await raw.mget(...keys as [string]));
    },
    async stop() {
      for (const proxy of proxies) await proxy.stop();
      await replicated.stop();
    },
  };
}

async function cluster(): Promise<Scene> {
  const config = ["cluster-allow-replica-migration no"];
  const nodes = await startCluster({ masters: 3, replicas: 1, config });
  const { proxies, addressMap } = await proxiesFor(nodes.nodes);
  const startupNodes = nodes.nodes.map(({ host, port }) => ({ host, port }));
  const redis = new RedisCluster({ startupNodes, addressMap, ...LIMITS });
  const operator = new RedisCluster({ startupNodes });
  const node = (port: number) => nodes.nodes.find((one) => one.port === port)!;
  const ownerOf = async (slot: number) => {
    await operator.pool.refresh();
    return node(operator.topology.masterOf(slot)!.port);
  };
  let turn = 0;
  return {
    redis,
    proxies,
    async disturb() {
      if (turn++ % 2 === 0) {
        const slot = slotOf(`n${turn % WORKERS}`);
        const from = await ownerOf(slot);
        const masters = await Promise.all(keyNames().map((key) => ownerOf(slotOf(key))));
        const to = masters.find((one) => one !== from)!;
        await moveSlots(from, to, [slot], nodes.nodes);
        return "slot moved";
      }
      const from = await ownerOf(slotOf(`n${turn % WORKERS}`));
      const replicas = (await from.cli("CLUSTER", "REPLICAS", from.id)) as string[];
      const port = Number(/:(\d+)@/.exec(String(replicas))?.[1]);
      if (Number.isNaN(port)) return "failover refused";
      await node(port).cli("CLUSTER", "FAILOVER");
      await healed(nodes);
      return "failover";
    },
    async read(keys) {
      const values = await Promise.all(keys.map((key) => operator.get(key)));
      await operator.close();
      return numbers(values);
    },
    async stop() {
      for (const proxy of proxies) await proxy.stop();
      await nodes.stop();
    },
  };
}

const keyNames = (): string[] => Array.from({ length: WORKERS }, (_, at) => `n${at}`);

const setUp = { standalone, sentinel, cluster }[topology];
if (setUp === undefined || !(increments > 0)) {
  console.error("node scripts/scenarios/once.ts [standalone|sentinel|cluster] [INCREMENTS] [SEED]");
  process.exit(2);
}
const scene = await setUp();
const dice = new Dice(seed);
let [cuts, repeats] = [0, 0];
let running = true;
const disturbances = new Map<string, number>();

/** Cuts each new connection at a byte that the dice name. */
for (const proxy of scene.proxies) {
  proxy.on("connection", (connection) => {
    if (!running) return;
    cuts++;
    const toServer = dice.chance(0.5);
    const at = Math.floor(dice.between(0, toServer ? 20_000 : 2_000));
    connection.cutAfter({
      [toServer ? "toServer" : "toClient"]: at,
      how: dice.chance(0.5) ? "fin" : "reset",
    });
  });
}

async function work(key: string, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    const id = `${key}:${number}`;
    for (;;) {
      try {
        const reply = await scene.redis.once(id).incr(key);
        if (reply !== number) throw new Error(`Call ${number} of ${key} got the reply ${reply}`);
        break;
      } catch (error) {
        if (!(error instanceof RedisError)) throw error;
        // Rejected at the end of its time: the same id again.
        repeats++;
      }
    }
  }
}

async function disturbAll(): Promise<void> {
  while (running) {
    await new Promise((resolve) => setTimeout(resolve, dice.between(300, 1_500)));
    if (!running) return;
    const what = await scene.disturb();
    disturbances.set(what, (disturbances.get(what) ?? 0) + 1);
  }
}

const started = performance.now();
const disturbing = disturbAll();
const each = Math.ceil(increments / WORKERS);
try {
  await Promise.all(keyNames().map((key) => work(key, each)));
  running = false;
  await disturbing;
  const counts = await scene.read(keyNames());
  const total = counts.reduce((sum, count) => sum + count, 0);
  const exact = counts.every((count) => count === each);
  const what = [...disturbances].map(([name, count]) => `${count} x ${name}`).join(", ");
  console.log(
    `${topology}, seed ${seed}: ${each * WORKERS} increments in ${
      Math.round((performance.now() - started) / 1_000)
    } s, ${cuts} connections cut, ${what}, ${repeats} repeated by the caller: counted ${total}, ${
      exact ? "exact" : "WRONG"
    }`,
  );
  if (!exact) process.exitCode = 1;
} finally {
  running = false;
  await scene.redis.close();
  await scene.stop();
}
