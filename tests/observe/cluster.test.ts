/** Events of clusters for observers: nodes, slots, redirections and refreshes; on nodes in memory. @module */
import assert from "node:assert/strict";
import { channel, tracingChannel } from "node:diagnostics_channel";
import { describe, it } from "node:test";
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import * as api from "@opentelemetry/api";
import {
  type CommandOperation,
  type ObservedRedirection,
  type ObservedRefresh,
  type Observer,
  type Operation,
  RedisCluster,
} from "../../mod.ts";
import { openTelemetry } from "../../src/observe/otel.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { dealt, FakeCluster } from "../cluster/fake_cluster.ts";
import { ErrorReply } from "../harness/resp.ts";

/** The slot of `foo`, at node:7002 of three. */
const SLOT = slotOf("foo");
const TARGET = { address: "node", port: 7000, db: 0 };

/** A cluster of three nodes where one key is elsewhere. */
function clusterWith(reply: (port: number, asking: boolean) => string | undefined): FakeCluster {
  const fake = new FakeCluster(dealt(3));
  let asking = false, refused = false;
  fake.before = (port, [name, key]) => {
    if (name === "ASKING") asking = true;
    if (name === "MULTI") {
      refused = false;
      return "OK";
    }
    if (name === "EXEC") return refused ? new ErrorReply("EXECABORT Transaction discarded") : ["bar"];
    if (name !== "GET" || key !== "foo") return undefined;
    const refusal = reply(port, asking);
    asking = false;
    refused = refusal !== undefined;
    return refusal === undefined ? "bar" : new ErrorReply(refusal);
  };
  return fake;
}

function clientOf(fake: FakeCluster, observer?: Observer, more = {}): RedisCluster {
  return new RedisCluster({ host: "node", port: 7000, transport: fake.transport(), observer, ...more });
}

/** Records all events. */
class Recorder implements Observer {
  readonly operations: Operation[] = [];
  readonly redirections: ObservedRedirection[] = [];
  readonly refreshes: ObservedRefresh[] = [];

  listens(kind: Operation["kind"]): boolean {
    return kind === "command" || kind === "batch";
  }

  async observe<T>(operation: Operation, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } finally {
      this.operations.push(operation);
    }
  }

  redirected(redirection: ObservedRedirection, target: object): void {
    assert.deepEqual(target, TARGET);
    this.redirections.push(redirection);
  }

  refreshed(refresh: ObservedRefresh, target: object): void {
    assert.deepEqual(target, TARGET);
    this.refreshes.push(refresh);
  }

  /** The last operation's route, as plain values. */
  get route(): unknown {
    const { slot, node, redirections } = (this.operations.at(-1) as CommandOperation).route!;
    return [slot, node?.port, redirections];
  }
}

const moved = (port: number): string | undefined => port === 7001 ? undefined : `MOVED ${SLOT} node:7001`;

describe("an observer of a cluster", () => {
  it("learns the node and the slot of each operation", async () => {
    const recorder = new Recorder();
    await using redis = clientOf(clusterWith(() => undefined), recorder);
    await redis.get("foo");
    assert.deepEqual(recorder.route, [SLOT, 7002, 0]);
    await redis.pipeline().get("foo").get("foo").exec();
    assert.deepEqual(recorder.route, [SLOT, 7002, 0]);
    await redis.multi().get("foo").exec();
    assert.deepEqual(recorder.route, [SLOT, 7002, 0]);
    await redis.pipeline().get("foo").get("{b}").exec();
    assert.deepEqual(recorder.route, [undefined, undefined, 0], "two nodes");
    await redis.mget("foo", "{b}");
    assert.deepEqual(recorder.route, [undefined, undefined, 0], "two parts");
    await redis.dbsize();
    assert.deepEqual(recorder.route, [undefined, undefined, 0], "all nodes");
    await redis.echo("x");
    assert.ok((recorder.operations.at(-1) as CommandOperation).route!.node !== undefined, "any node");
    assert.deepEqual(recorder.redirections, []);
  });

  for (const multiplex of [true, false]) {
    it(`learns of MOVED: multiplex ${multiplex}`, async () => {
      const recorder = new Recorder();
      await using redis = clientOf(clusterWith(moved), recorder, { multiplex });
      await redis.get("foo");
      assert.deepEqual(recorder.route, [SLOT, 7001, 1]);
      assert.deepEqual(recorder.redirections, [{
        code: "MOVED",
        slot: SLOT,
        from: { address: "node", port: 7002 },
        to: { address: "node", port: 7001 },
      }]);
      await redis.get("foo");
      assert.deepEqual(recorder.route, [SLOT, 7001, 0], "the client knows now");
    });
  }

  it("learns of ASK, in a pipeline too", async () => {
    const recorder = new Recorder();
    const ask = (_port: number, asking: boolean) => asking ? undefined : `ASK ${SLOT} node:7000`;
    await using redis = clientOf(clusterWith(ask), recorder);
    assert.equal(await redis.get("foo"), "bar");
    assert.deepEqual(recorder.route, [SLOT, 7000, 1]);
    assert.deepEqual(await redis.pipeline().get("foo").exec(), ["bar"]);
    assert.deepEqual(recorder.route, [SLOT, 7000, 1]);
    assert.deepEqual(recorder.redirections.map(({ code }) => code), ["ASK", "ASK"]);
  });

  it("learns of MOVED to a pipeline and to a transaction", async () => {
    for (const atomic of [false, true]) {
      const recorder = new Recorder();
      await using redis = clientOf(clusterWith(moved), recorder);
      await (atomic ? redis.multi() : redis.pipeline()).get("foo").exec();
      assert.deepEqual(recorder.route, [SLOT, 7001, 1], `atomic: ${atomic}`);
    }
  });

  it("learns of refreshes, and of those that fail", async () => {
    const recorder = new Recorder();
    const fake = clusterWith(moved);
    {
      await using redis = clientOf(fake, recorder);
      await redis.connect();
      await redis.pool.refresh();
    }
    assert.deepEqual(recorder.refreshes.map(({ reason, changed }) => [reason, changed]), [
      ["start", true],
      ["asked", false],
    ]);
    fake.down.add(7000);
    await using redis = clientOf(fake, recorder, { retry: false });
    await assert.rejects(redis.connect());
    assert.ok(recorder.refreshes.at(-1)!.error instanceof Error);
    assert.equal(recorder.refreshes.at(-1)!.changed, false);
  });

  it("does no harm when it throws", async (context) => {
    context.mock.method(console, "error", () => {});
    const observer: Observer = {
      listens: () => false,
      observe: (_, run) => run(),
      redirected: () => {
        throw new Error("redirected");
      },
      refreshed: () => {
        throw new Error("refreshed");
      },
    };
    await using redis = clientOf(clusterWith(moved), observer);
    assert.equal(await redis.get("foo"), "bar");
  });

  it("of diagnostics channels gets the same", async () => {
    const messages: unknown[] = [];
    const listener = (message: unknown): void => void messages.push(message);
    const routes: unknown[] = [];
    const handlers = {
      start: () => {},
      end: () => {},
      asyncStart: () => {},
      error: () => {},
      asyncEnd: (message: unknown) => void routes.push({ ...(message as CommandOperation).route!.node }),
    };
    const names = ["keywire:redirection", "keywire:refresh"];
    for (const name of names) channel(name).subscribe(listener);
    const commands = tracingChannel("keywire:command");
    commands.subscribe(handlers);
    try {
      await using redis = clientOf(clusterWith(moved));
      await redis.get("foo");
    } finally {
      for (const name of names) channel(name).unsubscribe(listener);
      commands.unsubscribe(handlers);
    }
    const [refresh, redirection] = messages as [ObservedRefresh, ObservedRedirection];
    assert.equal(refresh.reason, "start");
    assert.equal(redirection.code, "MOVED");
    assert.deepEqual((redirection as unknown as { target: unknown }).target, TARGET);
    assert.deepEqual(routes, [{ address: "node", port: 7001 }]);
  });
});

describe("OpenTelemetry of a cluster", () => {
  it("has nodes, slots and redirections on spans, and counts redirections and refreshes", async () => {
    const spans = new InMemorySpanExporter();
    const exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter: exported, exportIntervalMillis: 3_600_000 });
    const meters = new MeterProvider({ readers: [reader] });
    const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
    const own = {
      ...api,
      trace: { getTracer: (name: string) => tracers.getTracer(name), setSpan: api.trace.setSpan },
      metrics: { getMeter: (name: string) => meters.getMeter(name) },
    };
    await using redis = clientOf(
      clusterWith(moved),
      openTelemetry({ api: own as unknown as typeof api }),
    );
    await redis.get("foo");
    await redis.get("foo");
    await redis.mget("foo", "{b}");
    assert.deepEqual(
      spans.getFinishedSpans().map(({ attributes }) =>
        ["server.address", "server.port", "keywire.slot", "keywire.redirections"].map((key) =>
          attributes[key]
        )
      ),
      [["node", 7001, SLOT, 1], ["node", 7001, SLOT, undefined], ["node", 7000, undefined, undefined]],
    );
    await reader.forceFlush();
    const metrics = exported.getMetrics().at(-1)!.scopeMetrics.flatMap((scope) => scope.metrics);
    const points = (name: string): unknown[] =>
      (metrics.find(({ descriptor }) => descriptor.name === name)!.dataPoints as DataPoint<number>[])
        .map(({ value, attributes }) => [value, attributes]);
    const pool = { "db.client.connection.pool.name": "node:7000/0" };
    assert.deepEqual(points("db.client.cluster.redirections"), [
      [1, { ...pool, "db.response.status_code": "MOVED", "server.address": "node", "server.port": 7002 }],
    ]);
    assert.deepEqual(points("db.client.cluster.refreshes"), [[1, { ...pool, "keywire.reason": "start" }]]);
    await meters.shutdown();
  });
});
