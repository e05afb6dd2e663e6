/** Limits above 2^31 - 1 ms, which is what a timer of the runtimes holds, and the limit of `connect()`. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { timers } from "../harness/watched_timers.ts";
import { BlockingConnectionPool, Redis, RedisCluster, type RedisOptions, type Transport } from "../../mod.ts";
import { systemClock } from "../../src/clock.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { type Server, startServer } from "../harness/server.ts";

const LONGEST = 2_147_483_647;
const MONTH = 30 * 86_400_000;

describe("the clock", () => {
  const real = { ...timers };
  let started: { readonly callback: () => void; readonly delay: number }[];
  let cleared: unknown[];
  beforeEach(() => {
    started = [];
    cleared = [];
    timers.setTimeout = ((callback: () => void, delay: number) => started.push({ callback, delay })) as never;
    timers.clearTimeout = ((timer: unknown) => cleared.push(timer)) as never;
  });
  afterEach(() => void Object.assign(timers, real));

  it("waits in parts for longer than a timer holds", () => {
    let calls = 0;
    systemClock.setTimeout(() => calls++, 2 * LONGEST + 5);
    for (let fired = 0; fired < started.length; fired++) started[fired]!.callback();
    assert.deepEqual(started.map(({ delay }) => delay), [LONGEST, LONGEST, 5]);
    assert.equal(calls, 1);
  });

  it("takes a timer back in each part", () => {
    const timer = systemClock.setTimeout(() => {}, LONGEST + 1);
    started[0]!.callback();
    systemClock.clearTimeout(timer);
    assert.deepEqual(cleared, [2]);
  });

  it("never calls after Infinity, and at once after what a timer holds", () => {
    systemClock.clearTimeout(systemClock.setTimeout(() => {}, Infinity));
    assert.equal(started.length, 0);
    systemClock.setTimeout(() => {}, LONGEST);
    assert.deepEqual(started.map(({ delay }) => delay), [LONGEST]);
  });
});

describe("limits above 2^31 - 1 ms", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());

  /** Runs `body`; no timer of the runtime may be given more than it holds. */
  async function watched(body: () => Promise<void>): Promise<void> {
    const real = timers.setTimeout;
    const tooLong: number[] = [];
    timers.setTimeout = ((callback: () => void, delay: number, ...rest: unknown[]) => {
      if (delay > LONGEST) tooLong.push(delay);
      return (real as (...all: unknown[]) => unknown)(callback, delay, ...rest);
    }) as never;
    try {
      await body();
    } finally {
      timers.setTimeout = real;
    }
    assert.deepEqual(tooLong, []);
  }

  for (const timeout of [LONGEST + 1, MONTH, Number.MAX_SAFE_INTEGER]) {
    for (const multiplex of [true, false]) {
      it(`with({ timeout: ${timeout} }), multiplex: ${multiplex}`, () =>
        watched(async () => {
          await using redis = new Redis(server.url, { multiplex });
          const patient = redis.with({ timeout });
          await patient.connect();
          await redis.del("list");
          assert.equal(await patient.rpush("list", "a", "b"), 2);
          assert.deepEqual(await patient.blpop("list", 1), ["list", "a"]);
          assert.deepEqual(await patient.pipeline().llen("list").exec(), [1]);
          assert.deepEqual(await patient.multi().llen("list").exec(), [1]);
          assert.equal(await patient.watch("list", (tx) => tx.llen("list")), 1);
          const heard = Promise.withResolvers<string>();
          await patient.subscribe("channel", (message) => heard.resolve(String(message)));
          assert.equal(await patient.publish("channel", "m"), 1);
          assert.equal(await heard.promise, "m");
          for await (const key of patient.scanIterator()) assert.equal(key, "list");
        }));
    }
  }

  const OPTIONS: readonly (keyof RedisOptions)[] = [
    "commandTimeout",
    "connectTimeout",
    "socketTimeout",
    "blockingGrace",
    "healthCheckInterval",
    "maxIdleTime",
    "maxLifetime",
    "closeGrace",
  ];
  for (const name of OPTIONS) {
    it(`${name}: the most that an option takes`, () =>
      watched(async () => {
        const redis = new Redis(server.url, { [name]: LONGEST });
        assert.equal(await redis.ping(), "PONG");
        assert.equal(await redis.blpop("none", 0.01), null);
        assert.equal(await redis.watch("k", () => 1), 1);
        await redis.close();
      }));
  }

  it("timeout of a pool that waits: the most that an option takes", () =>
    watched(async () => {
      await using pool = new BlockingConnectionPool(server.url, { maxConnections: 1, timeout: LONGEST });
      const first = await pool.acquire();
      const second = pool.acquire();
      first[Symbol.dispose]();
      (await second)[Symbol.dispose]();
    }));
});

describe("connect() of a view with a time limit", () => {
  it("rejects when the time is up, and the next call goes on with the same attempt", async () => {
    for (const make of [Redis, RedisCluster]) {
      const clock = new SimulatedClock();
      const transport: Transport = { name: "silent", connect: () => new Promise(() => {}) };
      const redis = new make({
        transport,
        clock,
        host: "127.0.0.1",
        port: 1,
        connectTimeout: 60_000,
        protocol: 2,
      });
      const outcome = redis.with({ timeout: 200 }).connect().then(() => "connected", (error) => error);
      await clock.advance(200);
      const error = await outcome;
      assert.deepEqual([error.name, error.code, error.executed], ["TimeoutError", "CONNECT_TIMEOUT", "no"]);
      const closed = redis.close();
      await clock.advance(10_000);
      await closed;
      assert.equal(clock.pendingTimers, 0);
    }
  });
});
