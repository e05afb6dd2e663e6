/**
 * node-redis.
 *
 * @module
 */
import { createClient, createClientPool, createCluster, RESP_TYPES } from "redis";
import { type Contender, Delivery, type Kind, type Place, POOL_SIZE } from "./contender.ts";

/** Opens it. */
export async function openNodeRedis(kind: Kind, place: Place): Promise<Contender | undefined> {
  const { host, port, tlsPort, ca, clusterPort } = place;
  const socket = kind === "tls" ? { host, port: tlsPort, tls: true as const, ca } : { host, port };
  if (kind === "cluster") {
    const cluster = createCluster({ rootNodes: [{ socket: { host, port: clusterPort } }] });
    await cluster.connect();
    return methodsOf(cluster as unknown as Client, () => cluster.close());
  }
  if (kind === "pool") {
    const pool = createClientPool({ socket }, { minimum: POOL_SIZE, maximum: POOL_SIZE });
    await pool.connect();
    return methodsOf(pool as unknown as Client, () => pool.close());
  }
  const client = createClient({ socket });
  await client.connect();
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const delivery = new Delivery();
  const name = "node-redis";
  let subscriber: typeof client | undefined;
  return {
    ...methodsOf(client as unknown as Client, async () => {
      await subscriber?.close();
      await client.close();
    }),
    getBytes: (key) => binary.get(key),
    pipeline(key, count) {
      const pipeline = client.multi();
      for (let index = 0; index < count; index++) pipeline.get(key);
      return pipeline.execAsPipeline();
    },
    async messages(count) {
      if (subscriber === undefined) {
        subscriber = client.duplicate();
        await subscriber.connect();
        await subscriber.subscribe(name, delivery.got);
      }
      await delivery.run(count, () => client.publish(name, "0123456789abcdef"));
    },
    async connectOnce() {
      const one = createClient({ socket });
      await one.connect();
      await one.ping();
      await one.close();
    },
  };
}

type Client = ReturnType<typeof createClient>;

function methodsOf(client: Client, close: () => Promise<unknown>): Contender {
  return {
    name: "node-redis",
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    incr: (key) => client.incr(key),
    lrange: (key) => client.lRange(key, 0, -1),
    hgetall: (key) => client.hGetAll(key),
    mget: (keys) => client.mGet(keys as string[]),
    zrange: (key) => client.zRangeWithScores(key, 0, -1),
    close,
  };
}
