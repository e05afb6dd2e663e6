/**
 * A producer that is faster than its server: bounded memory, and `executed: "no"` for what does not fit.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { ConnectionError, Redis, type RedisError, type Transport } from "../../mod.ts";
import { Outcome, Simulated } from "../connections/simulated.ts";
import { freeze } from "../harness/process_faults.ts";
import { startServer } from "../harness/server.ts";
import { closeClean, executedOf, Follower, reader, settleAll, stage } from "./support.ts";

describe("a producer faster than its server", () => {
  it("that is frozen: what does not fit is refused with `no`, the rest runs once", async () => {
    await using server = await startServer();
    const limits = {
      sendQueue: { maxBytes: 4 * 1_048_576 },
      commandTimeout: 0,
      healthCheckInterval: 0,
    } as const;
    await using redis = new Redis(server.url, limits);
    await redis.ping();
    await using frozen = await freeze(server);
    const before = process.memoryUsage().rss;
    const value = "x".repeat(1_024);
    let accepted = 0;
    let refused = 0;
    const calls: Promise<void>[] = [];
    for (let sent = 0; refused < 5_000; sent++) {
      assert.ok(sent < 2_000_000, "a stalled server was never noticed");
      calls.push(
        redis.append("produced", value).then(() => void accepted++, (error) => {
          assert.ok(error instanceof ConnectionError && error.code === "QUEUE_FULL", String(error));
          assert.equal(error.executed, "no");
          refused++;
        }),
      );
      // A producer without listeners: it yields to the event loop only now and then.
      if (sent % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const grown = (process.memoryUsage().rss - before) / 1_048_576;
    await frozen.undo();
    await Promise.all(calls);
    assert.equal(Number(await server.cli("STRLEN", "produced")), accepted * 1_024);
    // The errors of all that were refused are in there, too, until they are collected.
    assert.ok(grown < 350, `the process grew by ${Math.round(grown)} MB`);
  });

  it("that is well: a burst of any size is accepted, and drained() ends when it has been taken", async () => {
    await using server = await startServer();
    for (const [count, size] of [[150, 1_048_576], [12, 10 * 1_048_576], [3_000, 20]] as const) {
      await using redis = new Redis(server.url, {
        sendQueue: { maxCommands: 10, maxBytes: 65_536 },
        offlineQueue: { maxBytes: 2 ** 40 },
        commandTimeout: 60_000,
      });
      const value = new Uint8Array(size);
      const before = Array.from({ length: count }, () => redis.set("burst", value));
      await redis.ping();
      const after = Array.from({ length: count }, () => redis.set("burst", value));
      assert.ok(redis.stats().inFlight + redis.stats().unsent >= count);
      await redis.drained();
      assert.equal(redis.stats().offline, 0);
      await Promise.all([...before, ...after]);
      assert.deepEqual([redis.stats().inFlight, redis.stats().unsent, redis.stats().unsentBytes], [0, 0, 0]);
    }
  });

  it("without an offline queue: a connection that is there takes everything", async () => {
    await using server = await startServer();
    await using redis = new Redis(server.url, { offlineQueue: false });
    await redis.ping();
    const big = redis.set("big", "x".repeat(5_000_000));
    for (let turn = 0; turn < 3; turn++) await null;
    await Promise.all([big, ...Array.from({ length: 1_000 }, () => redis.get("small"))]);
  });

  it("drained() waits for a connection, up to the time limit and the signal", async () => {
    const set = stage({ commandTimeout: 5_000 });
    let away = true;
    set.peer.onConnection = () => {
      if (away) throw new Error("away");
    };
    const call = new Follower(set.redis.incr("n"));
    const drained = new Follower(set.redis.with({ timeout: 0 }).drained());
    const impatient = new Follower(set.redis.with({ timeout: 100 }).drained());
    const controller = new AbortController();
    const aborted = new Follower(set.redis.with({ signal: controller.signal }).drained());
    controller.abort();
    await set.clock.advance(200);
    assert.equal(drained.outcome, undefined);
    const [late, stopped] = await settleAll(set.clock, [impatient, aborted]) as { error: Error }[];
    assert.equal((late!.error as RedisError).code, "COMMAND_TIMEOUT");
    assert.equal(stopped!.error, controller.signal.reason);
    away = false;
    await settleAll(set.clock, [call, drained]);
    assert.equal(set.redis.stats().offline, 0);
    await closeClean(set);
  });

  it("drained() resolves when the last command that was to be sent again has expired", async () => {
    const set = stage({ commandTimeout: 1_000, retry: { attempts: 9 } });
    assert.equal(await set.redis.incr("n"), 1);
    set.peer.script = () => new Promise(() => {});
    const call = new Follower(set.redis.get("n"));
    await set.clock.advance(10);
    set.peer.onConnection = () => {
      throw new Error("away");
    };
    set.peer.open[0]!.reset();
    await set.clock.advance(10);
    assert.equal(set.redis.stats().offline, 1);
    const drained = new Follower(set.redis.with({ timeout: 0 }).drained());
    await set.clock.advance(1_000);
    assert.deepEqual([call.outcome !== undefined, drained.outcome], [true, { value: undefined }]);
    await closeClean(set);
  });

  it("that is silent: what could not be sent to it goes to the next connection", async () => {
    const simulated = new Simulated();
    const inner = simulated.transport;
    let stuck = false;
    const transport: Transport = {
      name: inner.name,
      connect: async (...given) => {
        const socket = await inner.connect(...given);
        return new Proxy(socket, {
          get(target, key) {
            if (key === "write" && stuck) return () => new Promise(() => {});
            const found: unknown = Reflect.get(target, key);
            return typeof found === "function" ? found.bind(target) : found;
          },
        });
      },
    };
    await using redis = new Redis(simulated.options({ transport, socketTimeout: 500 }));
    await redis.ping();
    stuck = true;
    const first = new Outcome(redis.incr("first"));
    await simulated.clock.settle();
    const second = new Outcome(redis.incr("second"));
    const pipeline = new Outcome(redis.pipeline().incr("second").incr("second").exec());
    await simulated.clock.settle();
    stuck = false;
    await simulated.clock.advance(1_000);
    assert.equal(first.verdict, "TimeoutError SOCKET_TIMEOUT unknown");
    assert.deepEqual([second.value, pipeline.value], [1, [2, 3]]);
  });

  it("that is away: as many wait as may, in number and in bytes", async () => {
    for (const limits of [{ maxCommands: 100 }, { maxBytes: 20_000 }]) {
      const set = stage({ offlineQueue: limits, commandTimeout: 5_000 });
      let away = true;
      set.peer.onConnection = () => {
        if (away) throw new Error("away");
      };
      const calls = Array.from({ length: 1_000 }, (_, n) => new Follower(set.redis.incr(`key:${n}`)));
      await set.clock.settle();
      const refused = calls.filter(({ outcome }) => outcome !== undefined);
      assert.ok(refused.length >= 400, `${refused.length} were refused`);
      away = false;
      const outcomes = await settleAll(set.clock, calls);
      const read = reader(set);
      for (const [n, outcome] of outcomes.entries()) {
        const times = await read(`key:${n}`);
        assert.equal(executedOf(outcome), times === 1 ? "yes" : "no");
      }
      await closeClean(set);
    }
  });

  it("that is away: the places of those who gave up are free again", async () => {
    const set = stage({ offlineQueue: { maxCommands: 10 }, commandTimeout: 0 });
    set.peer.onConnection = () => {
      throw new Error("away");
    };
    for (let round = 0; round < 5; round++) {
      const controller = new AbortController();
      const limited = set.redis.with({ signal: controller.signal });
      const calls = Array.from({ length: 10 }, () => new Follower(limited.incr("n")));
      await set.clock.advance(200);
      for (const { outcome } of calls) assert.equal(outcome, undefined, "a free place was refused");
      controller.abort();
      await settleAll(set.clock, calls);
    }
    await closeClean(set);
  });

  it("a slow link: what is queued behind it is bounded, too", async () => {
    const set = stage({ sendQueue: { maxCommands: 50 }, commandTimeout: 20_000 }, {}, { highWaterMark: 64 });
    await settleAll(set.clock, [new Follower(set.redis.connect())]);
    set.peer.last.freeze("toPeer");
    const first = new Follower(set.redis.set("first", "x".repeat(200)));
    await set.clock.settle();
    const burst = Array.from({ length: 100 }, (_, n) => new Follower(set.redis.incr(`burst:${n}`)));
    await set.clock.settle();
    // Nothing has shown yet that it is stalled.
    assert.ok(burst.every(({ outcome }) => outcome === undefined));
    await set.clock.advance(1_100);
    const calls = Array.from({ length: 500 }, (_, n) => new Follower(set.redis.incr(`key:${n}`)));
    await set.clock.settle();
    assert.ok(calls.filter(({ outcome }) => outcome !== undefined).length >= 440);
    set.peer.last.thaw();
    const read = reader(set);
    for (const [n, outcome] of (await settleAll(set.clock, calls)).entries()) {
      assert.equal(executedOf(outcome), (await read(`key:${n}`)) === 1 ? "yes" : "no");
    }
    await settleAll(set.clock, [first]);
    await closeClean(set);
  });

  it("a value that is transferred away while it waits ends the connection, and nothing else is read for it", async () => {
    const set = stage({ commandTimeout: 2_000, retry: false }, {}, { highWaterMark: 64 });
    await settleAll(set.clock, [new Follower(set.redis.connect())]);
    set.peer.last.freeze("toPeer");
    const first = new Follower(set.redis.set("first", "x".repeat(200)));
    await set.clock.settle();
    const value = new Uint8Array(20_000);
    const moved = new Follower(set.redis.set("moved", value));
    const behind = new Follower(set.redis.incr("behind"));
    structuredClone(value, { transfer: [value.buffer] });
    await set.clock.settle();
    set.peer.last.thaw();
    const outcomes = await settleAll(set.clock, [first, moved, behind]);
    const { error } = outcomes[1] as { error: TypeError };
    assert.ok(error instanceof TypeError);
    assert.match(error.message, /argument 2 of SET: it is a Uint8Array whose memory was transferred away/);
    assert.equal(set.peer.received.filter(([, key]) => key === "moved").length, 0);
    await closeClean(set);
  });
});
