/**
 * A cluster in containers whose ports are mapped: it announces the containers' own addresses, and clients outside have to
 * go to others.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type AddressRule, RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import type { Transport } from "../../src/transport.ts";
import { runtimeTransport } from "../../transports/runtime.ts";
import { atLeast } from "../harness/binaries.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { startContainer } from "../harness/containers.ts";
import { noEngine } from "../harness/engine.ts";
import { waitFor } from "../harness/wait.ts";

/** Returns the runtime's transport, and the addresses to which it opened connections. */
function watched(): { readonly transport: Transport; readonly opened: Set<string> } {
  const opened = new Set<string>();
  const transport: Transport = {
    ...runtimeTransport,
    connect(endpoint, options, handlers) {
      if ("port" in endpoint) opened.add(`${endpoint.host}:${endpoint.port}`);
      return runtimeTransport.connect(endpoint, options, handlers);
    },
  };
  return { transport, opened };
}

const skip = noEngine();

describe("a cluster in containers", () => {
  let cluster: Cluster;
  before(async () => {
    if (skip) return;
    cluster = await startCluster({ replicas: 1, nodeTimeout: 1_000, start: startContainer });
  }, { timeout: 60_000 });
  after(() => cluster?.stop());

  const seeds = () => cluster.masters.map(({ host, port }) => ({ host, port }));
  const mapped = () => new Set(cluster.nodes.map(({ host, port }) => `${host}:${port}`));

  it("is reached by names that are known only inside", { skip }, async (test) => {
    if (!atLeast(cluster.nodes[0]!.version, "7.0.0")) return test.skip("names came with 7.0");
    const name = (index: number) => `node-${index}.invalid`;
    await Promise.all(cluster.nodes.map(async (node, index) => {
      await node.cli("CONFIG", "SET", "cluster-announce-hostname", name(index));
      await node.cli("CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname");
    }));
    await waitFor("the names to be known", async () => {
      const known = await Promise.all(cluster.nodes.map((node) => node.cli("CLUSTER", "NODES")));
      const all = known.every((text) =>
        cluster.nodes.every((_, index) => String(text).includes(name(index)))
      );
      return all ? undefined : "some are not";
    });
    try {
      await using lost = new RedisCluster(seeds(), { commandTimeout: 500, connectTimeout: 500 });
      await assert.rejects(lost.get("a"), { executed: "no" });

      const { transport, opened } = watched();
      const addressMap = cluster.nodes.map(({ host, port }, index): AddressRule => {
        return { fromHost: name(index), toHost: host, toPort: port };
      });
      await using redis = new RedisCluster(seeds(), { addressMap, transport });
      assert.equal(await redis.mset({ a: 1, b: 2, c: 3, d: 4 }), "OK");
      assert.deepEqual(await redis.mget(["a", "b", "c", "d"]), ["1", "2", "3", "4"]);
      assert.deepEqual([...opened].filter((address) => !mapped().has(address)), []);
    } finally {
      for (const node of cluster.nodes) {
        await node.cli("CONFIG", "SET", "cluster-preferred-endpoint-type", "ip");
      }
    }
  });

  it(
    "is reached by the containers' own addresses, those of redirections and of a new master too",
    { skip },
    async () => {
      const { transport, opened } = watched();
      const addressMap = cluster.nodes.map(({ inside, host, port }): AddressRule => {
        return { fromHost: inside!.host, fromPort: inside!.port, toHost: host, toPort: port };
      });
      await using redis = new RedisCluster([seeds()[0]!], {
        addressMap,
        transport,
        initSlotCache: false,
        reinitializeSteps: 0,
      });
      // Without slots at first: MOVED says where they are.
      for (const key of ["a", "b", "c", "d"]) assert.equal(await redis.set(key, key), "OK");
      for (const key of ["a", "b", "c", "d"]) assert.equal(await redis.get(key), key);
      await redis.pool.refresh();
      assert.deepEqual(new Set(redis.topology.nodes().map(String)), mapped());

      const [master] = cluster.masters;
      const [replica] = cluster.replicas;
      // "b" is in slot 3300, the first master's.
      assert.equal(redis.topology.masterOf(slotOf("b"))!.port, master!.port);
      assert.equal(await master!.cli("WAIT", 1, 5_000), 1);
      await master!.kill();
      await waitFor("an election", async () => {
        await redis.pool.refresh();
        return redis.topology.masterOf(slotOf("b"))!.port === replica!.port ? undefined : "there was none";
      });
      assert.equal(await redis.get("b"), "b");
      assert.deepEqual(opened, mapped());
    },
  );
});
