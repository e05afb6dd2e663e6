/**
 * The shared connection is replaced, at the end of its lifetime or because its server was demoted, without a lost or
 * reordered command: a model with connections of any latency, and real servers.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc, { dealtRuns } from "../harness/properties.ts";
import { BlockingConnectionPool, Redis, ReplyError } from "../../mod.ts";
import { ErrorReply } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { Outcome, Simulated } from "./simulated.ts";

type Call = "push" | "get" | "pipeline" | "multi";

interface Plan {
  /** Milliseconds between calls, and what is called. */
  readonly calls: readonly { readonly kind: Call; readonly wait: number }[];
  /** Milliseconds that each connection takes for a command, in turn. */
  readonly latencies: readonly number[];
  readonly maxLifetime: number;
  readonly maxConnections: number;
  readonly offlineQueue: boolean;
  /**
   * The times at which the server becomes a replica for connected clients; new connections lead to the next
   * master.
   */
  readonly demotedAt: readonly number[];
}

const calls = fc.array(
  fc.record({
    kind: fc.constantFrom<Call>("push", "push", "get", "pipeline", "multi"),
    wait: fc.constantFrom(0, 0, 0, 1, 7, 30),
  }),
  { minLength: 1, maxLength: 40 },
);
const plans: fc.Arbitrary<Plan> = fc.record({
  calls,
  latencies: fc.array(fc.constantFrom(0, 1, 3, 20), { minLength: 1, maxLength: 4 }),
  maxLifetime: fc.constantFrom(20, 60, 150),
  maxConnections: fc.constantFrom(1, 2, 10),
  offlineQueue: fc.boolean(),
  demotedAt: fc.constant([]),
});
const demotions: fc.Arbitrary<Plan> = fc.record({
  calls,
  latencies: fc.array(fc.constantFrom(0, 1, 3, 20), { minLength: 1, maxLength: 4 }),
  maxLifetime: fc.constantFrom(0, 40, 150),
  maxConnections: fc.constantFrom(1, 2, 10),
  offlineQueue: fc.constant(true),
  demotedAt: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 2 }),
});

/** Runs a plan; the numbers in the order in which they were pushed, and the outcome of each. */
async function run(plan: Plan): Promise<{ ran: number[]; told: Map<number, unknown>; reads: unknown[] }> {
  const simulated = new Simulated();
  const { clock, peer } = simulated;
  const born = new Map<number, number>();
  const start = clock.now();
  let over = false;
  peer.script = async (command, connection) => {
    const [name] = command;
    if (over) return connection.serve(command);
    const latency = plan.latencies[connection.id % plan.latencies.length]!;
    if (!born.has(connection.id)) born.set(connection.id, clock.now() - start);
    if (latency > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, latency));
    if (connection.closed) return undefined;
    const now = clock.now() - start;
    const demoted = plan.demotedAt.some((at) => born.get(connection.id)! <= at && at < now);
    if (name === "RPUSH" && demoted) {
      connection.session.spoiled = true;
      return new ErrorReply("READONLY You can't write against a read only replica.");
    }
    return connection.serve(command);
  };
  const { maxConnections, maxLifetime } = plan;
  const offlineQueue = plan.offlineQueue ? {} : { offlineQueue: false as const };
  const redis = new Redis(
    simulated.options({ maxConnections, maxLifetime, commandTimeout: 60_000, ...offlineQueue }),
  );
  const told = new Map<number, unknown>();
  const outcomes: Outcome<unknown>[] = [];
  const reads: unknown[] = [];
  let next = 0;
  for (const { kind, wait } of plan.calls) {
    if (wait > 0) await clock.advance(wait);
    const numbers = kind === "get" ? [] : kind === "push" ? [next++] : [next++, next++, next++];
    const read = kind !== "get" ? undefined : redis.llen("log").then((length) => reads.push(length));
    const batch = read === undefined && kind !== "push" ? redis[kind as "pipeline" | "multi"]() : undefined;
    for (const number of numbers) batch?.rpush("log", number);
    const promise: Promise<unknown> = read ?? batch?.exec({ settle: true }) ??
      redis.rpush("log", numbers[0]!);
    outcomes.push(new Outcome(promise));
    const tell = (result: unknown): void =>
      numbers.forEach((number, index) => told.set(number, Array.isArray(result) ? result[index] : result));
    promise.then(tell, tell);
  }
  const pending = (): boolean => outcomes.some(({ state }) => state === "pending");
  for (let step = 0; step < 100 && pending(); step++) await clock.advance(100);
  for (const { state } of outcomes) assert.notEqual(state, "pending");
  const closing = redis.close();
  await clock.advance(10_000);
  await closing;
  assert.equal(clock.pendingTimers, 0);
  over = true;
  const ran: number[] = [];
  await using reader = new Redis(simulated.options());
  for (let left = await reader.llen("log"); left > 0; left--) {
    ran.push(Number((await reader.blpop("log", 1))?.[1]));
  }
  return { ran, told, reads };
}

describe("the lifetime of the shared connection", () => {
  it("ends without a lost or reordered command, whatever the latency", async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { ran, told, reads } = await run(plan);
        // All of them ran, once, in the order of the calls.
        assert.deepEqual(ran, [...told.keys()].sort((a, b) => a - b));
        for (const [number, result] of told) assert.equal(result, number + 1);
        assert.deepEqual(reads, [...reads].sort((a, b) => Number(a) - Number(b)));
      }),
      dealtRuns(180),
    );
  });

  it("and a demotion keep the order, and every caller knows", async () => {
    await fc.assert(
      fc.asyncProperty(demotions, async (plan) => {
        const { ran, told } = await run(plan);
        assert.deepEqual(ran, [...new Set(ran)].sort((a, b) => a - b), "in the order of the calls");
        for (const [number, result] of told) {
          if (!(result instanceof Error)) assert.ok(ran.includes(number), `${number} was told to have run`);
          else {
            // Only a command that came before another one which has run is not sent to the new master.
            assert.ok(result instanceof ReplyError && result.executed === "no", String(result));
            assert.ok(!ran.includes(number), `${number} was told not to have run`);
          }
        }
      }),
      dealtRuns(180),
    );
  });

  it("opens the next connection before it leaves the old one", async () => {
    const simulated = new Simulated();
    const { clock, peer } = simulated;
    await using redis = new Redis(simulated.options({ maxLifetime: 1_000 }));
    const heard: string[] = [];
    await redis.subscribe("news", (message) => void heard.push(message));
    const gaps: unknown[] = [];
    redis.addEventListener("gap", ({ detail }) => gaps.push(detail));
    await redis.set("k", 1);
    peer.onConnection = () => {
      throw new Error("down");
    };
    await clock.advance(1_500);
    // What cannot be replaced stays.
    assert.equal(await redis.incr("k"), 2);
    peer.onConnection = undefined;
    await clock.advance(10_000);
    assert.ok(peer.open.length < 3);
    assert.ok(peer.connections.length > 10);
    assert.equal(await redis.incr("k"), 3);
    await redis.publish("news", "hello");
    await clock.settle();
    assert.deepEqual(heard, ["hello"]);
    assert.ok(gaps.length > 0, "a subscription may have missed messages");
  });

  it("does not refuse what waits for the next connection by the limits of the offline queue", async () => {
    const simulated = new Simulated();
    const { clock, peer } = simulated;
    peer.script = async (command, connection) => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 2));
      return connection.serve(command);
    };
    await using redis = new Redis(simulated.options({ maxLifetime: 100, offlineQueue: { maxCommands: 1 } }));
    const outcomes = [new Outcome(redis.incr("n"))];
    await clock.advance(50);
    for (let step = 0; step < 100; step++) {
      for (let call = 0; call < 3; call++) outcomes.push(new Outcome(redis.incr("n")));
      await clock.advance(9);
    }
    await clock.advance(100);
    assert.deepEqual(outcomes.map(({ value, error }) => error ?? value), outcomes.map((_, at) => at + 1));
    assert.ok(peer.connections.length > 3);
    const closing = redis.close();
    await clock.advance(100);
    await closing;
  });

  it("ends where the pool has one place only, and where it is full", async () => {
    const simulated = new Simulated();
    const { clock, peer } = simulated;
    await using pool = new BlockingConnectionPool(
      simulated.options({ maxLifetime: 1_000, maxConnections: 2, timeout: 500 }),
    );
    await using redis = new Redis({ pool });
    await redis.set("k", 1);
    const held = await pool.acquire();
    await clock.advance(5_000);
    assert.equal(await redis.incr("k"), 2);
    assert.equal(peer.connections.length, 2);
    held[Symbol.dispose]();
    await clock.advance(10_000);
    assert.equal(await redis.incr("k"), 3);
    assert.ok(peer.connections[0]!.closed);
  });

  it("leaves nothing behind when the client is closed meanwhile", async () => {
    for (const phase of ["connecting", "quiet"]) {
      const simulated = new Simulated();
      const { clock, peer } = simulated;
      let slow = false;
      peer.script = async (command, connection) => {
        if (slow) await new Promise<void>((resolve) => clock.setTimeout(resolve, 300));
        return connection.closed ? undefined : connection.serve(command);
      };
      const redis = new Redis(simulated.options({ maxLifetime: 1_000 }));
      await redis.set("k", 1);
      slow = phase === "connecting";
      await clock.advance(slow ? 1_000 : 0);
      if (phase === "quiet") {
        const outcome = new Outcome(redis.incr("k"));
        await clock.advance(1_000);
        assert.equal(outcome.state, "resolved");
      }
      const closing = redis.close();
      await clock.advance(20_000);
      await closing;
      assert.equal(peer.open.length, 0);
      assert.equal(clock.pendingTimers, 0);
    }
  });
});

describe("the lifetime of the shared connection to a real server", () => {
  for (const protocol of [2, 3] as const) {
    it(`ends under load without a lost or reordered command (RESP${protocol})`, async () => {
      await using server = await startServer();
      await using redis = new Redis(server.url, { protocol, maxLifetime: 10 });
      let next = 0;
      const calls: Promise<unknown>[] = [];
      for (let turn = 0; turn < 500_000 && redis.stats().opened < 8; turn++) {
        calls.push(redis.rpush("log", next++), redis.llen("log"));
        const batch = turn % 2 === 0 ? redis.pipeline() : redis.multi();
        calls.push(batch.rpush("log", next++).rpush("log", next++).exec());
        await (turn % 8 === 0 ? redis.ping() : undefined);
      }
      await Promise.all(calls);
      assert.ok(redis.stats().opened >= 8);
      const log = await redis.lrange("log", 0, -1);
      assert.deepEqual(log, Array.from({ length: next }, (_, number) => String(number)));
    });
  }
});
