/** `MultiRedis`: several databases as one, with real servers that are killed and frozen. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MultiRedis, Redis, RedisCluster, RedisError } from "../../mod.ts";
import { TestCluster } from "../../testing.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { startServer } from "../harness/server.ts";
import { collector } from "../pubsub/collector.ts";

const QUICK = { healthCheckInterval: 20, healthCheckTimeout: 1_000, healthCheckFailures: 2, gracePeriod: 20 };

/** The next failover of a client. */
function failover(redis: MultiRedis): Promise<{ readonly from: string; readonly to: string }> {
  return new Promise((resolve) =>
    redis.addEventListener("failover", ({ detail }) => resolve(detail), { once: true })
  );
}

describe("MultiRedis", () => {
  it("refuses wrong options by name", () => {
    const bad: readonly [unknown, object, RegExp][] = [
      [[], {}, /give a list of databases/],
      ["redis://localhost", {}, /give a list of databases/],
      [[{ uri: "redis://localhost" }], {}, /`uri`: there are url, options, client, weight/],
      [[{}], {}, /either `url`/],
      [[{ url: "redis://localhost", weight: 0 }], {}, /`weight`/],
      [
        [{ url: "redis://localhost" }],
        { interval: 5 },
        /`interval` of a MultiRedis: there are healthCheckInterval/,
      ],
      [[{ url: "redis://localhost" }], { gracePeriod: 0 }, /`gracePeriod`/],
      [[{ url: "redis://localhost" }], { failback: 1 }, /true or false/],
    ];
    for (const [databases, options, message] of bad) {
      assert.throws(() => new MultiRedis(databases as never, options as never), message);
    }
  });

  it("continues at the next database after kill -9, and returns when the first is back; subscriptions follow", async () => {
    await using first = await startServer({ config: ["maxmemory 0"] });
    await using second = await startServer({ config: ["maxmemory 0"] });
    await first.cli("SET", "k", "first");
    await second.cli("SET", "k", "second");
    // A busy machine must not fail over by itself.
    const policy = { ...QUICK, healthCheckTimeout: 60_000 };
    const options = { offlineQueue: false, reconnect: { backoff: "constant:10" } };
    await using redis = new MultiRedis([
      { url: second.url, options },
      { url: first.url, weight: 2, options },
    ], policy);
    const patient = redis.with({ timeout: 60_000 });
    const heard = collector<string>();
    await patient.subscribe("news", { message: (text) => heard.add(text), gap: () => heard.add("gap") });
    assert.equal(await patient.get("k"), "first");
    assert.deepEqual(redis.databases.map(({ weight, available, active }) => [weight, available, active]), [
      [2, true, true],
      [1, true, false],
    ]);
    const away = failover(redis);
    await first.kill();
    assert.equal(await patient.get("k"), "second");
    const { from, to } = await away;
    assert.ok(from.includes(`:${first.port}/`) && to.includes(`:${second.port}/`), `${from} to ${to}`);
    assert.equal(await patient.incr("n"), 1);
    await heard.wait(1);
    await second.cli("PUBLISH", "news", "at the second");
    assert.deepEqual(await heard.wait(2), ["gap", "at the second"]);
    const back = failover(redis);
    await first.restart();
    assert.ok((await back).to.includes(`:${first.port}/`));
    await first.cli("SET", "k", "first again");
    assert.equal(await patient.get("k"), "first again");
    await heard.wait(3);
    await first.cli("PUBLISH", "news", "at the first");
    assert.deepEqual((await heard.wait(4)).slice(2), ["gap", "at the first"]);
  });

  it("leaves a database that is frozen", async () => {
    await using first = await startServer({ config: ["maxmemory 0"] });
    await using second = await startServer({ config: ["maxmemory 0"] });
    await second.cli("SET", "k", "second");
    await using redis = new MultiRedis([{ url: first.url, weight: 2 }, { url: second.url }], {
      ...QUICK,
      healthCheckTimeout: 200,
      gracePeriod: 1,
    });
    const patient = redis.with({ timeout: 0 });
    await patient.set("k", "first");
    await first.kill("SIGSTOP");
    try {
      // It waits for its reply until the health checks have failed, and is read again from the other one.
      assert.equal(await patient.get("k"), "second");
    } finally {
      await first.kill("SIGCONT");
    }
  });

  it("repeats reads, and no write that may have run", async () => {
    const silent = new ScriptedPeer({
      script: ([name], connection) => {
        if (name !== "INCR" && name !== "GET") return connection.serve();
        connection.close();
        return undefined;
      },
    });
    const other = new ScriptedPeer();
    const client = (peer: ScriptedPeer) =>
      new Redis({ transport: peer.transport(), retry: false, offlineQueue: false });
    await using redis = new MultiRedis([{ client: client(silent), weight: 2 }, { client: client(other) }], {
      commandFailures: 1,
      gracePeriod: 60_000,
      failback: false,
    });
    await assert.rejects(redis.incr("n"), (error) => {
      assert.ok(error instanceof RedisError);
      return error.executed === "unknown";
    });
    assert.equal(await redis.get("n"), null, "at the other one, where nothing has run");
    assert.deepEqual(await redis.pipeline().incr("n").incr("n").exec(), [1, 2]);
  });

  it("rejects within the limit when no database is there", async () => {
    const refusing = () => {
      const peer = new ScriptedPeer({
        onConnection: () => {
          throw new Error("refused");
        },
      });
      return new Redis({ transport: peer.transport(), offlineQueue: false, retry: false });
    };
    await using redis = new MultiRedis([{ client: refusing() }, { client: refusing() }], {
      commandFailures: 1,
    });
    const error = await redis.with({ timeout: 150 }).set("k", "v").catch((reason) => reason);
    assert.ok(error instanceof RedisError, String(error));
    assert.equal(error.executed, "no");
    await assert.rejects(redis.with({ timeout: 150 }).get("k"), { code: "NO_DATABASE", executed: "no" });
    await assert.rejects(redis.connect(), { executed: "no" });
  });

  it("takes clients of any topology", async () => {
    await using cluster = new TestCluster({ masters: 3, replicas: 0 });
    const { transport, startupNodes } = cluster;
    await using redis = new MultiRedis([{ client: new RedisCluster({ transport, startupNodes }) }]);
    await redis.connect();
    const keys = Array.from({ length: 20 }, (_, n) => `k${n}`);
    await redis.mset(Object.fromEntries(keys.map((key) => [key, key])));
    assert.deepEqual(await redis.mget(keys), keys);
    assert.deepEqual(new Set(await Array.fromAsync(redis.scanIterator())), new Set(keys));
    assert.deepEqual(await redis.multi().incr("n").get("n").exec(), [1, "1"]);
    assert.deepEqual(await redis.bytes().get("n"), new TextEncoder().encode("1"));
  });
});
