/** `MultiRedis`: several databases as one, with real servers that are killed and frozen. */
import assert from "node:assert/strict";
import * as api from "@opentelemetry/api";
import { channel } from "node:diagnostics_channel";
import { describe, it } from "node:test";
import { MultiRedis, Redis, RedisCluster, RedisError } from "../../mod.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { type ObservedFailover, openTelemetry, type OpenTelemetryApi } from "../../src/observe/otel.ts";
import { TestCluster, TestServer } from "../../testing.ts";
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
    const told: unknown[] = [];
    const tell = (message: unknown) => void told.push(message);
    channel("keywire:failover").subscribe(tell);
    const away = failover(redis);
    await first.kill();
    assert.equal(await patient.get("k"), "second");
    const { from, to } = await away;
    assert.ok(from.includes(`:${first.port}/`) && to.includes(`:${second.port}/`), `${from} to ${to}`);
    channel("keywire:failover").unsubscribe(tell);
    const [{ error, ...places }] = told as [ObservedFailover & { target: unknown }];
    const [before, now] = [first, second].map(({ host, port }) => ({ address: host, port, db: 0 }));
    assert.ok(error instanceof RedisError);
    assert.deepEqual(places, { from: before, to: now, target: now });
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
      const lost = assert.rejects(patient.incr("n"), { code: "LOST", executed: "unknown" });
      // It waits for its reply until the health checks have failed, and is read again from the other one.
      assert.equal(await patient.get("k"), "second");
      await lost;
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

  /** A database that closes each connection at a command of these names, and counts them. */
  const losing = (...names: string[]) => {
    const seen: string[] = [];
    const peer: ScriptedPeer = new ScriptedPeer({
      script: ([name], connection) => {
        if (!names.includes(name!)) return connection.serve();
        seen.push(name!);
        connection.close();
        return undefined;
      },
    });
    const client = () => new Redis({ transport: peer.transport(), retry: false, offlineQueue: false });
    return { peer, seen, client };
  };

  it("close() ends commands that wait for a database", async () => {
    const gone = () => losing("HELLO").client();
    const redis = new MultiRedis([{ client: gone() }, { client: gone() }], { commandFailures: 1 });
    const waiting = assert.rejects(redis.with({ timeout: 0 }).get("k"), { code: "CLOSED", executed: "no" });
    await assert.rejects(redis.with({ timeout: 60 }).get("k"));
    await redis.close();
    await waiting;
    await assert.rejects(redis.get("k"), { code: "CLOSED", executed: "no" });
  });

  it("leaves a database for pipelines and transactions that fail, and repeats none that may have run", async () => {
    for (const kind of ["pipeline", "multi"] as const) {
      const first = losing("INCR", "EXEC");
      const second = losing();
      await using redis = new MultiRedis(
        [{ client: first.client(), weight: 2 }, { client: second.client() }],
        {
          commandFailures: 1,
        },
      );
      const send = () => redis[kind]().incr("n").incr("n").exec();
      await assert.rejects(send(), (error) => error instanceof RedisError && error.executed === "unknown");
      assert.deepEqual(await send(), [1, 2], kind);
    }
  });

  it("once(): a write that may have run is not sent to the next database", async () => {
    const first = losing("EVALSHA", "EVAL");
    const second = losing();
    let scripts = 0;
    second.peer.script = ([name], connection) => {
      if (name!.startsWith("EVAL")) scripts++;
      return connection.serve();
    };
    await using redis = new MultiRedis([
      { client: new Redis({ transport: first.peer.transport(), offlineQueue: false }), weight: 2 },
      { client: second.client() },
    ], { commandFailures: 1 });
    await assert.rejects(redis.with({ timeout: 1_000 }).once("id").incr("n"), { executed: "unknown" });
    assert.equal(scripts, 0);
  });

  it("connect() stays at the database that it has reached, and reports the failover", async () => {
    const told: unknown[] = [];
    const instrument = { addCallback() {}, record() {} };
    const meter = {
      createHistogram: () => instrument,
      createObservableCounter: () => instrument,
      createObservableUpDownCounter: () => instrument,
      createCounter: (name: string) => ({
        add: (value: number, attributes: object) => told.push([name, value, attributes]),
      }),
    };
    const observer = openTelemetry({
      api: { ...api, metrics: { getMeter: () => meter } } as unknown as OpenTelemetryApi,
      spans: false,
    });
    const dead = losing("HELLO");
    const transport = losing().peer.transport();
    const once = { retry: false, reconnect: { backoff: "constant:1" } } as const;
    await using redis = new MultiRedis([
      { url: "redis://first/1", weight: 2, options: { ...once, transport: dead.peer.transport() } },
      { url: "redis://second/2", options: { transport, observer } },
    ], { healthCheckInterval: 5, healthCheckFailures: 1_000 });
    const ready = new Promise((resolve) => redis.addEventListener("ready", resolve, { once: true }));
    await redis.connect();
    await ready;
    const tries = dead.seen.length;
    while (dead.seen.length < tries + 3) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(redis.databases.map(({ available, active }) => [available, active]), [
      [false, false],
      [true, true],
    ]);
    assert.deepEqual(told, [["db.client.failovers", 1, {
      "db.client.connection.pool.name": "second:6379/2",
      "keywire.failover.from": "first:6379/1",
      "error.type": "LOST",
    }]]);
  });

  it("unref() and close() concern the timers of health checks", async () => {
    const timers = new Map<object, boolean>();
    const clock: Clock = {
      now: () => systemClock.now(),
      random: () => 0.5,
      setTimeout: (callback, delay) => {
        if (delay !== 77_000) return systemClock.setTimeout(callback, delay);
        const timer = { ref: () => timers.set(timer, true), unref: () => timers.set(timer, false) };
        timers.set(timer, true);
        return timer as never;
      },
      clearTimeout: (timer) => timers.delete(timer as object) || systemClock.clearTimeout(timer),
    };
    const options = { clock, transport: losing().peer.transport() };
    await using redis = new MultiRedis([{ url: "redis://first", options }, {
      url: "redis://second",
      options,
    }], {
      healthCheckInterval: 77_000,
    });
    await redis.ping();
    assert.deepEqual([...timers.values()], [true, true]);
    redis.unref();
    assert.deepEqual([...timers.values()], [false, false]);
    redis.ref();
    assert.deepEqual([...timers.values()], [true, true]);
    await redis.close();
    assert.equal(timers.size, 0);
  });

  it("applies prefixes of channels", async () => {
    const options = { transport: losing().peer.transport(), channelPrefix: "app:" };
    await using redis = new MultiRedis([{ url: "redis://first", options }]);
    const heard = collector<string>();
    await redis.subscribe("news", (text) => heard.add(text));
    await redis.publish("news", "hello");
    assert.deepEqual(await heard.wait(1), ["hello"]);
  });

  it("refuses clients that have no databases of their own", () => {
    for (const client of [{}, new MultiRedis([{ url: "redis://localhost" }])]) {
      assert.throws(() => new MultiRedis([{ client: client as never }]), /`client`: it must be a Redis or/);
    }
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

  it("has once() and outcome() of the topology in use", async () => {
    await using server = new TestServer();
    await using cluster = new TestCluster({ masters: 2, replicas: 0 });
    const { transport, startupNodes } = cluster;
    const several = () => new RedisCluster({ transport, startupNodes });
    const clients = [[new Redis({ transport: server.transport }), {}], [several(), { key: "n" }]] as const;
    for (const [client, options] of clients) {
      await using redis = new MultiRedis([{ client }]);
      assert.equal(await redis.once("id").incr("n"), 1);
      assert.equal(await redis.once("id").incr("n"), 1);
      assert.deepEqual(await redis.outcome("id", options), { executed: "yes", reply: 1 });
    }
    assert.deepEqual(Object.keys(server.dump()).sort(), ["keywire:once:id", "n"]);
    await using redis = new MultiRedis([{ client: several() }]);
    await assert.rejects(redis.outcome("id"), /the option `key`/);
  });
});
