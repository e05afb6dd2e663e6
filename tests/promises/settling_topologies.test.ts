/**
 * The mixed load over sentinels and over a cluster, cut at sampled bytes by proxies in front of real masters: each
 * promise settles once, and the servers' counters prove what it says.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis, RedisCluster, Sentinel } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import type { Transport } from "../../src/transport.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { type FaultProxy, startProxy } from "../harness/fault_proxy.ts";
import { type RawClient, rawClient } from "../harness/raw_client.ts";
import { type Replicated, startReplicated } from "../harness/replicated.ts";
import type { Server } from "../harness/types.ts";
import { type Action, checkActions, clusterLoad, mixedLoad } from "./load.ts";
import { executedOf } from "./support.ts";

/** Bytes between two cuts; a prime, so that they fall on every part of a command. */
const STEP = 41;
const LIMITS = { commandTimeout: 2_000, connectTimeout: 1_000, healthCheckInterval: 0 } as const;
const WAYS = ["toServer", "toClient"] as const;

/** A master, the proxy in front of it, and a way past the proxy. */
interface Front {
  readonly server: Server;
  readonly proxy: FaultProxy;
  readonly raw: RawClient;
}

async function front(server: Server): Promise<Front> {
  return { server, proxy: await startProxy(server), raw: await rawClient(server) };
}

async function stop({ proxy, raw }: Front): Promise<void> {
  await raw.close();
  await proxy.stop();
}

/** The place of a cut. */
interface Cut {
  readonly way: (typeof WAYS)[number];
  readonly at: number;
}

/** The result of a run. */
interface Came {
  /** The most bytes that went over one of the first connections. */
  readonly length: number;
  /** The number of promises whose error reports an unknown outcome. */
  readonly unknown: number;
}

/** Cuts the first connection that each proxy gets; runs the load, and checks it. */
async function run(
  fronts: readonly Front[],
  { way, at }: Cut,
  load: () => Promise<Action[]>,
): Promise<Came> {
  const undo = fronts.map(({ proxy }) => {
    proxy.connections.length = 0;
    const cut = (connection: FaultProxy["last"]): void => {
      connection.cutAfter({ [way]: at, how: at % 2 === 0 ? "fin" : "reset" });
    };
    proxy.once("connection", cut);
    return () => proxy.off("connection", cut);
  });
  await Promise.all(fronts.map(({ raw }) => raw.call("FLUSHALL")));
  const actions = await load();
  for (const off of undo) off();
  const owner = (key: string): Front => fronts[Math.floor(slotOf(key) * fronts.length / 16_384)]!;
  await checkActions(
    actions,
    async (key) => Number(await owner(key).raw.call("GET", key) ?? 0),
    `${way} ${at}`,
  );
  return {
    length: Math.max(...fronts.map(({ proxy }) => proxy.connections[0]?.bytes[way] ?? 0)),
    unknown: actions.filter(({ follower }) => executedOf(follower.outcome!) === "unknown").length,
  };
}

/** Cuts at every `STEP`th byte, until one is beyond what is said. */
async function cutEverywhere(
  fronts: readonly Front[],
  way: Cut["way"],
  load: () => Promise<Action[]>,
): Promise<void> {
  const { length, unknown } = await run(fronts, { way, at: Infinity }, load);
  assert.equal(unknown, 0);
  assert.ok(length > 300, `only ${length} bytes go ${way}`);
  let doubts = 0;
  for (let at = 0; at < length; at += STEP) doubts += (await run(fronts, { way, at }, load)).unknown;
  assert.ok(doubts > 0, "no cut hit a write");
}

describe("over sentinels, the link to the master is cut at sampled bytes", () => {
  let topology: Replicated;
  let master: Front;
  before(async () => {
    topology = await startReplicated({ replicas: 0, sentinels: 1 });
    master = await front(topology.master);
  });
  after(async () => {
    await stop(master);
    await topology.stop();
  });

  for (const way of WAYS) {
    it(way, { timeout: 60_000 }, async () => {
      // The sentinel reports the master's address; the client connects to it through the proxy.
      const transport: Transport = {
        name: "detour",
        connect: (to, options, handlers) => {
          const detour = "port" in to && to.port === master.server.port;
          const where = detour ? { ...to, port: master.proxy.port } : to;
          return Redis.poolClass.transport!.connect(where, options, handlers);
        },
      };
      const [sentinel] = topology.sentinels as [Server];
      await cutEverywhere([master], way, async () => {
        const options = { ...LIMITS, transport };
        const sentinels = new Sentinel([{ host: sentinel.host, port: sentinel.port }], options);
        const redis = sentinels.masterFor(topology.service, options);
        const actions = mixedLoad(redis, 0.01);
        await Promise.all(actions.map(({ follower }) => follower.settled));
        await redis.close();
        const { created, connecting } = redis.pool.stats();
        assert.deepEqual({ created, connecting }, { created: 0, connecting: 0 });
        return actions;
      });
    });
  }
});

describe("over a cluster, the links to all masters are cut at sampled bytes", () => {
  let cluster: Cluster;
  let masters: Front[];
  before(async () => {
    cluster = await startCluster({ masters: 2, replicas: 0 });
    masters = await Promise.all(cluster.masters.map(front));
  });
  after(async () => {
    await Promise.all(masters.map(stop));
    await cluster.stop();
  });

  for (const way of WAYS) {
    it(way, { timeout: 60_000 }, async () => {
      await cutEverywhere(masters, way, async () => {
        const redis = new RedisCluster(masters.map(({ proxy }) => `127.0.0.1:${proxy.port}`), {
          ...LIMITS,
          addressMap: ({ host, port }) => ({
            host,
            port: masters.find(({ server }) => server.port === port)?.proxy.port ?? port,
          }),
        });
        const actions = clusterLoad(redis, 0.01);
        await Promise.all(actions.map(({ follower }) => follower.settled));
        await redis.close();
        const { created, connecting } = redis.pool.stats();
        assert.deepEqual({ created, connecting }, { created: 0, connecting: 0 });
        return actions;
      });
    });
  }
});
