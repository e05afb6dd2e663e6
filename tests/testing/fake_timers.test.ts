/** Clients and test servers work while a test framework has replaced the timers by fakes. @module */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { TestServer } from "../../testing.ts";

const realTimeout = globalThis.setTimeout;

/** Replaces all that fake timers of Jest replace; `Date` begins at a time of its own and stands still. */
function fakeTimers(): { now: number } & Disposable {
  const names = [
    "Date",
    "setTimeout",
    "clearTimeout",
    "setImmediate",
    "setInterval",
    "queueMicrotask",
    "performance",
  ] as const;
  const real = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
  const fake = { now: 1_900_000_000_000, [Symbol.dispose]: () => void Object.assign(globalThis, real) };
  class FakeDate extends Date {
    static override now(): number {
      return fake.now;
    }
  }
  const never = (): number => 1;
  Object.assign(globalThis, {
    Date: FakeDate,
    setTimeout: never,
    clearTimeout: never,
    setImmediate: never,
    setInterval: never,
    queueMicrotask: never,
    performance: { now: () => 0, timeOrigin: 0 },
  });
  return fake;
}

describe("fake timers", () => {
  it("leave a client and its server alone; keys expire by the fake date", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    await redis.ping();
    using fake = fakeTimers();
    await redis.set("session", "1", { ex: 60 });
    assert.equal(await redis.ttl("session"), 60);
    assert.equal(await redis.expiretime("session"), 1_900_000_060);
    fake.now += 59_000;
    assert.equal(await redis.get("session"), "1");
    fake.now += 1_000;
    assert.equal(await redis.get("session"), null);
    const [first, second] = await redis.pipeline().incr("n").incr("n").exec();
    assert.deepEqual([first, second], [1, 2]);
  });

  it("may be there before the server and the client", async () => {
    using fake = fakeTimers();
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    const popped = redis.blpop("jobs", 5);
    while (server.executed.count("BLPOP") === 0) await new Promise((resolve) => realTimeout(resolve, 0));
    server.advance(5_000);
    assert.equal(await popped, null);
    assert.equal(server.now, fake.now + 5_000);
    const received = new Promise((resolve) =>
      void redis.subscribe("news", resolve).then(() => redis.publish("news", "hi"))
    );
    assert.equal(await received, "hi");
  });
});
