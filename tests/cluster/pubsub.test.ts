import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { ClusterError, Redis, RedisCluster, type Subscription } from "../../mod.ts";
import { systemClock } from "../../src/clock.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
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

/** Whether a client with this name has something subscribed at a node. */
async function isAt(node: ClusterNode, name: string, sign: string): Promise<boolean> {
  const list = String(await node.cli("CLIENT", "LIST").catch(() => ""));
  return list.split("\n").some((line) => line.includes(` name=${name} `) && !line.includes(` ${sign}=0 `));
}

/** Returns the node at which a client with this name is subscribed. */
async function subscribedAt(nodes: readonly ClusterNode[], name: string, sign: string): Promise<ClusterNode> {
  for (const node of nodes) if (await isAt(node, name, sign)) return node;
  throw new Error(`${name} is subscribed nowhere`);
}

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

const skip = olderThan("7.0.0", "shard channels");
const protocols = [3, 2] as const;

describe("subscriptions over a cluster", { skip }, () => {
  let cluster: Cluster;
  let publisher: RedisCluster;
  before(async () => {
    cluster = await startCluster({
      nodeTimeout: 1_000,
      config: ["cluster-allow-replica-migration no", "cluster-require-full-coverage no"],
    });
    publisher = new RedisCluster(seeds());
  });
  beforeEach(() => cluster.settled());
  after(async () => {
    await publisher?.close();
    await cluster?.stop();
  });
  const seeds = () => cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));
  /** A channel whose slot is at a node. */
  const channelAt = ({ port }: ClusterNode): string =>
    Array.from({ length: 1_000 }, (_, n) => `{${n}}`)
      .find((channel) => publisher.topology.masterOf(slotOf(channel))!.port === port)!;

  for (const protocol of protocols) {
    describe(`over RESP${protocol}`, () => {
      let redis: RedisCluster;
      before(() => void (redis = new RedisCluster(seeds(), { protocol })));
      after(() => redis?.close());

      it("begin before anything is known of the cluster", async () => {
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

      it("of a plain client to a shard channel of another node is refused at once", async () => {
        const [first, second] = cluster.nodes;
        await using plain = new Redis({ host: "127.0.0.1", port: first!.port, protocol });
        const refused = { code: "MOVED", message: /use RedisCluster/ };
        await assert.rejects(plain.ssubscribe(channelAt(second!), () => {}), refused);
        await plain.ssubscribe(channelAt(first!), () => {});
      });

      it("to shard channels are on the nodes of their slots", async () => {
        const channels = ["{a}1", "{b}1", "{c}1", "{d}1"];
        const subscription = redis.subscription(...channels, { sharded: true });
        await subscription.ready;
        for (const channel of channels) await publisher.spublish(channel, channel);
        const got = [];
        for (const _ of channels) got.push((await next(subscription)).message);
        assert.deepEqual(got.sort(), channels);
        await subscription.close();
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

  /** A client of each protocol, for one election. */
  function both(options: object): { redis: RedisCluster; name: string }[] {
    return protocols.map((protocol) => {
      const name = `resp${protocol}`;
      return { redis: new RedisCluster(seeds(), { protocol, clientName: name, ...options }), name };
    });
  }

  it("leave a node that is killed, of all kinds and over both protocols, and tell the gap", async () => {
    await publisher.pool.refresh();
    const node = cluster.nodes.find(({ port }) => port === publisher.topology.masterOf(0)!.port)!;
    const channel = channelAt(node);
    const clients = both({});
    try {
      // A node to which there is a connection is taken before others.
      for (const { redis } of clients) await redis.get(channel);
      const subscriptions = clients.map(({ redis }) => ({
        news: redis.subscription("news", { patterns: ["sport.*"] }),
        slow: redis.subscription("slow", { policy: "pause", buffer: 1 }),
        orders: redis.subscription(channel, { sharded: true }),
      }));
      for (const { news, slow, orders } of subscriptions) {
        await Promise.all([news.ready, slow.ready, orders.ready]);
      }
      for (const { name } of clients) assert.equal(await subscribedAt(cluster.nodes, name, "psub"), node);
      await publisher.publish("news", "before");
      for (const { news } of subscriptions) {
        assert.deepEqual(await next(news), { message: "before", gaps: [] });
      }
      await node.kill("SIGKILL");
      const back = subscriptions.flatMap(({ news, slow, orders }) => [
        until(next(news), () => publisher.publish("sport.golf", "after")),
        until(next(slow), () => publisher.publish("slow", "after")),
        until(next(orders), () => publisher.spublish(channel, "after")),
      ]);
      for (const got of await Promise.all(back)) assert.deepEqual(got, { message: "after", gaps: ["lost"] });
    } finally {
      await node.restart();
      await Promise.all(clients.map(({ redis }) => redis.close()));
    }
  });

  it("leave a node that freezes and carries nothing else: a PING finds out", async () => {
    // Both take the first master that they know of, as chance says.
    const clock = { ...systemClock, random: () => 0 };
    const clients = both({ healthCheckInterval: 1_000, refreshInterval: 0, clock });
    let frozen: ClusterNode | undefined;
    try {
      const news = clients.map(({ redis }) => redis.subscription("news"));
      for (const one of news) await one.ready;
      const node = await subscribedAt(cluster.nodes, clients[0]!.name, "sub");
      assert.equal(await subscribedAt(cluster.nodes, clients[1]!.name, "sub"), node);
      await publisher.pool.refresh();
      const channel = channelAt(node);
      const orders = clients.map(({ redis }) => redis.subscription(channel, { sharded: true }));
      for (const one of orders) await one.ready;
      await (frozen = node).kill("SIGSTOP");
      const back = [
        ...news.map((one) => until(next(one), () => publisher.publish("news", "after"))),
        ...orders.map((one) => until(next(one), () => publisher.spublish(channel, "after"))),
      ];
      const got = await Promise.all(back);
      // The first detected failure makes the client look for the masters. Another subscription may move to
      // the new master before its own PING is overdue.
      const gaps = got.flatMap((one) => one.gaps);
      assert.ok(gaps.includes("lost"), `${gaps}`);
      for (const one of got) {
        assert.equal(one.message, "after");
        assert.match(one.gaps.join(), /^(lost|moved)$/);
      }
    } finally {
      await frozen?.kill("SIGCONT");
      await Promise.all(clients.map(({ redis }) => redis.close()));
    }
  });
});
