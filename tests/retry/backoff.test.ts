import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Backoff,
  constant,
  delayOf,
  exponential,
  none,
  parseBackoff,
  toBackoff,
} from "../../src/backoff.ts";

/** A source of "chance" that gives the same numbers each time. */
function chance(...numbers: number[]): { random(): number } {
  let next = 0;
  return { random: () => numbers[next++ % numbers.length]! };
}

function series(backoff: Backoff, clock: { random(): number }, count: number): number[] {
  let previous = 0;
  return Array.from({ length: count }, (_, index) => previous = delayOf(backoff, index + 1, clock, previous));
}

describe("backoff", () => {
  it("none does not wait", () => {
    assert.deepEqual(series(none(), chance(0.9), 3), [0, 0, 0]);
  });

  it("constant waits the same", () => {
    assert.deepEqual(series(constant(25), chance(0.9), 3), [25, 25, 25]);
  });

  it("exponential without jitter doubles up to the cap", () => {
    const backoff = exponential({ base: 10, cap: 100, jitter: "none" });
    assert.deepEqual(series(backoff, chance(0.5), 6), [10, 20, 40, 80, 100, 100]);
    assert.equal(delayOf(backoff, 1_000_000, chance(0)), 100);
  });

  it("full jitter spreads from zero", () => {
    const backoff = exponential({ base: 10, cap: 40, jitter: "full" });
    assert.deepEqual(series(backoff, chance(0, 0.5, 0.25, 0.75), 4), [0, 10, 10, 30]);
  });

  it("equal jitter spreads over the upper half", () => {
    const backoff = exponential({ base: 10, cap: 40, jitter: "equal" });
    assert.deepEqual(series(backoff, chance(0, 0.5), 4), [5, 15, 20, 30]);
  });

  it("decorrelated jitter spreads from the base to three times the delay before", () => {
    const backoff = exponential({ base: 10, cap: 100, jitter: "decorrelated" });
    // 10 + 0.5 * (3 * 10 - 10) = 20; 10 + 0.5 * (60 - 10) = 35; 10 + 0.5 * (105 - 10) = 57.5; then beyond: the cap.
    assert.deepEqual(series(backoff, chance(0.5), 3), [20, 35, 57.5]);
    assert.deepEqual(series(backoff, chance(0.999), 9).at(-1), 100);
    assert.deepEqual(series(backoff, chance(0), 2), [10, 10]);
  });

  it("has full jitter, 50 ms and 2 s by default", () => {
    assert.equal(String(exponential()), "exponential:50:2000:full");
    assert.equal(String(exponential({ base: 5_000 })), "exponential:5000:5000:full");
  });

  it("may be any function, whose faults do not make a loop that never rests", () => {
    assert.deepEqual(series(toBackoff((attempt) => attempt * 3), chance(0), 3), [3, 6, 9]);
    for (const fault of [NaN, -1, undefined, "soon"]) {
      assert.equal(delayOf(toBackoff(() => fault as number), 1, chance(0)), 1_000);
    }
    const thrower = toBackoff(() => {
      throw new Error("broken");
    });
    assert.equal(delayOf(thrower, 1, chance(0)), 1_000);
    assert.equal(delayOf(toBackoff(() => Infinity), 1, chance(0)), 2_147_483_647);
  });

  it("is spelt as a URL takes it", () => {
    for (const text of ["none", "constant:7", "exponential:5:50:equal", "exponential:5:50:decorrelated"]) {
      assert.equal(String(parseBackoff(text)), text);
    }
    assert.equal(String(parseBackoff("exponential:5")), "exponential:5:2000:full");
    for (const text of ["", "linear", "constant", "constant:x", "exponential:", "exponential:1:2:full:x"]) {
      assert.equal(parseBackoff(text), undefined);
    }
  });

  it("refuses numbers that are none", () => {
    for (const bad of [-1, 0.5, NaN, Infinity]) {
      assert.throws(() => constant(bad), RangeError);
      assert.throws(() => exponential({ base: bad }), RangeError);
      assert.throws(() => exponential({ cap: bad }), RangeError);
    }
    assert.throws(() => exponential({ base: 9, cap: 8 }), /`cap` \(8\) is below `base` \(9\)/);
    assert.throws(() => exponential({ jitter: "some" as never }), /full, equal, decorrelated, none/);
    assert.throws(() => parseBackoff("exponential:1:2:some"), RangeError);
  });
});
