/** The end of clients: blocking commands, force, duplicates; and the limits of their own pools. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Redis, RedisCluster, RedisError } from "../../mod.ts";
import { TestCluster, TestSentinels } from "../../testing.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";

const UNREF_CHILD = fileURLToPath(new URL("./fixtures/unref_child.ts", import.meta.url));
const RUN = "Deno" in globalThis ? ["run", "-A"] : [];

let server: Server;
before(async () => server = await startServer());
after(() => server.stop());

/** Waits until the given number of the server's clients block. */
function blocked(count: number): Promise<unknown> {
  return waitFor(`${count} blocked clients`, async () => {
    const info = String(await server.cli("INFO", "clients"));
    return info.includes(`blocked_clients:${count}\r`) || info.includes(`blocked_clients:${count}\n`)
      ? undefined
      : info;
  });
}

async function rejection(promise: Promise<unknown>): Promise<RedisError> {
  const error = await promise.then(() => undefined, (reason) => reason);
  assert.ok(error instanceof RedisError, String(error));
  return error;
}

describe("close()", () => {
  it("ends commands that block without limit at once, and they have taken nothing", async () => {
    // A grace that no test would wait for.
    const redis = new Redis(server.url, { closeGrace: 100_000 });
    const calls = [
      redis.blpop("none", 0),
      redis.bzpopmin("none", 0),
      redis.xread({ none: "$" }, { block: 0 }),
      redis.with({ timeout: 0 }).brpoplpush("none", "other", 0),
    ].map(rejection);
    await blocked(4);
    await redis.close();
    for (const { code, executed } of await Promise.all(calls)) {
      assert.deepEqual([code, executed], ["CLOSED", "no"]);
    }
    await blocked(0);
  });

  it("loses no element that is pushed meanwhile", async () => {
    await using producer = new Redis(server.url);
    let taken = 0;
    for (let round = 0; round < 20; round++) {
      const redis = new Redis(server.url, { closeGrace: 100_000 });
      await redis.ping();
      const pop = redis.blpop("queue", 0).then((pair) => pair![1], () => undefined);
      if (round % 2 === 0) await blocked(1);
      const [, , element] = await Promise.all([redis.close(), producer.rpush("queue", round), pop]);
      const left = await producer.lrange("queue", 0, -1);
      if (element !== undefined) taken++;
      assert.deepEqual(left, element === undefined ? [String(round)] : []);
      await producer.del("queue");
    }
    assert.ok(taken <= 20);
  });

  it("ends the loop of consume()", async () => {
    const redis = new Redis(server.url, { closeGrace: 100_000 });
    const loop = (async () => {
      for await (const message of redis.consume({ stream: "jobs", group: "g", consumer: "c" })) {
        await message.ack();
      }
    })().catch((error) => error);
    await blocked(1);
    await redis.close();
    const error = await loop;
    assert.ok(error === undefined || error.code === "CLOSED", String(error));
  });

  it("of a cluster does, too", async () => {
    await using cluster = new TestCluster({ masters: 3, replicas: 0 });
    const { transport, startupNodes } = cluster;
    const redis = new RedisCluster({ transport, startupNodes, closeGrace: 100_000 });
    await redis.ping();
    // On its way to a server, or blocked there: it is ended in any case.
    const calls = ["a", "b", "c"].map((key) => rejection(redis.blpop(key, 0)));
    await redis.ping();
    await redis.close();
    for (const { code, executed } of await Promise.all(calls)) {
      assert.deepEqual([code, executed], ["CLOSED", "no"]);
    }
  });

  it("with force waits for nothing", async () => {
    let arrived: () => void;
    const peer = new ScriptedPeer({
      script: ([name], connection) => name === "GET" ? arrived() as undefined : connection.serve(),
    });
    for (const end of ["force", "destroy", "later"]) {
      const redis = new Redis({ transport: peer.transport(), closeGrace: 100_000, commandTimeout: 0 });
      await redis.ping();
      const sent = new Promise<void>((resolve) => arrived = resolve);
      const call = rejection(redis.get("k"));
      await sent;
      if (end === "destroy") redis.destroy();
      else if (end === "later") {
        const closing = redis.close();
        await redis.close({ force: true });
        await closing;
      } else await redis.close({ force: true });
      assert.equal((await call).executed, "unknown", end);
      assert.equal((await rejection(redis.get("k"))).code, "CLOSED");
    }
  });
});

describe("duplicate()", () => {
  it("makes a client with the same options and a pool of its own", async () => {
    await using redis = new Redis(server.url, { keyPrefix: "d:", clientName: "first" });
    await using twin = redis.duplicate();
    await using other = redis.bytes().duplicate({ clientName: "other" });
    assert.notEqual(twin.pool, redis.pool);
    await redis.set("k", 1);
    assert.equal(await twin.get("k"), "1");
    assert.equal(await twin.clientGetname(), "first");
    assert.equal(await other.clientGetname(), "other");
    assert.equal(await other.get("k"), "1");
    await redis.close();
    assert.equal(await twin.get("k"), "1");
  });
});

describe("the pool that a client makes for itself", () => {
  it("waits at its limit", async () => {
    await using redis = new Redis(server.url, { maxConnections: 3 });
    await using producer = new Redis(server.url);
    const keys = ["a", "b", "c", "d", "e"];
    const calls = keys.map((key) => redis.blpop(key, 0));
    await blocked(3);
    assert.equal(redis.stats().waiting, 2);
    for (const key of keys) await producer.rpush(key, key);
    assert.deepEqual((await Promise.all(calls)).map((pair) => pair![1]), keys);
  });

  it("waits no longer than the call", async () => {
    await using redis = new Redis(server.url, { maxConnections: 1, multiplex: false });
    using connection = await redis.pool.acquire();
    const error = await rejection(redis.with({ timeout: 20 }).get("k"));
    assert.deepEqual([error.code, error.executed], ["COMMAND_TIMEOUT", "no"]);
    assert.match(error.message, /all 1 stayed in use/);
    assert.equal(connection.state, "ready");
  });
});

describe("unref()", () => {
  it("lets the process end while clients of a server, a cluster and sentinels are open, or have lost it", async () => {
    await using cluster = new TestCluster({ masters: 3, replicas: 1 });
    const { urls } = await cluster.listen();
    await using sentinels = new TestSentinels({ replicas: 1 });
    await sentinels.listen();
    const { host, port } = sentinels.addresses[0]!;
    const watched = `redis-sentinel://${host}:${port}/mymaster`;
    const child = spawn(process.execPath, [...RUN, UNREF_CHILD, server.url, urls[0]!, watched], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Uint8Array) => output += new TextDecoder().decode(chunk));
    assert.equal(await new Promise((resolve) => child.once("close", resolve)), 0);
    assert.equal(output.trim(), "v\nCOMMAND_TIMEOUT\nended");
  });
});
