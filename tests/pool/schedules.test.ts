/** Thousands of random schedules: the pool loses no connection, lends none twice, and serves all calls in turn. */
import { describe, it } from "node:test";
import fc, { dealtRuns } from "../harness/properties.ts";
import { Rig, type Setting, type Step } from "./schedules.ts";

const settings: fc.Arbitrary<Setting> = fc.record({
  blocking: fc.boolean(),
  max: fc.integer({ min: 1, max: 3 }),
  minIdle: fc.constantFrom(0, 0, 1, 2),
  queue: fc.constantFrom("lifo", "fifo"),
  maxIdleTime: fc.constantFrom(0, 40),
  maxLifetime: fc.constantFrom(0, 90),
  timeout: fc.constantFrom(0, 60, 1_000),
});

const at = fc.nat(9);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("acquire" as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("release" as const), at }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom("abort", "kill", "unread", "select", "dirty"), at }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("server" as const),
      how: fc.constantFrom("up", "refusing", "slow", "mute"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.integer({ min: 1, max: 70 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("tryAcquire", "disconnectIdle", "disconnect", "reset") }),
  },
);

describe("a pool under any schedule", () => {
  it(
    "loses no connection, lends none twice, counts right, and serves in turn",
    { timeout: 110_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          settings,
          fc.array(steps, { minLength: 1, maxLength: 14 }),
          async (setting, schedule) => {
            const rig = new Rig(setting);
            for (const step of schedule) await rig.step(step);
            await rig.end();
          },
        ),
        dealtRuns(4_000),
      );
    },
  );
});
