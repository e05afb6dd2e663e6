/**
 * Notifications of maintenance, as Redis Cloud and Redis Software send them. No server that can be had does, so peers are
 * scripted.
 */
import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { describe, it } from "node:test";
import * as api from "@opentelemetry/api";
import {
  type MaintenanceDetail,
  type Observer,
  Redis,
  RedisCluster,
  type RedisOptions,
  TimeoutError,
} from "../../mod.ts";
import { openTelemetry, type OpenTelemetryApi } from "../../src/observe/otel.ts";
import { dealt, FakeCluster } from "../cluster/fake_cluster.ts";
import type { PeerConnection } from "../harness/peer_connection.ts";
import { Push } from "../harness/resp.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { SimulatedClock } from "../harness/clock.ts";
import type { Endpoint, Transport } from "../../src/transport.ts";

/** A server at two addresses; the first is about to be left. */
function setUp(options: RedisOptions<never> = {}) {
  const clock = new SimulatedClock();
  const asked: string[][] = [];
  const reached: Endpoint[] = [];
  let hold = false;
  const held: PeerConnection[] = [];
  let gate: PromiseWithResolvers<void> | undefined;
  const peer = new ScriptedPeer({
    clock,
    script: (command, connection) => {
      if (command[1]?.toUpperCase() === "MAINT_NOTIFICATIONS") {
        asked.push([...command]);
        return "OK";
      }
      if (hold && command[0] === "INCR") {
        held.push(connection);
        return gate?.promise.then(() => connection.serve(command));
      }
      return connection.serve();
    },
  });
  const inner = peer.transport({ clock });
  const transport: Transport = {
    name: "recorded",
    connect: (endpoint, socket, handlers) => {
      reached.push(endpoint);
      return inner.connect(endpoint, socket, handlers);
    },
  };
  const redis = new Redis({
    host: "10.0.0.1",
    port: 1,
    transport,
    clock,
    maintNotifications: true,
    ...options,
  });
  return {
    clock,
    asked,
    reached,
    redis,
    peer,
    held,
    hold: (on: boolean) => hold = on,
    /** Delays replies; returns how to let them go. */
    delay: () => {
      gate = Promise.withResolvers();
      return gate.resolve;
    },
    /** Sends a notification over all open connections, as a server does. */
    notify: async (...values: (string | number | null)[]) => {
      for (const connection of peer.open) connection.send(new Push(values));
      await clock.advance(1);
    },
  };
}

const where = (endpoint: Endpoint | undefined) =>
  endpoint && "host" in endpoint ? `${endpoint.host}:${endpoint.port}` : "";

/** Announces a move while the reply to INCR is due; `release` lets the reply go out. */
async function moveWithReplyDue({ redis, hold, delay, clock, peer }: ReturnType<typeof setUp>) {
  const release = delay();
  assert.equal(await redis.incr("n"), 1);
  const first = peer.open[0]!;
  hold(true);
  const due = redis.incr("n");
  await clock.advance(1);
  hold(false);
  first.send(new Push(["MOVING", 1, 15, "10.0.0.2:2"]));
  await clock.advance(1);
  return { first, due, release };
}

describe("notifications of maintenance", () => {
  const kinds: readonly (readonly [RedisOptions<never>, string | undefined])[] = [
    [{}, "internal-ip"],
    [{ host: "20.1.2.3" }, "external-ip"],
    [{ host: "::1" }, "internal-ip"],
    [{ host: "10.0.0.1", tls: true }, "internal-fqdn"],
    [{ host: "db.example.com" }, "external-fqdn"],
    [{ maintNotifications: { endpointType: "none" } }, "none"],
    [{ maintNotifications: false }, undefined],
  ];
  for (const [options, type] of kinds) {
    it(`are asked for in the handshake: ${JSON.stringify(options)}`, async () => {
      const { redis, asked } = setUp(options);
      assert.equal(await redis.ping(), "PONG");
      const words = ["CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", type];
      assert.deepEqual(asked, type === undefined ? [] : [words]);
      await redis.close();
    });
  }

  it("are no condition: a server that does not know them is used", async () => {
    const peer = new ScriptedPeer();
    await using redis = new Redis({ transport: peer.transport(), maintNotifications: true });
    assert.equal(await redis.incr("n"), 1);
    assert.throws(() => new Redis({ maintNotifications: true, protocol: 2 }), /RESP3 only/);
  });

  it("MOVING: commands continue at the other address when the replies have arrived, in order, and none is lost", async () => {
    const { redis, reached, notify, hold, delay, clock, peer } = setUp();
    const release = delay();
    assert.equal(await redis.incr("n"), 1);
    const lease = await redis.pool.acquire();
    const idle = await redis.pool.acquire();
    redis.pool.release(idle);
    assert.equal(reached.length, 3);
    hold(true);
    const waiting = redis.incr("n");
    await clock.advance(1);
    hold(false);
    await notify("MOVING", 1, 15, "10.0.0.2:2");
    assert.equal(idle.state, "closed");
    assert.deepEqual(reached.slice(3).map(where), ["10.0.0.2:2"]);
    const later = redis.incr("n");
    await clock.advance(1);
    assert.equal(peer.open.length, 3, "the old connection owes a reply");
    release();
    await clock.advance(1);
    assert.deepEqual([await waiting, await later], [2, 3]);
    assert.equal(lease.state, "ready", "a lease is not cut");
    redis.pool.release(lease);
    assert.equal(lease.state, "closed");
    await clock.advance(1);
    assert.equal(peer.open.length, 1);
    // What the name leads to afterwards is the new server.
    const other = await redis.pool.acquire();
    assert.equal(where(reached.at(-1)), "10.0.0.2:2");
    await clock.advance(15_000);
    const last = await redis.pool.acquire();
    assert.equal(where(reached.at(-1)), "10.0.0.1:1");
    assert.deepEqual([other.state, last.state], ["ready", "ready"]);
    for (const one of [other, last]) redis.pool.release(one);
    await redis.close();
  });

  it("MOVING twice while a reply is due: the next connection has one owner", async () => {
    const setup = setUp({ maxConnections: 2 });
    const { redis, clock } = setup;
    const { first, due, release } = await moveWithReplyDue(setup);
    assert.equal(redis.pool.stats().inUse, 2);
    // Waits for a place, and gets each connection that is given back.
    const leasing = redis.pool.acquire();
    first.send(new Push(["MOVING", 2, 15, "10.0.0.2:2"]));
    await clock.advance(1);
    release();
    await clock.advance(1);
    assert.equal(await due, 2);
    const lease = await leasing;
    assert.equal(await lease.send(["MULTI"]), "OK");
    assert.equal(await redis.incr("n"), 3, "it was queued in the transaction of another caller");
    assert.equal(redis.pool.stats().inUse, 2);
    redis.pool.release(lease);
    await redis.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it("MOVING twice with one connection: it is given back once", async () => {
    const setup = setUp({ maxConnections: 1 });
    const { redis, clock, peer } = setup;
    const { first, due, release } = await moveWithReplyDue(setup);
    // The reply follows at once, and connecting takes time.
    peer.onConnection = () => new Promise((resolve) => void clock.setTimeout(resolve, 5));
    first.send(new Push(["MOVING", 2, 15, "10.0.0.2:2"]));
    release();
    await clock.advance(1);
    const later = redis.incr("n");
    await clock.advance(10);
    assert.deepEqual([await due, await later], [2, 3]);
    await redis.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it("MOVING without an endpoint: connects anew to the same address after half of the time", async () => {
    const { redis, reached, notify, clock } = setUp();
    await redis.ping();
    await notify("MOVING", 1, 10, null);
    await clock.advance(4_900);
    assert.equal(reached.length, 1);
    await clock.advance(200);
    assert.deepEqual(reached.map(where), ["10.0.0.1:1", "10.0.0.1:1"]);
    assert.equal(await redis.incr("n"), 1);
    await redis.close();
  });

  it("MOVING without an endpoint, however far away: no timer is left after close()", async () => {
    const { redis, reached, notify, clock } = setUp();
    await redis.ping();
    for (const seconds of [10, 20, 10_000_000]) await notify("MOVING", 1, seconds, null);
    await clock.advance(20_000);
    assert.equal(reached.length, 1);
    await redis.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it("MOVING to an address under TLS: the certificate must still name the host", async () => {
    const { redis, reached, notify } = setUp({ host: "db.example.com", tls: {} });
    await redis.ping();
    await notify("MOVING", 1, 10, "[fd00::2]:6380");
    const endpoint = reached[1] as { host: string; tls?: { serverName?: string } };
    assert.deepEqual([where(reached[1]), endpoint.tls?.serverName], ["fd00::2:6380", "db.example.com"]);
    await redis.close();
  });

  it("MOVING to an address that is not there: the old connection serves until it ends", async () => {
    const { redis, notify, clock, peer } = setUp();
    await redis.ping();
    peer.onConnection = () => {
      throw new Error("refused");
    };
    await notify("MOVING", 1, 10, "10.0.0.9:9");
    await clock.advance(500);
    assert.equal(await redis.incr("n"), 1);
    peer.onConnection = undefined;
    await redis.close();
  });

  for (const [begin, end] of [["MIGRATING", "MIGRATED"], ["FAILING_OVER", "FAILED_OVER"]] as const) {
    it(`${begin}: the usual limit is relaxed until ${end}; one that a call has is not`, async () => {
      const { redis, notify, clock, hold, held } = setUp({
        commandTimeout: 1_000,
        maintNotifications: { relaxedTimeout: 5_000 },
      });
      await redis.ping();
      hold(true);
      const outcomes: Record<string, unknown> = {};
      const follow = (name: string, call: Promise<unknown>) =>
        void call.then((value) => outcomes[name] = value, (error) => outcomes[name] = error.constructor);
      follow("before", redis.incr("n"));
      await clock.advance(500);
      await notify(begin, 1, 2);
      follow("during", redis.incr("n"));
      follow("strict", redis.with({ timeout: 1_200 }).incr("n"));
      await clock.advance(3_900);
      assert.deepEqual(outcomes, { strict: TimeoutError });
      held[0]!.send(1);
      held[0]!.send(2);
      held[0]!.send(3);
      await clock.advance(1);
      assert.deepEqual(outcomes, { before: 1, during: 2, strict: TimeoutError });
      await notify(end, 1);
      follow("after", redis.incr("n"));
      await clock.advance(1_000);
      assert.deepEqual(outcomes, { before: 1, during: 2, strict: TimeoutError, after: TimeoutError });
      await redis.close();
    });
  }

  it("are events of the client, and telemetry: one for each announcement, one for each connection that is replaced", async () => {
    const told: unknown[] = [];
    const add = (name: string) => (...args: unknown[]) => void told.push([name, ...args]);
    const observer: Observer = {
      listens: () => false,
      observe: (_, run) => run(),
      maintenance: add("maintenance"),
      handedOver: add("handedOver"),
    };
    const counted: unknown[] = [];
    const meter = {
      createHistogram: () => ({ record() {} }),
      createObservableUpDownCounter: () => ({ addCallback() {} }),
      createObservableCounter: () => ({ addCallback() {} }),
      createCounter: (name: string) => ({
        add: (value: number, attributes: unknown) => counted.push([name, value, attributes]),
      }),
    };
    const otel = openTelemetry({
      api: { ...api, metrics: { getMeter: () => meter } } as unknown as OpenTelemetryApi,
      spans: false,
    });
    const channels = ["keywire:maintenance", "keywire:handover"].map((name) => channel(name));
    const published: unknown[] = [];
    const publish = (message: unknown) => void published.push(message);
    for (const one of channels) one.subscribe(publish);
    const target = { address: "10.0.0.1", port: 1, db: 0 };
    const pool = "10.0.0.1:1/0";
    for (const watching of [observer, otel, undefined]) {
      const { redis, notify } = setUp(watching && { observer: watching });
      const heard: MaintenanceDetail[] = [];
      redis.addEventListener("maintenance", ({ detail }) => heard.push(detail));
      await redis.ping();
      const lease = await redis.pool.acquire();
      await notify("MIGRATING", 7, 3, "1");
      await notify("MIGRATED", 7, "1");
      await notify("MIGRATED", 7, "1");
      await notify("MOVING", 8, 15, "10.0.0.2:2");
      await notify("message", "a", "b");
      redis.pool.release(lease);
      assert.deepEqual(heard, [
        { notification: "MIGRATING", time: 3_000, endpoint: undefined },
        { notification: "MIGRATED", time: undefined, endpoint: undefined },
        { notification: "MOVING", time: 15_000, endpoint: "10.0.0.2:2" },
      ]);
      await redis.close();
    }
    for (const one of channels) one.unsubscribe(publish);
    const announced = [["MIGRATING", 3_000], ["MIGRATED", undefined], ["MOVING", 15_000]] as const;
    const to = { address: "10.0.0.2", port: 2 };
    assert.deepEqual(told, [
      ...announced.map(([notification, time]) => ["maintenance", { notification, time }, target]),
      ["handedOver", { to }, target],
      ["handedOver", { to }, target],
    ]);
    assert.deepEqual(counted, [
      ...announced.map(([kind]) => [
        "db.client.maintenance.notifications",
        1,
        { "db.client.connection.pool.name": pool, "keywire.notification": kind },
      ]),
      ...[1, 2].map(() => [
        "db.client.connection.handovers",
        1,
        { "db.client.connection.pool.name": pool, "server.address": "10.0.0.2", "server.port": 2 },
      ]),
    ]);
    // Without an observer the client publishes to the channels of the runtime.
    assert.deepEqual(published, [
      ...announced.map(([notification, time]) => ({ notification, time, target })),
      { to, target },
      { to, target },
    ]);
  });

  it("SMIGRATED of a cluster's node: the slots are asked for again", async () => {
    const fake = new FakeCluster(dealt(2));
    const clock = new SimulatedClock();
    const redis = new RedisCluster({
      host: "node",
      port: 7000,
      transport: fake.transport(),
      clock,
      refreshInterval: 0,
      maintNotifications: true,
    });
    const heard: string[] = [];
    redis.addEventListener("maintenance", ({ detail }) => heard.push(detail.notification));
    const replies = Promise.all([redis.set("foo", "1"), redis.set("bar", "1")]);
    await clock.advance(1_000);
    await replies;
    const asked = fake.asked;
    for (const kind of ["SMIGRATING", "SMIGRATED"]) {
      fake.peer(7000).open[0]!.send(new Push([kind, 5, "0-99"]));
      await clock.advance(5_000);
      assert.equal(fake.asked - asked > 0, kind === "SMIGRATED");
    }
    assert.deepEqual(heard, ["SMIGRATING", "SMIGRATED"]);
    const closed = redis.close();
    await clock.advance(1);
    await closed;
  });

  it("the relaxed limit is a limit, too", async () => {
    const { redis, notify, clock, hold } = setUp({
      commandTimeout: 1_000,
      maintNotifications: { relaxedTimeout: 3_000 },
    });
    await redis.ping();
    await notify("FAILING_OVER", 1, 2);
    hold(true);
    const late = assert.rejects(redis.incr("n"), { executed: "unknown" });
    await clock.advance(3_000);
    await late;
    await redis.close();
  });
});
