/**
 * The contender Keywire.
 *
 * @module
 */
import process from "node:process";
import * as keywire from "../../../mod.ts";
import { type Contender, Delivery, type Kind, type Place, POOL_SIZE } from "./contender.ts";

function optionsOf(kind: Kind, { host, port, tlsPort, ca }: Place): keywire.ConnectionOptions {
  return kind === "tls" ? { host, port: tlsPort, tls: { ca } } : { host, port };
}

async function clientOf(kind: Kind, place: Place): Promise<keywire.Redis | keywire.RedisCluster> {
  const options = optionsOf(kind, place);
  if (kind === "cluster") {
    const cluster = new keywire.RedisCluster([{ host: place.host, port: place.clusterPort }]);
    await cluster.connect();
    return cluster;
  }
  if (kind !== "pool") {
    const maxMultiplexed = Number(process.env.KEYWIRE_MULTIPLEXED ?? 2);
    const redis = new keywire.Redis({ ...options, maxMultiplexed });
    await redis.connect();
    return redis;
  }
  const pool = new keywire.BlockingConnectionPool({ ...options, maxConnections: POOL_SIZE });
  return new keywire.Redis({ pool, multiplex: false });
}

/** Opens it. */
export async function openKeywire(kind: Kind, place: Place): Promise<Contender> {
  const redis = await clientOf(kind, place);
  const bytes = redis.bytes();
  const delivery = new Delivery();
  let subscribed = false;
  return {
    name: "keywire",
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    incr: (key) => redis.incr(key),
    lrange: (key) => redis.lrange(key, 0, -1),
    hgetall: (key) => redis.hgetall(key),
    mget: (keys) => redis.mget(...keys),
    zrange: (key) => redis.zrange(key, 0, -1, { withScores: true }),
    getBytes: (key) => bytes.get(key),
    pipeline(key, count) {
      const pipeline = redis.pipeline();
      for (let index = 0; index < count; index++) pipeline.get(key);
      return pipeline.exec();
    },
    async messages(count) {
      if (!subscribed) {
        subscribed = true;
        await redis.subscribe("keywire", delivery.got);
      }
      await delivery.run(count, () => redis.publish("keywire", "0123456789abcdef"));
    },
    async connectOnce() {
      const one = new keywire.Redis(optionsOf(kind, place));
      await one.ping();
      await one.close();
    },
    close: () => redis.close(),
  };
}
