/**
 * The client that is built into Bun. It pipelines by itself and has no explicit pipelines.
 *
 * @module
 */
import { type Contender, Delivery, type Kind, type Place } from "./contender.ts";

/** The used part of Bun's client. */
interface BunClient {
  connect(): Promise<void>;
  duplicate(): Promise<BunClient>;
  get(key: string): Promise<unknown>;
  getBuffer(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  incr(key: string): Promise<unknown>;
  mget(...keys: string[]): Promise<unknown>;
  hgetall(key: string): Promise<unknown>;
  lrange(key: string, start: number, stop: number): Promise<unknown>;
  zrange(key: string, start: number, stop: number, ...more: string[]): Promise<unknown>;
  ping(): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  subscribe(channel: string, listener: () => void): Promise<unknown>;
  close(): void;
}

/** Opens it. */
export async function openBunNative(kind: Kind, place: Place): Promise<Contender | undefined> {
  if (kind === "pool" || kind === "cluster") return undefined;
  const { host, port, tlsPort, ca } = place;
  const { RedisClient } = (globalThis as unknown as {
    Bun: { RedisClient: new (url: string, options?: object) => BunClient };
  }).Bun;
  const make = () =>
    kind === "tls"
      ? new RedisClient(`rediss://${host}:${tlsPort}`, { tls: { ca } })
      : new RedisClient(`redis://${host}:${port}`);
  const client = make();
  await client.connect();
  const delivery = new Delivery();
  const name = "Bun.RedisClient";
  let subscriber: BunClient | undefined;
  return {
    name,
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    incr: (key) => client.incr(key),
    lrange: (key) => client.lrange(key, 0, -1),
    hgetall: (key) => client.hgetall(key),
    mget: (keys) => client.mget(...keys),
    zrange: (key) => client.zrange(key, 0, -1, "WITHSCORES"),
    getBytes: (key) => client.getBuffer(key),
    pipeline(key, count) {
      const sent = new Array<Promise<unknown>>(count);
      for (let index = 0; index < count; index++) sent[index] = client.get(key);
      return Promise.all(sent);
    },
    async messages(count) {
      if (subscriber === undefined) {
        subscriber = await client.duplicate();
        await subscriber.subscribe(name, delivery.got);
      }
      await delivery.run(count, () => client.publish(name, "0123456789abcdef"));
    },
    async connectOnce() {
      const one = make();
      await one.connect();
      await one.ping();
      one.close();
    },
    close() {
      subscriber?.close();
      client.close();
      return Promise.resolve();
    },
  };
}
