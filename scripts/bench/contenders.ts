/**
 * The clients that are measured against each other, each behind the same few calls.
 *
 * @module
 */
import { Redis as Keywire } from "../../mod.ts";

/** A client under measurement. */
export interface Contender {
  /** As it is called in the tables. */
  readonly name: string;
  /** GET of one key. */
  get(key: string): Promise<unknown>;
  /** SET of one key. */
  set(key: string, value: string): Promise<unknown>;
  /** Ends it. */
  close(): Promise<unknown>;
}

type Open = (host: string, port: number) => Promise<Contender>;

async function keywire(host: string, port: number): Promise<Contender> {
  const redis = new Keywire({ host, port });
  await redis.connect();
  return {
    name: "keywire",
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    close: () => redis.close(),
  };
}

function ioredis(autopipelined: boolean): Open {
  return async (host, port) => {
    const { Redis } = await import("ioredis");
    const redis = new Redis({ host, port, enableAutoPipelining: autopipelined });
    await redis.ping();
    return {
      name: autopipelined ? "ioredis, autopipelined" : "ioredis",
      get: (key) => redis.get(key),
      set: (key, value) => redis.set(key, value),
      close: () => redis.quit(),
    };
  };
}

async function nodeRedis(host: string, port: number): Promise<Contender> {
  const { createClient } = await import("redis");
  const client = createClient({ socket: { host, port } });
  await client.connect();
  return {
    name: "node-redis",
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    close: () => client.close(),
  };
}

/** What is used of Bun's own client. */
interface BunClient {
  connect(): Promise<void>;
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  close(): void;
}

async function bunNative(host: string, port: number): Promise<Contender> {
  const { RedisClient } =
    (globalThis as unknown as { Bun: { RedisClient: new (url: string) => BunClient } }).Bun;
  const client = new RedisClient(`redis://${host}:${port}`);
  await client.connect();
  return {
    name: "Bun.RedisClient",
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    close: () => Promise.resolve(client.close()),
  };
}

/** Opens every contender that this runtime can run, ours first. */
export function openContenders(host: string, port: number): Promise<Contender[]> {
  const all: Open[] = [keywire, ioredis(false), ioredis(true), nodeRedis];
  if ("Bun" in globalThis) all.push(bunNative);
  return Promise.all(all.map((open) => open(host, port)));
}
