/**
 * A cluster, step by step: `REDIS_CLUSTER=host:port,host:port deno run -A examples/cluster.ts`.
 *
 * @module
 */
import process from "node:process";
import { RedisCluster } from "../mod.ts";

const seeds = (process.env.REDIS_CLUSTER ?? "localhost:7000").split(",");
await using redis = new RedisCluster(seeds, { readFrom: "preferReplica" });

// The client discovers the other nodes from the startup nodes, and connects to a node when it needs it.
await redis.connect();
for (const { master, replicas } of redis.topology.shards()) {
  console.log(`${master} has ${replicas.length} replicas`);
}

// Keys are spread over the masters, and split and joined where a command has several.
await redis.mset({ one: 1, two: 2, three: 3 });
console.log(await redis.mget(["one", "two", "three"]));

// A common part in braces brings keys together, so that a transaction can have them.
const [, visits] = await redis.multi().set("{user1}:name", "Ada").incr("{user1}:visits").exec();
console.log("visits:", visits);

// One iterator over all nodes.
let keys = 0;
for await (const _key of redis.scanIterator({ count: 100 })) keys++;
console.log(`${keys} keys of ${await redis.dbsize()}`);
