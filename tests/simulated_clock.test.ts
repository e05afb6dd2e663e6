import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SimulatedClock } from "./harness/clock.ts";

describe("simulated clock", () => {
  it("calls timers in the order of their times, then of their making, each at its time", async () => {
    const clock = new SimulatedClock({ now: 100 });
    const seen: string[] = [];
    const at = (name: string) => () => void seen.push(`${name}@${clock.now()}`);
    clock.setTimeout(at("late"), 20);
    clock.setTimeout(at("a"), 10);
    clock.setTimeout(at("b"), 10);
    clock.setTimeout(at("never"), 31);
    assert.equal(clock.nextTimer, 10);
    await clock.advance(30);
    assert.deepEqual(seen, ["a@110", "b@110", "late@120"]);
    assert.deepEqual([clock.now(), clock.pendingTimers, clock.nextTimer], [130, 1, 1]);
  });

  it("lets promises settle before the next timer, and calls what timers set", async () => {
    const clock = new SimulatedClock();
    const begun = clock.now();
    const seen: string[] = [];
    const wait = (ms: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, ms));
    const chain = (async () => {
      await wait(10);
      for (let i = 0; i < 50; i++) await null;
      seen.push(`first@${clock.now() - begun}`);
      await wait(10);
      seen.push(`third@${clock.now() - begun}`);
    })();
    clock.setTimeout(() => void seen.push(`second@${clock.now() - begun}`), 11);
    await clock.advance(20);
    await chain;
    assert.deepEqual(seen, ["first@10", "second@11", "third@20"]);
    assert.equal(clock.pendingTimers, 0);
  });

  it("takes timers back, also those due at the same time, and does not mind strangers", async () => {
    const clock = new SimulatedClock();
    const second: unknown[] = [];
    clock.setTimeout(() => clock.clearTimeout(second[0]), 5);
    second.push(clock.setTimeout(() => assert.fail("was taken back"), 5));
    clock.clearTimeout(undefined);
    await clock.advance(5);
    clock.clearTimeout(second[0]);
    assert.equal(clock.pendingTimers, 0);
  });

  it("calls nothing before time is moved, not even at 0 ms", async () => {
    const clock = new SimulatedClock();
    let called = false;
    clock.setTimeout(() => void (called = true), 0);
    await Promise.resolve();
    assert.equal(called, false);
    await clock.settle();
    assert.equal(called, true);
  });

  it("repeats its random numbers, by seed", () => {
    const row = (seed?: number) => {
      const clock = new SimulatedClock({ seed });
      return Array.from({ length: 1000 }, () => clock.random());
    };
    assert.deepEqual(row(7), row(7));
    assert.notDeepEqual(row(7), row(8));
    assert.ok(row().every((one) => one >= 0 && one < 1));
    const mean = row().reduce((sum, one) => sum + one, 0) / 1000;
    assert.ok(mean > 0.45 && mean < 0.55, `a mean of ${mean}`);
  });
});
