/**
 * The data that is read.
 *
 * @module
 */
import { Redis, RedisCluster } from "../../mod.ts";
import type { Place } from "./contenders/mod.ts";
import { BIG, UNICODE, VALUE } from "./values.ts";
import { KEYS, SPREAD } from "./workloads.ts";

/** Sets all keys. */
export async function fill({ host, port, clusterPort }: Place): Promise<void> {
  await using redis = new Redis({ host, port });
  await redis.set("bench:key", VALUE);
  await redis.set("bench:unicode", UNICODE);
  await redis.set("bench:big", BIG);
  await redis.rpush(
    "bench:list",
    ...Array.from({ length: 1000 }, (_, index) => `value:${1_000_000_000 + index}`),
  );
  await redis.hset(
    "bench:hash",
    Object.fromEntries(KEYS.map((_, index) => [`field:${index}`, `value:${index}`])),
  );
  await redis.command(
    "ZADD",
    "bench:sorted",
    ...Array.from({ length: 1000 }, (_, index) => [index, `member:${index}`]).flat(),
  );
  await redis.mset(Object.fromEntries(KEYS.map((key) => [key, VALUE])));
  if (clusterPort === 0) return;
  const cluster = new RedisCluster([{ host, port: clusterPort }]);
  await Promise.all(SPREAD.map((key) => cluster.set(key, VALUE)));
}
