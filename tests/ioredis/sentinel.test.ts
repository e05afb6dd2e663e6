import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import Genuine from "ioredis";
import Face from "../../ioredis.ts";
import { type Replicated, startReplicated } from "../harness/replicated.ts";
import { field, waitFor } from "../harness/wait.ts";
import { type Client, event, outcome, plain } from "./differential.ts";
import { Pushes } from "./pushes.ts";

let servers: Replicated;

/** Runs a program with both clients and compares what they note. */
async function compare(
  program: (make: (options?: object) => Client, note: (...what: unknown[]) => void) => Promise<void>,
): Promise<void> {
  const both: unknown[][] = [];
  for (const Redis of [Genuine, Face] as Client[]) {
    const notes: unknown[] = [];
    const clients: Client[] = [];
    let over = false;
    const make = (options: object = {}): Client => {
      const sentinels = servers.sentinels.map(({ port }) => ({ host: "127.0.0.1", port }));
      const client = new Redis({ sentinels, name: servers.service, ...options });
      clients.push(client);
      return client;
    };
    try {
      await program(make, (...what) => over || notes.push(plain(what)));
    } finally {
      over = true;
      for (const client of clients) {
        client.on("error", () => {});
        client.disconnect();
      }
    }
    both.push(notes);
  }
  assert.ok(both[0]!.length > 0);
  assert.deepEqual(both[1], both[0]);
}

describe("ioredis: a client that asks sentinels", () => {
  before(async () => void (servers = await startReplicated()));
  after(() => servers.stop());

  it("connects to the master, or to a replica", () =>
    compare(async (make, note) => {
      const master = make();
      const replica = make({ role: "slave" });
      note(await master.set("key", "value"), (await master.role())[0], (await replica.role())[0]);
      note(await master.wait(1, 1_000), await replica.get("key"), await outcome(replica.set("key", "other")));
      const preferred = make({
        role: "slave",
        preferredSlaves: (found: unknown[]) => {
          note(found.length);
          return null;
        },
      });
      note((await preferred.role())[0]);
    }));

  it("goes from one sentinel to the next, and says why", () =>
    compare(async (make, note) => {
      const dead = { host: "127.0.0.1", port: 1 };
      const alive = { host: "127.0.0.1", port: servers.sentinels[0]!.port };
      const redis = make({ sentinels: [dead, alive] });
      redis.on("sentinelError", (error: Error) => note("sentinelError", error.message));
      note((await redis.role())[0]);
    }));

  it("gives up, or tries again", () =>
    compare(async (make, note) => {
      const dead = [{ host: "127.0.0.1", port: 1 }];
      const redis = make({ sentinels: dead, sentinelRetryStrategy: null, lazyConnect: true });
      redis.on("error", (error: Error) => note("error", error.message));
      note(await outcome(redis.get("key")), redis.status);
      const again = make({
        sentinels: dead,
        lazyConnect: true,
        sentinelRetryStrategy: (times: number) => times < 3 ? 1 : null,
      });
      again.on("error", (error: Error) => note("error", error.message));
      note(await outcome(again.get("key")));
      const unknown = make({
        name: "nobody",
        sentinelRetryStrategy: null,
        lazyConnect: true,
        updateSentinels: false,
      });
      unknown.on("error", () => {});
      unknown.on("sentinelError", (error: Error) => note(error.message.replace(/:\d+/, "")));
      const error = await outcome(unknown.get("key")) as Error;
      note(error.message.split(".")[0]);
    }));

  it("maps addresses", () =>
    compare(async (make, note) => {
      const asked: string[] = [];
      const natMap = (key: string): null => {
        asked.push(key);
        return null;
      };
      const redis = make({ natMap, updateSentinels: false });
      note((await redis.role())[0], asked.length);
    }));

  it("listens for failovers", () =>
    compare(async (make, note) => {
      const redis = make({ failoverDetector: true, retryStrategy: () => 20 });
      await event(redis, "failoverSubscribed");
      note(await redis.ping());
    }));

  // The last one: another server is the master afterwards.
  it("follows a failover with the commands that were called meanwhile", async () => {
    const sentinels = servers.sentinels.map(({ port }) => ({ host: "127.0.0.1", port }));
    const events: string[] = [];
    const options = {
      sentinels,
      name: servers.service,
      failoverDetector: true,
      maxRetriesPerRequest: null,
      retryStrategy: () => 20,
      reconnectOnError: (error: Error) => error.message.startsWith("READONLY") ? 2 as const : false,
    };
    const redis = new Face(options);
    const strict = new Face({ ...options, strict: true });
    for (const client of [redis, strict]) client.on("error", () => {});
    await event(redis, "failoverSubscribed");
    for (const name of ["close", "reconnecting", "connecting", "connect", "ready", "end"]) {
      redis.on(name, () => events.push(name));
    }
    let over = false;
    const writers = Array.from({ length: 10 }, async (_, writer) => {
      let count = 0;
      do await redis.set(`failover:${writer}`, ++count); while (!over);
      return count;
    });
    const pushes = new Pushes(strict, ["strict:1", "strict:2", "strict:3"]);
    const old = (await servers.currentMaster())!;
    await servers.failOver();
    // The old master takes a while to become a replica: the client must have gone to the other server.
    for (const client of [redis, strict]) {
      await waitFor("the client to follow", async () => {
        const port = Number(field(await client.info("server"), "tcp_port"));
        return port === old.port ? "it is at the old master" : undefined;
      });
    }
    over = true;
    // Replication is asynchronous: the old master may take writes that the new one never gets.
    await pushes.check(false);
    const counts = await Promise.all(writers);
    const stored = await Promise.all(counts.map((_, writer) => redis.get(`failover:${writer}`)));
    assert.deepEqual(stored, counts.map(String));
    // A whole number of rounds, each in ioredis' order; one may have begun at a server that was no master yet.
    const rounds = events.join(" ").replaceAll(
      /close reconnecting connecting (?:connect )?(?=close|ready)/g,
      "",
    );
    assert.match(rounds, /^(?:ready ?)+$/);
    redis.disconnect();
    strict.disconnect();
  });
});
