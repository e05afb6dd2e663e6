/** Calls that wait for the first topology have not been sent: they reject with `executed: "no"`. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisCluster, RedisError } from "../../mod.ts";
// Loaded when it is first used, which simulated time does not wait for.
import "../../src/client/lazy_modules.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ErrorReply } from "../harness/resp.ts";
import type { Answer, PeerConnection } from "../harness/scripted_peer.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

/** No reply, ever. */
const nothing = (): Answer => new Promise(() => {}) as never;

const noRetry = { retry: { attempts: 0 } };

const CALLS: Readonly<Record<string, (redis: RedisCluster) => Promise<unknown>>> = {
  set: (redis) => redis.set("k", "v"),
  blpop: (redis) => redis.blpop("k", 1),
  dbsize: (redis) => redis.dbsize(),
  mset: (redis) => redis.mset({ a: 1, b: 2 }),
  wait: (redis) => redis.wait(1, 100),
  watch: (redis) => redis.watch("k", (tx) => tx.multi().set("k", 1)),
  multi: (redis) => redis.multi().set("k", 1).exec(),
  pipeline: (redis) => redis.pipeline().set("k", 1).exec(),
  ssubscribe: (redis) => redis.ssubscribe("news", () => {}),
  subscribe: (redis) => redis.subscribe("news", () => {}),
  acquire: (redis) => redis.pool.acquireRandom(),
  connect: (redis) => redis.connect(),
};

/** Makes each call while the only seed answers CLUSTER like this; returns the errors by the names of the calls. */
async function errors(
  answer: (connection: PeerConnection) => Answer,
  options: object,
): Promise<Map<string, RedisError>> {
  const found = new Map<string, RedisError>();
  for (const [name, call] of Object.entries(CALLS)) {
    const fake = new FakeCluster(dealt(1));
    const clock = new SimulatedClock();
    fake.before = (_, [command], connection) => command === "CLUSTER" ? answer(connection) : undefined;
    const redis = new RedisCluster({
      ...{ host: "node", port: 7000, transport: fake.transport(), clock, refreshInterval: 0, ...noRetry },
      ...{ offlineQueue: false, ...options },
    });
    let error: unknown;
    call(redis).catch((cause) => error = cause);
    for (let step = 0; step < 1_000 && error === undefined; step++) await clock.advance(10);
    assert.ok(error instanceof RedisError, `${name}: ${error}`);
    found.set(name, error);
    await Promise.all([redis.close(), clock.advance(1_000)]);
  }
  return found;
}

describe("calls that wait for the first topology", () => {
  const lost = (connection: PeerConnection): Answer => {
    connection.close();
    return nothing();
  };
  for (const multiplex of [true, false]) {
    it(`were not sent when the query for it is lost (multiplex: ${multiplex})`, async () => {
      const found = await errors(lost, { multiplex });
      for (const [name, { executed, code }] of found) {
        assert.deepEqual([name, executed, code], [name, "no", "DISCOVERY"]);
      }
      const { cause } = found.get("connect")!;
      assert.ok(cause instanceof RedisError && cause.executed === "unknown", String(cause));
    });
  }

  it("were not sent when the query takes too long", async () => {
    for (const [name, { executed, code }] of await errors(nothing, { connectTimeout: 1_000 })) {
      assert.deepEqual([name, executed, code], [name, "no", "DISCOVERY"]);
    }
  });

  it("reject with the node's own words when it refuses for good", async () => {
    const denied = new ErrorReply("NOPERM User default has no permissions to run the 'cluster' command");
    for (const [name, { executed, code }] of await errors(() => denied, {})) {
      assert.deepEqual([name, executed, code], [name, "no", "NOPERM"]);
    }
  });
});

it("a call whose connection is lost while it is prepared for a replica was not sent", async () => {
  const { epoch, shards: [shard] } = dealt(1);
  const fake = new FakeCluster({ epoch, shards: [{ ...shard!, replicas: [7001] }] });
  const clock = new SimulatedClock();
  const redis = new RedisCluster({
    ...{
      host: "node",
      port: 7001,
      transport: fake.transport(),
      clock,
      refreshInterval: 0,
      readFrom: "preferReplica",
    },
  });
  await Promise.all([redis.connect(), clock.advance(100)]);
  redis.pool.disconnect();
  const greeted = Promise.withResolvers<void>();
  const greeting = Promise.withResolvers<void>();
  fake.before = (port, command, connection) => {
    const [name] = command;
    if (port !== 7000) return undefined;
    if (name === "READONLY") {
      connection.close();
      return nothing();
    }
    if (name !== "HELLO") return undefined;
    greeted.resolve();
    return greeting.promise.then(() => connection.serve(command)) as never;
  };
  const acquired = redis.pool.acquireByNode({ host: "node", port: 7000 }, { retry: false });
  const rejected = assert.rejects(acquired, { executed: "no", message: /^Cannot connect to node:7000/ });
  await Promise.all([greeted.promise, clock.advance(100)]);
  // The node becomes a replica during the handshake.
  fake.belief = { epoch: epoch + 1, shards: [{ ...shard!, master: 7001, replicas: [7000] }] };
  await Promise.all([redis.pool.refresh(), clock.advance(1_000)]);
  greeting.resolve();
  await Promise.all([rejected, clock.advance(1_000)]);
  assert.equal(fake.peer(7000).count("READONLY"), 1);
  await Promise.all([redis.close(), clock.advance(1_000)]);
  assert.equal(fake.open + clock.pendingTimers, 0);
});
