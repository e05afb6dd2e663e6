import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import Genuine from "ioredis";
import Face from "../../ioredis.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { waitFor } from "../harness/wait.ts";
import { type Client, event, outcome, plain } from "./differential.ts";
import { Pushes } from "./pushes.ts";

let cluster: Cluster;

/** Runs a program with both clients and compares what they note. */
async function compare(
  program: (
    make: (options?: object) => Client,
    note: (...what: unknown[]) => void,
    Cluster: Client,
  ) => Promise<void>,
): Promise<void> {
  const both: unknown[][] = [];
  for (const Redis of [Genuine, Face] as Client[]) {
    const notes: unknown[] = [];
    let over = false;
    const clients: Client[] = [];
    for (const master of cluster.masters) await master.cli("FLUSHALL");
    const make = (options: object = {}): Client => {
      const nodes = cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));
      const client = new Redis.Cluster(nodes, options);
      clients.push(client);
      return client;
    };
    try {
      const note = (...what: unknown[]): void => {
        if (!over) notes.push(plain(what));
      };
      await program(make, note, Redis.Cluster);
    } finally {
      over = true;
      for (const client of clients) {
        client.on("error", () => {});
        const ended = client.status === "end" ? undefined : event(client, "end");
        client.disconnect();
        await ended;
      }
    }
    both.push(notes);
  }
  assert.ok(both[0]!.length > 0);
  assert.deepEqual(both[1], both[0]);
}

const KEYS = Array.from({ length: 30 }, (_, index) => `key:${index}`);

describe("ioredis: a cluster's client", () => {
  before(async () => {
    cluster = await startCluster();
    // A client that asks a node which does not know all replicas yet would have fewer nodes than the other.
    await waitFor("all nodes to know all replicas", async () => {
      for (const node of cluster.nodes) {
        const ranges = await node.cli("CLUSTER", "SLOTS") as unknown[][];
        if (ranges.some((range) => range.length < 4)) return `${node.port} does not`;
      }
      return undefined;
    });
  });
  after(() => cluster.stop());

  it("sends commands to the nodes of their slots", () =>
    compare(async (make, note) => {
      const redis = make();
      note(await Promise.all(KEYS.map((key) => redis.set(key, key))));
      note(await Promise.all(KEYS.map((key) => redis.get(key))), await redis.getBuffer("key:1"));
      note(await outcome(redis.mget("key:1", "key:2")), await outcome(redis.incr("key:1")));
      note(await redis.mget("{a}1", "{a}2"), redis.isCluster, redis.nodes().length);
      note(redis.nodes("master").length, redis.nodes("slave").length, redis.status);
      note(await redis.hset("{h}", { a: 1 }), await redis.hgetall("{h}"));
      note(redis.slots.length, redis.slots[0].length, typeof redis.scanStream);
      try {
        redis.nodes("other");
      } catch (error) {
        note(error);
      }
    }));

  it("has its events, and those of nodes", () =>
    compare(async (make, note) => {
      const redis = make({ lazyConnect: true });
      note(redis.status);
      const names = [
        "wait",
        "connecting",
        "connect",
        "ready",
        "close",
        "reconnecting",
        "end",
        "disconnecting",
      ];
      for (const name of names) redis.on(name, () => note(name, redis.status));
      await redis.set("a", 1);
      const end = event(redis, "end");
      note(await redis.quit());
      await end;
      note(await outcome(redis.get("a")));
      const other = make({ lazyConnect: true });
      note(await other.quit());
    }));

  it("says that no node is there", () =>
    compare(async (_make, note, Cluster) => {
      const lost = new Cluster([{ host: "127.0.0.1", port: 1 }], { clusterRetryStrategy: null });
      lost.on("error", (error: Error) =>
        note("error", error.message, (error as Client).lastNodeError?.message));
      note(await outcome(lost.get("a")));
      const none = new Cluster([], { clusterRetryStrategy: null, lazyConnect: true });
      note(await outcome(none.connect()));
      try {
        new Cluster([1], { scaleReads: "wrong" });
      } catch (error) {
        note(error);
      }
    }));

  it("has pipelines and transactions for keys of the same nodes", () =>
    compare(async (make, note) => {
      const redis = make();
      note(await redis.pipeline().set("{p}1", 1).incr("{p}1").get("{p}2").exec());
      note(await outcome(redis.pipeline().get("key:1").get("key:2").mget("key:1", "key:2").exec()));
      note(await redis.multi().set("{p}1", 5).incr("{p}1").exec());
      note(await outcome(redis.multi().set("a", 1).set("b", 2).set("c", 3).exec()));
      note(await redis.pipeline().exec());
      redis.defineCommand("add", { numberOfKeys: 1, lua: "return redis.call('incrby', KEYS[1], ARGV[1])" });
      note(await redis.add("{p}1", 10), await redis.pipeline().add("{p}1", 1).exec());
    }));

  it("follows slots that move", () =>
    compare(async (make, note) => {
      const redis = make();
      await redis.set("key:1", "one");
      const wrong = redis.slots.find((keys: string[]) => keys[0] !== redis.slots[16383][0]);
      for (let slot = 0; slot < 16384; slot++) redis.slots[slot] = wrong;
      note(await Promise.all(KEYS.slice(0, 5).map((key) => redis.set(key, 1))));
      note(await redis.pipeline().get("key:1").exec());
    }));

  it("reads from replicas", () =>
    compare(async (make, note) => {
      for (const scaleReads of ["slave", "all", (nodes: Client[]) => nodes[0]]) {
        const redis = make({ scaleReads });
        await redis.set("key:1", "one");
        await redis.wait(1, 1_000).catch(() => {});
        note(await redis.exists("nothing"), await redis.set("key:1", "two"));
        note(redis.nodes("slave").every((node: Client) => node.options.readOnly));
      }
    }));

  it("subscribes", () =>
    compare(async (make, note) => {
      const redis = make();
      const publisher = make();
      const got = Promise.all([event(redis, "message"), event(redis, "pmessage")]);
      note(await redis.subscribe("news"), await redis.psubscribe("n*"));
      await publisher.publish("news", "hello");
      note(await got, await redis.unsubscribe("news"));
    }));

  it("pipelines by itself", () =>
    compare(async (make, note) => {
      const redis = make({ enableAutoPipelining: true });
      note(await Promise.all(KEYS.map((key) => redis.set(key, key))));
      note(await Promise.all([...KEYS.map((key) => redis.get(key)), outcome(redis.incr("key:1"))]));
    }));

  it("has keys with a prefix, and clients like itself", () =>
    compare(async (make, note) => {
      const redis = make({ keyPrefix: "p:" });
      note(await redis.set("a", 1), await redis.duplicate().get("a"));
      const plain = make({ redisOptions: { keyPrefix: "q:", connectionName: "me" } });
      note(
        await plain.set("a", 2),
        plain.options.keyPrefix,
        await plain.duplicate([], { keyPrefix: "p:" }).get("a"),
      );
    }));

  it("maps addresses", () =>
    compare(async (make, note) => {
      const mapped: string[] = [];
      const natMap = (key: string): null => {
        mapped.push(key);
        return null;
      };
      const redis = make({ natMap });
      note(await redis.set("a", 1), new Set(mapped).size);
      const table = Object.fromEntries(
        cluster.nodes.map(({ port }) => [`127.0.0.1:${port}`, { host: "localhost", port }]),
      );
      const other = make({ natMap: table });
      note(await other.get("a"), other.nodes().every((node: Client) => node.options.host === "localhost"));
    }));

  it("delivers sharded messages at the nodes of their slots", async () => {
    const nodes = cluster.masters.map(({ port }) => ({ host: "127.0.0.1", port }));
    const redis: Client = new Face.Cluster(nodes, { shardedSubscribers: true });
    const publisher: Client = new Face.Cluster(nodes);
    try {
      const messages: string[] = [];
      const all = new Promise<void>((resolve) =>
        redis.on("smessage", (channel: string, message: string) => {
          messages.push(`${channel} ${message}`);
          if (messages.length === 3) resolve();
        })
      );
      for (const channel of ["a", "b", "c"]) await redis.ssubscribe(channel);
      for (const channel of ["a", "b", "c"]) await publisher.spublish(channel, "hello");
      await all;
      assert.deepEqual(messages.sort(), ["a hello", "b hello", "c hello"]);
      assert.equal(await redis.sunsubscribe("a"), 0);
    } finally {
      redis.disconnect();
      publisher.disconnect();
    }
  });

  // The last one: a replica is a master afterwards.
  it("sends commands again through a failover, one by one and in pipelines", async () => {
    const nodes = cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));
    const clients = [{}, { enableAutoPipelining: true }].map((options) => new Face.Cluster(nodes, options));
    const strict = new Face.Cluster(nodes, { strict: true });
    const pushes = new Pushes(strict, KEYS.map((key) => `strict:${key}`));
    const promoted = cluster.replicas[0]!;
    const names = KEYS.map((key) => `failover:${key}`);
    let over = false;
    const writers = clients.flatMap((redis, index) =>
      names.map(async (name) => {
        const key = `${index}:${name}`;
        let count = 0;
        do assert.equal(await redis.incr(key), ++count); while (!over);
        return [key, count] as const;
      })
    );
    await promoted.cli("CLUSTER", "FAILOVER");
    await waitFor("the replica to be a master", async () => {
      const role = await promoted.cli("ROLE") as string[];
      return role[0] === "master" ? undefined : `it is a ${role[0]}`;
    });
    // Each client meets the new master.
    for (const redis of [...clients, strict]) await Promise.all(names.map((name) => redis.get(name)));
    over = true;
    // A failover that an administrator asks for waits for replication: no write is lost.
    await pushes.check(true);
    strict.disconnect();
    const counts = await Promise.all(writers);
    for (const redis of clients) {
      const results = await Promise.all(counts.map(([key]) => redis.get(key)));
      assert.deepEqual(results, counts.map(([, count]) => String(count)));
      redis.disconnect();
    }
  });
});
