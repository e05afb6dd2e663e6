import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { RedisCluster, type Subscription } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { olderThan } from "../harness/binaries.ts";
import { startCluster } from "../harness/cluster.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { removeFolder, temporaryFolder } from "../harness/folders.ts";
import { BUS_OFFSET, freePort } from "../harness/ports.ts";
import { startServer } from "../harness/server.ts";
import type { Server } from "../harness/types.ts";
import { field, waitFor } from "../harness/wait.ts";

/** Publishes until a message is received; returns the number of gaps before it. */
async function gapsBefore(
  subscription: Subscription<string>,
  publish: () => Promise<unknown>,
): Promise<number> {
  let done = false;
  const counted = (async () => {
    for (let gaps = 0;; gaps++) {
      const { value } = await subscription.next();
      if (value?.kind !== "gap") return gaps;
    }
  })().finally(() => done = true);
  while (!done) {
    await publish();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return await counted;
}

describe(
  "all nodes of a cluster restarted on new ports",
  { skip: olderThan("7.0.0", "shard channels") },
  () => {
    it("are found again behind the seeds, of which one has a name and one is gone; what waits goes there", async () => {
      const folder = temporaryFolder();
      const config = (index: number) => [
        `cluster-config-file ${JSON.stringify(join(folder, `nodes-${index}.conf`))}`,
        "cluster-node-timeout 1000",
      ];
      const cluster = await startCluster({ masters: 3, replicas: 0, config });
      const proxies = await Promise.all(cluster.masters.slice(0, 2).map((master) => startProxy(master)));
      const redis = new RedisCluster([
        { host: "127.0.0.1", port: await freePort() },
        { host: "localhost", port: proxies[0]!.port },
        { host: "127.0.0.1", port: proxies[1]!.port },
      ], { commandTimeout: 25_000 });
      const again: Server[] = [];
      try {
        const keys = ["a", "b", "c"];
        assert.equal(new Set(keys.map((key) => Math.floor(slotOf(key) * 3 / 16_384))).size, 3);
        for (const key of keys) assert.equal(await redis.set(key, "before"), "OK");
        const ids = redis.topology.nodes().map(({ id }) => id).sort();
        const news = redis.subscription("news");
        const orders = redis.subscription("orders", { sharded: true });
        await Promise.all([news.ready, orders.ready]);

        await cluster.stop();
        // What is written to a connection that has ended, before that is known, may have run for all the client knows.
        await waitFor("the client to know that all connections have ended", () => {
          const { created } = redis.pool.stats();
          return Promise.resolve(created === 0 ? undefined : `${created} are left`);
        });
        // No node listens: one call waits for a shared connection, one for a dedicated connection, one for
        // all masters.
        const waiting = Promise.all([
          ...keys.map((key) => redis.set(key, "after")),
          redis.watch("w", (tx) => tx.multi().set("w", "watched")),
        ]);
        for (const index of [0, 1, 2]) {
          again.push(
            await startServer({ cluster: true, config: config(index) }),
          );
        }
        for (const from of again) {
          for (const to of again) {
            if (from !== to) await from.cli("CLUSTER", "MEET", to.host, to.port, to.port + BUS_OFFSET);
          }
        }
        proxies.forEach((proxy, index) => proxy.target = again[index + 1]!);
        assert.deepEqual(await waiting, ["OK", "OK", "OK", ["OK"]]);
        for (const key of keys) assert.equal(await redis.get(key), "after");
        assert.deepEqual(redis.topology.nodes().map(({ id }) => id).sort(), ids, "the same nodes");
        assert.deepEqual(
          redis.topology.nodes().map(({ port }) => port).sort(),
          again.map(({ port }) => port).sort(),
        );

        await waitFor("the cluster to be in order", async () => {
          for (const node of again) {
            if (field(await node.cli("CLUSTER", "INFO"), "cluster_state") !== "ok") return "it is not";
          }
          return undefined;
        });
        assert.ok(await gapsBefore(news, () => redis.publish("news", "there")) > 0);
        assert.ok(await gapsBefore(orders, () => redis.spublish("orders", "there")) > 0);
      } finally {
        await redis.close();
        await Promise.all([...proxies, ...again].map((one) => one.stop()));
        await cluster.stop();
        removeFolder(folder);
      }
    });
  },
);
