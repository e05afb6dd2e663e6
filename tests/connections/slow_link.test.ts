/**
 * Big values over slow links. The client sends them in pieces, so that it never treats a link that makes
 * progress as stalled. A command that reports that it was not executed never reaches the server.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis, RedisError, type SocketHandlers, type Transport } from "../../mod.ts";
import { packCommand } from "../../src/resp/pack.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { startServer } from "../harness/server.ts";
import { socketOf } from "../harness/socket.ts";
import { Outcome } from "./simulated.ts";

const MEBI = 1_048_576;
/** Bytes a second. */
const RATE = 1_500_000;

/** A peer behind a slow link: each write is taken when its bytes have gone over it, in simulated time. */
class SlowLink {
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly writes: Uint8Array[] = [];
  handlers: SocketHandlers | undefined = undefined;

  get transport(): Transport {
    return {
      name: "slow link",
      connect: (_endpoint, _options, handlers) => {
        this.handlers = handlers;
        return Promise.resolve(socketOf({
          write: (bytes) => {
            // The client uses its own memory again.
            this.writes.push(bytes.length > 65_536 ? bytes : bytes.slice());
            return new Promise<void>((resolve) =>
              this.clock.setTimeout(resolve, bytes.length * 1_000 / RATE)
            );
          },
        }));
      },
    };
  }

  async open(): Promise<Redis> {
    const redis = new Redis({
      transport: this.transport,
      clock: this.clock,
      protocol: 2,
      libName: false,
      healthCheckInterval: 0,
      commandTimeout: 60_000,
      sendQueue: { maxBytes: 1_000, maxCommands: 2 },
    });
    await redis.connect();
    return redis;
  }
}

describe("a slow link", () => {
  const bytes = new Uint8Array(10 * MEBI).fill(120);
  const text = "x".repeat(10 * MEBI);
  const ways: [string, number, (redis: Redis) => Promise<unknown>][] = [
    ["bytes", 1, (redis) => redis.set("k", bytes)],
    ["text", 1, (redis) => redis.set("k", text)],
    ["a pipeline", 2, (redis) => redis.pipeline().set("k", bytes).incr("n").exec({ settle: true })],
    ["a transaction", 4, (redis) => redis.multi().set("k", bytes).incr("n").exec({ settle: true })],
  ];
  for (const [what, replies, call] of ways) {
    it(`refuses nothing while it takes 10 MiB (${what})`, async () => {
      const link = new SlowLink();
      const redis = await link.open();
      const big = new Outcome(call(redis));
      const small: Outcome<unknown>[] = [];
      for (let time = 0; time < 7_500; time += 250) {
        await link.clock.advance(250);
        small.push(new Outcome(redis.incr("n")));
        assert.equal(small.at(-1)!.state, "pending");
      }
      assert.deepEqual(small.filter(({ state }) => state !== "pending"), []);
      await link.clock.advance(1_000);
      const sent = link.writes.reduce((sum, { length }) => sum + length, 0);
      assert.ok(sent > 10 * MEBI && sent < 10 * MEBI + 10_000);
      link.handlers!.data(new TextEncoder().encode("+OK\r\n".repeat(replies - 1 + small.length)));
      await link.clock.settle();
      link.handlers!.data(new TextEncoder().encode("+OK\r\n"));
      await link.clock.settle();
      assert.notEqual(big.state, "pending");
      await redis.close();
    });
  }

  it("gets the memory of the caller, not copies", async () => {
    const link = new SlowLink();
    const redis = await link.open();
    const outcome = new Outcome(redis.set("k", bytes));
    await link.clock.advance(10_000);
    const pieces = link.writes.filter(({ buffer }) => buffer === bytes.buffer);
    assert.equal(pieces.reduce((sum, { length }) => sum + length, 0), bytes.length);
    assert.ok(pieces.every(({ length }) => length <= MEBI));
    const whole = packCommand(["SET", "k", bytes]);
    assert.equal(Buffer.compare(Buffer.concat(link.writes), whole), 0);
    link.handlers!.data(new TextEncoder().encode("+OK\r\n"));
    await link.clock.settle();
    assert.equal(outcome.value, "OK");
    await redis.close();
  });

  it("that takes nothing for a second has stalled, in the middle of a value, too", async () => {
    const link = new SlowLink();
    const redis = await link.open();
    const big = new Outcome(redis.set("k", bytes));
    await link.clock.advance(2_000);
    // A write that is never taken.
    const taken = link.clock.setTimeout;
    link.clock.setTimeout = (callback, delay) =>
      taken.call(link.clock, callback, delay > 100 && delay < 400 ? 1e9 : delay);
    await link.clock.advance(500);
    new Outcome(redis.incr("n"));
    await link.clock.advance(2_000);
    const refused = new Outcome(redis.incr("n"));
    await link.clock.settle();
    assert.equal(refused.verdict, "ConnectionError QUEUE_FULL no");
    assert.equal(big.state, "pending");
    const closing = redis.close();
    await link.clock.advance(100_000);
    await closing;
  });
});

describe("RPUSH of 500 kB over 1.5 MB/s to a real server", () => {
  for (const what of ["commands", "a pipeline", "transactions"]) {
    it(`what says "no" is not in the list (${what})`, async () => {
      await using server = await startServer();
      await using proxy = await startProxy({ port: server.port });
      proxy.faults = { rate: what === "commands" ? RATE : 3 * RATE };
      // The first with default options.
      const options = what === "commands" ? {} : { commandTimeout: 1_000 };
      const redis = new Redis({ host: proxy.host, port: proxy.port, ...options });
      await redis.ping();
      const values = Array.from({ length: 40 }, (_, n) => {
        const value = new Uint8Array(500_000).fill(120);
        value.set(new TextEncoder().encode(String(n).padStart(2, "0")));
        return value;
      });
      const outcome = async (running: Promise<unknown>): Promise<unknown> =>
        await running.catch((error) => error);
      let outcomes: unknown[];
      if (what === "a pipeline") {
        const pipeline = redis.pipeline();
        for (const value of values) pipeline.rpush("list", value);
        outcomes = await pipeline.exec({ settle: true });
      } else if (what === "transactions") {
        outcomes = await Promise.all(values.map(async (value) => {
          const [result] = await redis.multi().rpush("list", value).exec({ settle: true });
          return result;
        }));
      } else outcomes = await Promise.all(values.map((value) => outcome(redis.rpush("list", value))));
      // What is on its way arrives before the connections end.
      for (const connection of proxy.connections) connection.apply({ rate: Infinity });
      await redis.close();
      await Promise.all(proxy.connections.map(({ closed }) => closed));
      const first = "local all = redis.call('LRANGE', 'list', 0, -1) " +
        "for at, value in ipairs(all) do all[at] = string.sub(value, 1, 2) end return all";
      const there = (await server.cli("EVAL", first, "0") as string[]).map(Number);
      outcomes.forEach((outcome, n) => {
        const times = there.filter((one) => one === n).length;
        if (!(outcome instanceof RedisError)) assert.equal(times, 1, `${n} was said to have run: ${outcome}`);
        else if (outcome.executed === "no") assert.equal(times, 0, `${n} was said not to have run`);
        else assert.equal(outcome.executed, "unknown", String(outcome));
      });
      assert.deepEqual(there, [...new Set(there)].sort((a, b) => a - b), "once, in the order of the calls");
    });
  }
});
