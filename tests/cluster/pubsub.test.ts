import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { ClusterError, RedisCluster, type Subscription } from "../../mod.ts";
import { slotOf } from "../../src/cluster/slot.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Cluster, type ClusterNode, startCluster } from "../harness/cluster.ts";
import { waitFor } from "../harness/wait.ts";
import { moveSlots } from "./move_slots.ts";

/** The next message behind gaps, and how many of those there were. */
async function next(subscription: Subscription<string>): Promise<{ message: string; gaps: string[] }> {
  const gaps: string[] = [];
  while (true) {
    const { value } = await subscription.next();
    if (value === undefined) throw new Error("the subscription has ended");
    if (value.kind === "message") return { message: value.message, gaps };
    gaps.push(value.reason);
  }
}

/** Which node a client with this name is subscribed at. */
async function subscribedAt(nodes: readonly ClusterNode[], name: string, sign: string): Promise<ClusterNode> {
  for (const node of nodes) {
    const list = String(await node.cli("CLIENT", "LIST").catch(() => ""));
    const found = list.split("\n").some((line) =>
      line.includes(` name=${name} `) && !line.includes(` ${sign}=0 `)
    );
    if (found) return node;
  }
  throw new Error(`${name} is subscribed nowhere`);
}

for (const protocol of [3, 2] as const) {
  const skip = olderThan("7.0.0", "shard channels");
  describe(`subscriptions over a cluster, RESP${protocol}`, { skip }, () => {
    const name = `sub${protocol}`;
    let cluster: Cluster;
    let redis: RedisCluster;
    let publisher: RedisCluster;
    before(async () => {
      cluster = await startCluster({
        nodeTimeout: 1_000,
        config: ["cluster-allow-replica-migration no", "cluster-require-full-coverage no"],
      });
    });
    beforeEach(() => cluster.settled());
    after(async () => {
      await redis?.close();
      await publisher?.close();
      await cluster?.stop();
    });
    const seeds = () => cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));

    /** Publishes until it has been received behind the fault: the nodes must find each other first. */
    async function until<T>(promise: Promise<T>, publish: () => Promise<unknown>): Promise<T> {
      let done = false;
      promise.then(() => done = true, () => done = true);
      while (!done) {
        await publish().catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return await promise;
    }

    it("begin before anything is known of the cluster", async () => {
      redis = new RedisCluster(seeds(), { protocol, clientName: name });
      publisher = new RedisCluster(seeds());
      const received: string[] = [];
      let came!: () => void;
      const all = new Promise<void>((resolve) => came = resolve);
      const listener = (message: string, channel: string): void => {
        if (received.push(`${channel} ${message}`) === 3) came();
      };
      await Promise.all([
        redis.subscribe("news", listener),
        redis.psubscribe("sport.*", listener),
        redis.ssubscribe(["orders"], listener),
      ]);
      await Promise.all([
        publisher.publish("news", "1"),
        publisher.publish("sport.rowing", "2"),
        publisher.spublish("orders", "3"),
      ]);
      await all;
      assert.deepEqual(received.sort(), ["news 1", "orders 3", "sport.rowing 2"]);
      assert.deepEqual(redis.subscriptionCounts(), { channels: 1, patterns: 1, shards: 1 });
      await Promise.all([redis.unsubscribe(), redis.punsubscribe(), redis.sunsubscribe()]);
      assert.deepEqual(redis.subscriptionCounts(), { channels: 0, patterns: 0, shards: 0 });
    });

    it("go to another node when theirs is killed, and tell the gap", async () => {
      const subscription = redis.subscription("news", { patterns: ["sport.*"] });
      await subscription.ready;
      const node = await subscribedAt(cluster.nodes, name, "psub");
      await publisher.publish("news", "before");
      assert.deepEqual(await next(subscription), { message: "before", gaps: [] });
      await node.kill("SIGKILL");
      try {
        const back = await until(next(subscription), () => publisher.publish("sport.golf", "after"));
        assert.deepEqual(back, { message: "after", gaps: ["lost"] });
        assert.notEqual(await subscribedAt(cluster.nodes, name, "psub"), node);
      } finally {
        await node.restart();
      }
      await subscription.close();
    });

    it("to shard channels are on the node of their slot, and go with it through an election", async () => {
      const channels = ["{a}1", "{b}1", "{c}1", "{d}1"];
      const subscription = redis.subscription(...channels, { sharded: true });
      await subscription.ready;
      for (const channel of channels) await publisher.spublish(channel, channel);
      const got = [];
      for (const _ of channels) got.push((await next(subscription)).message);
      assert.deepEqual(got.sort(), channels);
      await publisher.pool.refresh();
      const { port } = publisher.topology.masterOf(slotOf(channels[0]!))!;
      const master = cluster.nodes.find((node) => node.port === port)!;
      await master.kill("SIGKILL");
      try {
        const back = await until(next(subscription), () => publisher.spublish(channels[0]!, "after"));
        assert.deepEqual(back, { message: "after", gaps: ["lost"] });
        await subscription.close();
      } finally {
        await master.restart();
      }
    });

    it("to shard channels follow a slot that moves, and tell the gap", async () => {
      const slot = slotOf("moving");
      await redis.pool.refresh();
      const at = (wanted: number): ClusterNode => cluster.nodes.find(({ port }) => port === wanted)!;
      const from = at(redis.topology.masterOf(slot)!.port);
      const to = at(redis.topology.byRole("master").find(({ port }) => port !== from.port)!.port);
      const subscription = redis.subscription("moving", { sharded: true });
      const paused = redis.subscription("moving", { sharded: true, policy: "pause", buffer: 10 });
      await Promise.all([subscription.ready, paused.ready]);
      await moveSlots(from, to, [slot], cluster.nodes);
      for (const one of [subscription, paused]) {
        const back = await until(next(one), () => publisher.spublish("moving", "there"));
        assert.equal(back.message, "there");
        assert.equal(back.gaps.length, 1);
      }
      assert.deepEqual(await to.cli("PUBSUB", "SHARDNUMSUB", "moving"), ["moving", 2]);
      await Promise.all([subscription.close(), paused.close()]);
      await waitFor("the end of the subscriptions", async () => {
        const [, count] = await to.cli("PUBSUB", "SHARDNUMSUB", "moving") as [string, number];
        return count === 0 ? undefined : `${count} are left`;
      });
    });

    it("that are paused go to another node, too", async () => {
      const subscription = redis.subscription("slow", { policy: "pause", buffer: 1 });
      await subscription.ready;
      const node = await subscribedAt(cluster.nodes, name, "sub");
      await node.kill("SIGKILL");
      try {
        const back = await until(next(subscription), () => publisher.publish("slow", "after"));
        assert.deepEqual(back, { message: "after", gaps: ["lost"] });
      } finally {
        await node.restart();
      }
      await subscription.close();
    });

    it("refuse by name what a cluster has not", () => {
      const needsNode = (error: unknown): boolean =>
        error instanceof ClusterError && error.code === "NEEDS_NODE" && /redis\.node/.test(error.message);
      assert.throws(() => redis.monitor(), needsNode);
      assert.throws(() => redis.keyspace(), needsNode);
      assert.throws(
        () => redis.subscription("a", "b", { sharded: true, policy: "pause" }),
        { code: "CROSSSLOT" },
      );
    });

    it("end with the client", async () => {
      const subscription = redis.subscription("news");
      await subscription.ready;
      const end = subscription.next();
      await redis.close();
      assert.deepEqual(await end, { value: undefined, done: true });
    });
  });
}
