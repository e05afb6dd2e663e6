/** Spans and metrics with the real OpenTelemetry SDK, in memory, and a real server. @module */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import * as api from "@opentelemetry/api";
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { BlockingConnectionPool, ConnectionPool, MultiRedis, Redis } from "../../mod.ts";
import { openTelemetry } from "../../src/observe/otel.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { type Server, startServer } from "../harness/server.ts";

describe("OpenTelemetry", () => {
  const spans = new InMemorySpanExporter();
  const exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: exported, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  let server: Server;

  before(async () => {
    server = await startServer();
    api.trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
    );
    api.metrics.setGlobalMeterProvider(meters);
  });
  afterEach(() => spans.reset());
  after(async () => {
    await meters.shutdown();
    await server?.stop();
  });

  /** The points of a metric, with their attributes. */
  async function points(name: string): Promise<DataPoint<unknown>[]> {
    await reader.forceFlush();
    const metrics = exported.getMetrics().at(-1)!.scopeMetrics.flatMap((scope) => scope.metrics);
    return metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints as DataPoint<unknown>[];
  }

  it("makes a span of a command, by the conventions", async () => {
    await using redis = new Redis(server.url, { observer: openTelemetry({ api }), db: 2 });
    await redis.set("secret-key", "secret-value");
    const [span] = spans.getFinishedSpans();
    assert.equal(span!.name, `SET ${server.host}:${server.port}`);
    assert.equal(span!.kind, api.SpanKind.CLIENT);
    assert.deepEqual(span!.attributes, {
      "db.system.name": "redis",
      "db.operation.name": "SET",
      "db.namespace": "2",
      "server.address": server.host,
      "server.port": server.port,
    });
    assert.equal(span!.status.code, api.SpanStatusCode.UNSET);
  });

  it("says why a command failed", async () => {
    await using redis = new Redis(server.url, { observer: openTelemetry({ api }) });
    await redis.set("text", "x");
    spans.reset();
    await assert.rejects(redis.lpush("text", "secret"));
    const [span] = spans.getFinishedSpans();
    assert.equal(span!.status.code, api.SpanStatusCode.ERROR);
    assert.equal(span!.attributes["error.type"], "WRONGTYPE");
    assert.equal(span!.attributes["db.response.status_code"], "WRONGTYPE");
    assert.equal(span!.attributes["keywire.executed"], "yes");
    assert.doesNotMatch(JSON.stringify([span!.attributes, span!.status]), /secret/);
  });

  it("names what a script runs", async () => {
    await using redis = new Redis(server.url, { observer: openTelemetry({ api }) });
    const digest = await redis.scriptLoad("return 1");
    spans.reset();
    await redis.evalsha(digest);
    const [span] = spans.getFinishedSpans();
    assert.equal(span!.name, `EVALSHA ${digest}`);
    assert.equal(span!.attributes["db.stored_procedure.name"], digest);
  });

  it("tells pipelines and transactions apart", async () => {
    await using redis = new Redis(server.url, { observer: openTelemetry({ api }) });
    await redis.pipeline().set("a", 1).set("b", 2).exec();
    await redis.multi().set("a", 1).get("a").exec();
    await redis.pipeline().get("a").exec();
    assert.deepEqual(
      spans.getFinishedSpans().map(({ attributes }) => [
        attributes["db.operation.name"],
        attributes["db.operation.batch.size"],
      ]),
      [["PIPELINE SET", 2], ["MULTI", 2], ["GET", undefined]],
    );
  });

  it("has spans of all that clients send: watch(), once(), cached(), consumers, several databases; without keys and ids", async () => {
    const observer = openTelemetry({ api });
    await using redis = new Redis(server.url, { observer, keyPrefix: "secret:" });
    const seen = (): string[] => {
      const all = spans.getFinishedSpans();
      for (const { attributes } of all) {
        assert.deepEqual([attributes["db.system.name"], attributes["server.port"]], ["redis", server.port]);
        assert.doesNotMatch(JSON.stringify(attributes), /secret/);
      }
      const names = all.map(({ attributes }) => String(attributes["db.operation.name"]));
      spans.reset();
      return names;
    };
    await redis.watch("secret-n", async (tx) => {
      await tx.get("secret-n");
      return tx.multi().incr("secret-n").expire("secret-n", 60);
    });
    assert.deepEqual(seen(), ["WATCH", "GET", "MULTI"]);
    await assert.rejects(redis.watch("secret-n", (tx) => tx.lpush("secret-n", "v")));
    assert.equal(spans.getFinishedSpans().at(-1)!.attributes["db.response.status_code"], "WRONGTYPE");
    assert.deepEqual(seen(), ["WATCH", "LPUSH"]);
    await redis.once("secret-id").incr("secret-n");
    assert.deepEqual(seen(), ["EVALSHA"]);
    await redis.cached("secret-value", { ttl: 60_000 }, () => 1);
    assert.deepEqual(seen(), ["GET", "EVALSHA", "EVALSHA"]);
    await redis.xadd("secret-stream", "*", { n: 1 });
    const group = { stream: "secret-stream", group: "secret-group", consumer: "secret", create: "0" };
    for await (const message of redis.consume(group)) {
      await message.ack();
      break;
    }
    assert.deepEqual(seen(), ["XADD", "XGROUP CREATE", "XPENDING", "XREADGROUP", "XACK"]);
    await using several = new MultiRedis([{ url: server.url, options: { observer } }]);
    await several.pipeline().incr("secret-m").get("secret-m").exec();
    assert.ok(seen().includes("PIPELINE"));
  });

  it("measures commands and pools", async () => {
    const observer = openTelemetry({ api, spans: false });
    await using pool = new BlockingConnectionPool(server.url, {
      observer,
      maxConnections: 1,
      minIdle: 1,
      timeout: 20,
      db: 5,
    });
    const name = `${server.host}:${server.port}/5`;
    const mine = async (metric: string) =>
      (await points(`db.client.connection.${metric}`)).filter(({ attributes }) =>
        attributes["db.client.connection.pool.name"] === name
      );
    const values = async (metric: string) => (await mine(metric)).map(({ value }) => value);
    await using redis = new Redis({ pool, multiplex: false });
    await redis.ping();
    {
      using _only = await pool.acquire();
      await assert.rejects(pool.acquire(), { code: "POOL_TIMEOUT" });
      assert.deepEqual(
        (await mine("count")).map((
          { attributes, value },
        ) => [attributes["db.client.connection.state"], value]),
        [["idle", 0], ["used", 1]],
      );
    }
    assert.deepEqual(await values("max"), [1]);
    assert.deepEqual(await values("timeouts"), [1]);
    assert.deepEqual(await values("pending_requests"), [0]);
    assert.deepEqual(await values("idle.max"), [1]);
    assert.deepEqual(await values("idle.min"), [1]);
    // The client's PING, and the one above.
    assert.equal((await mine("use_time") as DataPoint<Histogram>[])[0]!.value.count, 2);
    assert.equal((await mine("create_time")).length, 1);
    assert.equal((await mine("wait_time")).length, 1);
    const durations = await points("db.client.operation.duration");
    const ping = durations.find(({ attributes }) => attributes["db.operation.name"] === "PING");
    assert.equal(ping!.attributes["db.system.name"], "redis");
    assert.equal(spans.getFinishedSpans().length, 0);
    await pool.close();
    assert.deepEqual(await values("count"), [0, 0]);
  });

  it("counts what client-side caches do", async () => {
    const name = `${server.host}:${server.port}/6`;
    const count = async (metric: string) =>
      (await points(`db.client.cache.${metric}`)).filter(({ attributes }) =>
        attributes["db.client.connection.pool.name"] === name
      ).map(({ value }) => value);
    const observer = openTelemetry({ api });
    // Two of the same name are one.
    await using first = new Redis(server.url, { db: 6, observer, cache: { maxEntries: 2 } });
    await using second = new Redis(server.url, { db: 6, observer, cache: true });
    for (const redis of [first, second]) {
      for (const key of ["a", "b", "b"]) await redis.get(key);
      await redis.get("c");
    }
    await first.set("c", "1");
    assert.deepEqual(await count("hits"), [2]);
    assert.deepEqual(await count("misses"), [6]);
    assert.deepEqual(await count("evictions"), [1]);
    await second.ping();
    assert.deepEqual(await count("invalidations"), [2]);
  });

  it("measures how long a connection is held, lost or not", async () => {
    const clock = new SimulatedClock();
    const observer = openTelemetry({ api, spans: false });
    await using pool = new ConnectionPool(server.url, { observer, clock, db: 6 });
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    await clock.advance(2_000);
    pool.release(first);
    second.disconnect();
    await second.closed;
    await clock.advance(3_000);
    pool.release(second);
    // Measured once, however often a lost connection is returned.
    pool.release(second);
    assert.throws(() => pool.release(first), { code: "NOT_LEASED" });
    const [point] = (await points("db.client.connection.use_time") as DataPoint<Histogram>[]).filter(
      ({ attributes }) => attributes["db.client.connection.pool.name"] === `${server.host}:${server.port}/6`,
    );
    const { count, min, max } = point!.value;
    assert.deepEqual({ count, min, max }, { count: 2, min: 2, max: 5 });
  });
});
