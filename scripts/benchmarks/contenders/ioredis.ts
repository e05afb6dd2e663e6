/**
 * ioredis, as it is and with automatic pipelining.
 *
 * @module
 */
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { type Contender, Delivery, type Open } from "./contender.ts";

function records(flat: readonly string[]): [string, number][] {
  const pairs: [string, number][] = [];
  for (let at = 0; at < flat.length; at += 2) pairs.push([flat[at]!, Number(flat[at + 1])]);
  return pairs;
}

/** Opens it. */
export function openIoredis(autopipelined: boolean): Open {
  return async (kind, place): Promise<Contender | undefined> => {
    if (kind === "pool") return undefined;
    const { host, port, tlsPort, ca, clusterPort } = place;
    const options: RedisOptions = { enableAutoPipelining: autopipelined };
    if (kind === "tls") Object.assign(options, { host, port: tlsPort, tls: { ca } });
    else Object.assign(options, { host, port });
    const redis = kind === "cluster"
      ? new Cluster([{ host, port: clusterPort }], { enableAutoPipelining: autopipelined })
      : new Redis(options);
    await redis.ping();
    const name = autopipelined ? "ioredis, autopipelined" : "ioredis";
    const delivery = new Delivery();
    let subscriber: Redis | undefined;
    return {
      name,
      get: (key) => redis.get(key),
      set: (key, value) => redis.set(key, value),
      incr: (key) => redis.incr(key),
      lrange: (key) => redis.lrange(key, 0, -1),
      hgetall: (key) => redis.hgetall(key),
      mget: (keys) => redis.mget(...keys),
      zrange: (key) => redis.zrange(key, 0, "-1", "WITHSCORES").then(records),
      getBytes: (key) => redis.getBuffer(key),
      pipeline(key, count) {
        const pipeline = redis.pipeline();
        for (let index = 0; index < count; index++) pipeline.get(key);
        return pipeline.exec();
      },
      async messages(count) {
        if (subscriber === undefined) {
          subscriber = new Redis(options);
          subscriber.on("message", delivery.got);
          await subscriber.subscribe(name);
        }
        await delivery.run(count, () => redis.publish(name, "0123456789abcdef"));
      },
      async connectOnce() {
        const one = new Redis(options);
        await one.ping();
        await one.quit();
      },
      async close() {
        await subscriber?.quit();
        await redis.quit();
      },
    };
  };
}
