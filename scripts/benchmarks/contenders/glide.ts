/**
 * valkey-glide, whose core is written in Rust.
 *
 * @module
 */
import { Batch, Decoder, GlideClient, GlideClusterClient } from "@valkey/valkey-glide";
import type { Contender, Kind, Place } from "./contender.ts";

/** By default it refuses more than 1,000 concurrent commands, and commands that take longer than 250 ms. */
const LIMITS = { inflightRequestsLimit: 20_000, requestTimeout: 10_000 };

/** Opens it. */
export async function openGlide(kind: Kind, place: Place): Promise<Contender | undefined> {
  const { host, port, clusterPort } = place;
  if (kind === "pool" || kind === "tls") return undefined;
  const client = kind === "cluster"
    ? await GlideClusterClient.createClient({
      addresses: [{ host, port: clusterPort }],
      ...LIMITS,
    })
    : await GlideClient.createClient({ addresses: [{ host, port }], ...LIMITS });
  return {
    name: "valkey-glide",
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    incr: (key) => client.incr(key),
    lrange: (key) => client.lrange(key, 0, -1),
    hgetall: (key) => client.hgetall(key),
    mget: (keys) => client.mget(keys as string[]),
    zrange: (key) => client.zrangeWithScores(key, { start: 0, end: -1 }),
    getBytes: (key) => client.get(key, { decoder: Decoder.Bytes }),
    pipeline(key, count) {
      const batch = new Batch(false);
      for (let index = 0; index < count; index++) batch.get(key);
      return (client as GlideClient).exec(batch, true);
    },
    async connectOnce() {
      const one = await GlideClient.createClient({
        addresses: [{ host, port }],
        ...LIMITS,
      });
      await one.ping();
      one.close();
    },
    close: () => Promise.resolve(client.close()),
  };
}
