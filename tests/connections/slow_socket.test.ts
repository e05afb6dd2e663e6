/**
 * Reports of commands behind a socket that takes a number of bytes and then no more. A command that reports
 * `"no"` never reaches the server, now or later. The others reach it complete and in the order of the calls.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc, { dealtRuns } from "../harness/properties.ts";
import { SlowRig, type Step } from "./slow_socket.ts";

const shape = fc.record({
  size: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 60 }) },
    { weight: 2, arbitrary: fc.integer({ min: 500, max: 9_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 70_000 }) },
  ),
  bytes: fc.boolean(),
  timeout: fc.constantFrom(0, 50, 200, 1_000, 3_000),
});
const shapes = fc.array(shape, { minLength: 1, maxLength: 5 });
/** More than goes out at once. */
const manyShapes = fc.array(shape, { minLength: 20, maxLength: 60 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("single" as const), shape, burst: fc.constantFrom(1, 1, 2, 30) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pipeline" as const), shapes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pipeline" as const), shapes: manyShapes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("transaction" as const), shapes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("packed" as const), shapes }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("take" as const),
      bytes: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 200, max: 40_000 })),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("reply" as const), count: fc.integer({ min: 1, max: 20 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("abort" as const), at: fc.nat(200) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("time" as const),
      ms: fc.constantFrom(1, 40, 60, 150, 400, 1_100),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut" as const) }) },
);

describe("a socket that takes so many bytes and then no more", () => {
  it('a command that says "no" never reaches the server, whatever is sent, aborted, expired, taken and cut', async () => {
    const schedule = fc.record({
      promises: fc.boolean(),
      room: fc.constantFrom(0, 10, 300, 5_000, 100_000),
      steps: fc.array(step, { minLength: 3, maxLength: 40 }),
    });
    const endings: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(schedule, async ({ promises, room, steps }) => {
        const rig = new SlowRig(promises, room);
        for (const one of steps) await rig.step(one);
        await rig.finish();
        for (const [how, count] of rig.endings) endings[how] = (endings[how] ?? 0) + count;
      }),
      dealtRuns(900),
    );
    // Schedules in which nothing is dropped, or all is well, would show nothing.
    for (const how of ["value", "no, dropped", "abort, dropped", "unknown", "abort"]) {
      assert.ok((endings[how] ?? 0) > 5, `only ${endings[how]} calls ended with ${how}`);
    }
  });
});
