import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Redis, RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { collector } from "../pubsub/collector.ts";

describe("subscriptions of a cluster beside those of clients of its nodes", {
  skip: olderThan("7.0.0", "shard channels"),
}, () => {
  let cluster: Cluster;
  before(async () => void (cluster = await startCluster({ replicas: 0 })));
  after(() => cluster?.stop());

  const methods = {
    channel: ["subscribe", "unsubscribe"],
    pattern: ["psubscribe", "punsubscribe"],
    shard: ["ssubscribe", "sunsubscribe"],
  } as const;
  for (const protocol of [2, 3] as const) {
    for (const [kind, [begin, end]] of Object.entries(methods)) {
      it(`are counted together on one connection: ${kind}, RESP${protocol}`, async () => {
        await using redis = new RedisCluster(cluster.masters.map(({ host, port }) => ({ host, port })), {
          protocol,
        });
        // Of another name than in the tests before, whose messages may still be on their way between the nodes.
        const channel = `${kind} ${protocol}`;
        const name = kind === "pattern" ? `?${channel.slice(1)}` : channel;
        const heard = collector<string>();
        const gaps = collector<string>();
        const gap = ({ reason }: { reason: string }) => gaps.add(reason);
        await redis[begin](name, { message: (text) => heard.add(text), gap });
        const publish = kind === "shard" ? redis.spublish.bind(redis) : redis.publish.bind(redis);
        let count = 0;
        const works = async () => {
          await publish(channel, String(++count));
          assert.deepEqual(await heard.wait(count), Array.from({ length: count }, (_, at) => String(at + 1)));
        };
        await works();
        for (const master of redis.topology.byRole("master")) {
          await using one = redis.node(master);
          const own = collector<string>();
          const listener = (text: string) => own.add(text);
          // Of shard channels a node has those of its slots only.
          if (kind === "shard" && master !== redis.topology.masterOf(slotOf(name))) continue;
          await one[begin](name, listener);
          await works();
          // What was published before may come to this node later than to that of the cluster's subscription.
          while (own.items.at(-1) !== String(count)) await own.wait(own.items.length + 1);
          await one[end](name, listener);
          await works();
          // Iterators, and clients that are closed with all they have.
          const items = kind === "pattern"
            ? one.subscription({ patterns: [name] })
            : one.subscription(name, { sharded: kind === "shard" });
          await items.ready;
          await one.close();
          await works();
        }
        await redis[end](name);
        assert.deepEqual(redis.subscriptionCounts(), { channels: 0, patterns: 0, shards: 0 });
        for (const node of cluster.masters) {
          const list = String(await node.cli("CLIENT", "LIST"));
          assert.ok(!/ (sub|psub|ssub)=[1-9]/.test(list), list);
        }
        assert.deepEqual(gaps.items, []);
      });
    }
  }

  it("leave a node that they move away from, where its connection stays", async () => {
    await using redis = new RedisCluster(cluster.masters.map(({ host, port }) => ({ host, port })));
    await redis.connect();
    const [first] = redis.topology.byRole("master");
    // The other way round: what a node's client has subscribed to outlives the cluster's subscription.
    await using one = redis.node(first!) as Redis;
    const heard = collector<string>();
    await one.subscribe(["a", "b"], (text) => heard.add(text));
    const items = redis.subscription("a");
    await items.ready;
    await items.close();
    await redis.publish("a", "1");
    await redis.publish("b", "2");
    assert.deepEqual((await heard.wait(2)).toSorted(), ["1", "2"]);
  });
});
