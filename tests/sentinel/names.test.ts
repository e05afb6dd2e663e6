import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Redis, Sentinel } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { type FaultProxy, startProxy } from "../harness/fault_proxy.ts";
import { type Replicated, startReplicated } from "../harness/replicated.ts";
import { waitFor } from "../harness/wait.ts";
import { eager, masterOf, NumberedWrites, PORT, portOf } from "./writes.ts";

const skip = olderThan("6.2.0", "names of hosts in sentinels");

describe("Sentinel: servers that are known by name", { timeout: 60_000, skip }, () => {
  let topology: Replicated;
  before(async () => {
    topology = await startReplicated({ replicas: 2, sentinels: 3, hostnames: true });
    await eager(topology);
  });
  after(() => topology?.stop());

  const addresses = () => topology.sentinels.map(({ port }) => ({ host: "localhost", port }));

  it("are found under that name, the other sentinels too", async () => {
    const sentinel = new Sentinel(addresses().slice(0, 1), { minOtherSentinels: 2 });
    const { master, replicas } = topology;
    assert.deepEqual(await sentinel.discoverMaster("mymaster"), { host: "localhost", port: master.port });
    const found = await sentinel.discoverReplicas("mymaster");
    assert.deepEqual(
      found.toSorted((one, other) => one.port - other.port),
      replicas.map(({ port }) => ({ host: "localhost", port })).toSorted((one, other) =>
        one.port - other.port
      ),
    );
  });

  /** Waits until four reads in a row have come from this server; rotation would never do that. */
  const allFrom = (redis: Redis, port: number): Promise<void> =>
    waitFor(`reads from ${port}`, async () => {
      for (let read = 0; read < 4; read++) {
        const from = await redis.execute(PORT);
        if (from !== port) return `one came from ${from}`;
      }
      return undefined;
    });

  it("are read from where it is nearest, and next best when that is lost", async () => {
    const { master } = topology;
    const [near, far] = topology.replicas;
    const proxies: FaultProxy[] = [];
    const through = async (port: number, delay: number): Promise<FaultProxy> => {
      const proxy = await startProxy({ port }, { faults: { delay } });
      proxies.push(proxy);
      return proxy;
    };
    try {
      const ways = new Map([
        [master.port, await through(master.port, 120)],
        [near!.port, await through(near!.port, 0)],
        [far!.port, await through(far!.port, 40)],
      ]);
      const sentinel = new Sentinel(addresses(), {
        addressMap: ({ host, port }) => ({
          host: ways.has(port) ? "127.0.0.1" : host,
          port: ways.get(port)?.port ?? port,
        }),
      });
      await using redis = sentinel.masterFor("mymaster", { readFrom: "nearest" });
      assert.equal(await portOf(redis), master.port);
      await allFrom(redis, near!.port);
      for (const [port, next] of [[near!.port, far!.port], [far!.port, master.port]] as const) {
        ways.get(port)!.refuse();
        ways.get(port)!.killAll();
        await allFrom(redis, next);
      }
      await ways.get(near!.port)!.accept();
      await allFrom(redis, near!.port);
      assert.equal(await portOf(redis), master.port);
    } finally {
      for (const proxy of proxies) await proxy.stop();
    }
  });

  it("are followed through a failover by name", async () => {
    const sentinel = new Sentinel(addresses());
    await using redis = sentinel.masterFor("mymaster");
    const writes = new NumberedWrites(redis, "named");
    await writes.more(50);
    const old = await masterOf(topology);
    await topology.failOver();
    await waitFor("another master", async () => await portOf(redis) === old.port ? "the old one" : undefined);
    await writes.more(50);
    await writes.check();
    const { host, port } = await sentinel.discoverMaster("mymaster");
    assert.equal(host, "localhost");
    assert.equal(port, await portOf(redis));
    assert.notEqual(port, old.port);
  });
});
