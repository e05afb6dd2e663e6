/**
 * A master with two replicas, watched by three sentinels, a proxy before each. Servers and sentinels are killed and
 * stopped, and masters replaced, one thing at a time, while the links break at their own pace.
 *
 * @module
 */
import { Redis, Sentinel, SentinelConnectionPool } from "../../mod.ts";
import { type Replicated, startReplicated } from "../../tests/harness/replicated.ts";
import type { Server } from "../../tests/harness/types.ts";
import { waitFor } from "../../tests/harness/wait.ts";
import { eager, healed, masterOf } from "../../tests/sentinel/writes.ts";
import { caughtUp } from "./caught_up.ts";
import { type Dice, sleep } from "./dice.ts";
import type { Fault } from "./faults.ts";
import { linkFaults } from "./link_faults.ts";
import type { Losses } from "./losses.ts";
import { watchPromotions } from "./promotions.ts";
import { serverFaults, stopper } from "./server_faults.ts";
import { LIMITS, proxiesFor, type Stage } from "./stage.ts";

/** Acknowledged data is in the kernel, and survives a kill of the process. */
const CONFIG = ["appendonly yes", "appendfsync no", 'save ""'];
/** Longer than a server is stopped briefly. */
const DOWN_AFTER = 500;

/** Returns the master in the view of most sentinels. */
async function masterByMost(topology: Replicated, sentinels: readonly Server[]): Promise<Server> {
  const votes = await Promise.all(
    sentinels.map((sentinel) => masterOf(topology, sentinel).catch(() => undefined)),
  );
  const best = votes.find((one) => one !== undefined && votes.filter((other) => other === one).length >= 2);
  if (best === undefined) throw new Error("No two sentinels agree who is the master");
  return best;
}

/** The faults of servers and sentinels. `stopped` contains those that cannot reply. */
function processFaults(
  topology: Replicated,
  stopped: Set<Server>,
  { dice, losses }: { readonly dice: Dice; readonly losses: Losses },
): Fault[] {
  const { sentinels } = topology;
  const servers = [topology.master, ...topology.replicas] as const;
  const anyReplica = async (): Promise<Server> => {
    const master = await masterOf(topology);
    return dice.some(servers.filter((server) => server !== master))!;
  };
  const heal = async (): Promise<void> => {
    await healed(topology);
    await caughtUp(servers);
  };
  /** Waits until no sentinel takes this server for the master. */
  const replaced = (old: Server): Promise<void> =>
    waitFor("the sentinels to agree on another master", async () => {
      const masters = await Promise.all(sentinels.map((sentinel) => masterOf(topology, sentinel)));
      return masters.includes(old) ? "one still names the old one" : undefined;
    });
  const stop = stopper(stopped);
  return [
    ...serverFaults(servers, dice),
    {
      name: "SIGSTOP",
      weight: 3,
      run: () => stop(dice.some(servers), () => sleep(dice.between(50, DOWN_AFTER * 0.6))),
    },
    {
      name: "SIGSTOP of a sentinel",
      weight: 2,
      run: () => stop(dice.some(sentinels)!, () => sleep(dice.between(50, DOWN_AFTER * 3))),
    },
    {
      name: "SIGKILL of a sentinel and restart",
      weight: 1,
      run: () => dice.some(sentinels)!.restart(),
    },
    {
      name: "SIGSTOP of the master until there is another",
      weight: 2,
      run: async () => {
        const master = await masterOf(topology);
        await stop(master, () => replaced(master));
        losses.woke();
        await heal();
      },
    },
    {
      name: "SIGKILL of a replica and restart",
      weight: 2,
      run: async () => {
        await (await anyReplica()).restart();
        await heal();
      },
    },
    {
      name: "SIGKILL of the master and restart",
      weight: 1,
      run: async () => {
        await (await masterOf(topology)).restart();
        await heal();
      },
    },
    {
      name: "SIGKILL of the master until there is another",
      weight: 2,
      run: async () => {
        const master = await masterOf(topology);
        await master.kill();
        await replaced(master);
        await master.restart();
        await heal();
      },
    },
    {
      name: "SENTINEL FAILOVER",
      weight: 2,
      run: async () => {
        const master = await masterOf(topology);
        // A sentinel that has just started does not know the replicas, and one that finds none in time stops the
        // failover.
        const tell = (): void =>
          void dice.some(sentinels)!.cli("SENTINEL", "FAILOVER", topology.service).catch(() => {});
        tell();
        const telling = setInterval(tell, 5_000);
        await replaced(master).finally(() => clearInterval(telling));
        await heal();
      },
    },
  ];
}

/** Sentinels and their clients. */
export async function sentinelStage(dice: Dice, losses: Losses): Promise<Stage> {
  const topology = await startReplicated({ replicas: 2, downAfter: DOWN_AFTER, config: CONFIG });
  await eager(topology);
  const { service, sentinels } = topology;
  const servers = [topology.master, ...topology.replicas];
  const { proxies, ports } = await proxiesFor([...servers, ...sentinels]);
  const addressMap = ({ host, port }: { host: string; port: number }) => ({ host, port: ports.get(port)! });
  const seeds = sentinels.map(({ host, port }) => addressMap({ host, port }));
  const sentinel = new Sentinel(seeds, { ...LIMITS, addressMap });
  const pool = new SentinelConnectionPool({
    sentinel,
    service,
    blocking: true,
    maxConnections: 6,
    timeout: 1_000,
  });
  const clients = [
    sentinel.masterFor(service),
    sentinel.masterFor(service, { protocol: 2, readFrom: "preferReplica" }),
    new Redis({ pool, multiplex: false }),
  ] as const;
  const subscriber = sentinel.masterFor(service);
  const stopped = new Set<Server>();
  const named = (): Promise<Server> => masterByMost(topology, sentinels.filter((one) => !stopped.has(one)));
  let over = false;
  const watching = watchPromotions(servers, stopped, named, losses, () => over);
  return {
    tags: ["0"],
    clients,
    orderly: [clients[0], clients[1]],
    replicaReaders: [clients[1]],
    subscriber,
    publish: ["PUBLISH", "soak:news"],
    sole: false,
    proxies,
    faults: [linkFaults(proxies, dice), processFaults(topology, stopped, { dice, losses })],
    master: named,
    healed: () => healed(topology),
    close: async () => {
      over = true;
      await Promise.all([...clients, subscriber, pool].map((one) => one.close()));
      await watching;
    },
    stop: () => topology.stop(),
  };
}
