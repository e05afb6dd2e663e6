/**
 * Retries keep the order of the calls: a model of a connection whose server refuses by windows.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "../harness/properties.ts";
import { ConnectionError, Redis, ReplyError } from "../../mod.ts";
import { ErrorReply } from "../harness/resp.ts";
import { Outcome, Simulated } from "../connections/simulated.ts";

/** The calls of the model, of which some have several commands that write. */
type Call = "push" | "get" | "pipeline" | "multi";

interface Plan {
  /** The numbers of commands that are served, refused, served, ... */
  readonly windows: readonly number[];
  readonly calls: readonly { readonly kind: Call; readonly wait: number }[];
  readonly code: string;
  readonly attempts: number;
  /** The number of commands after which the link is cut, once. */
  readonly cutAt: number | undefined;
}

const plans: fc.Arbitrary<Plan> = fc.record({
  windows: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
  calls: fc.array(
    fc.record({
      kind: fc.constantFrom<Call>("push", "push", "get", "pipeline", "multi"),
      wait: fc.constantFrom(0, 0, 0, 1, 30, 120),
    }),
    { minLength: 1, maxLength: 25 },
  ),
  code: fc.constantFrom("BUSY", "LOADING"),
  attempts: fc.integer({ min: 1, max: 6 }),
  cutAt: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
});

/** The numbers that were pushed, in the order in which they ran. */
async function logged(redis: Redis): Promise<number[]> {
  const numbers: number[] = [];
  for (let left = await redis.llen("log"); left > 0; left--) {
    numbers.push(Number((await redis.blpop("log", 1))?.[1]));
  }
  return numbers;
}

/** Runs a plan; the numbers that were appended in the order in which they ran, and what the callers know of each. */
async function run(plan: Plan): Promise<{ ran: number[]; told: Map<number, string> }> {
  const { windows, code } = plan;
  const ran: number[] = [];
  const told = new Map<number, string>();
  const at = { window: 0, left: windows[0]! };
  let seen = 0;
  let over = false;
  const refuses = (): boolean => {
    while (at.left === 0 && at.window < windows.length) at.left = windows[++at.window] ?? 0;
    if (at.window >= windows.length) return false;
    at.left--;
    return at.window % 2 === 1;
  };
  const simulated = new Simulated({
    script: (command, connection) => {
      const [name] = command;
      if (name === "HELLO" || name === "CLIENT" || name === "EXEC" || name === "MULTI") {
        return connection.serve();
      }
      if (!over && ++seen === plan.cutAt) {
        connection.reset();
        return undefined;
      }
      if (!over && refuses()) {
        connection.session.spoiled = true;
        return new ErrorReply(`${code} not now`);
      }
      return connection.serve();
    },
  });
  await using redis = new Redis(simulated.options({
    commandTimeout: 60_000,
    retry: { attempts: plan.attempts },
    reconnect: { backoff: "constant:20" },
  }));
  const calls: Outcome<unknown>[] = [];
  let next = 0;
  const follow = (numbers: readonly number[], promise: Promise<unknown>): void => {
    calls.push(new Outcome(promise));
    const tell = (outcome: unknown, number: number): void => {
      const executed = outcome instanceof ReplyError || outcome instanceof ConnectionError
        ? outcome.executed
        : outcome instanceof Error
        ? "unknown"
        : "yes";
      told.set(number, executed);
    };
    promise.then(
      (results) =>
        numbers.forEach((number, index) => tell(Array.isArray(results) ? results[index] : results, number)),
      (error) => numbers.forEach((number, index) => tell(error.results?.[index] ?? error, number)),
    );
  };
  for (const { kind, wait } of plan.calls) {
    if (wait > 0) await simulated.clock.advance(wait);
    const numbers = kind === "get" ? [] : kind === "push" ? [next++] : [next++, next++, next++];
    if (kind === "get") follow([], redis.llen("log"));
    else if (kind === "push") follow(numbers, redis.rpush("log", numbers[0]!));
    else {
      const batch = numbers.reduce((chain, n) => (chain.rpush("log", n), chain), redis[kind]());
      follow(numbers, batch.exec({ settle: true }));
    }
  }
  await simulated.clock.advance(120_000);
  for (const { state } of calls) assert.notEqual(state, "pending");
  over = true;
  ran.push(...await logged(redis));
  return { ran, told };
}

describe("retries keep the order of the calls", () => {
  it("whatever is refused when: what ran, ran in the order of the calls, and every caller knows", async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { ran, told } = await run(plan);
        assert.deepEqual(ran, [...ran].sort((a, b) => a - b), `ran ${ran}`);
        assert.equal(new Set(ran).size, ran.length, `one ran twice: ${ran}`);
        for (const [number, executed] of told) {
          if (executed === "yes") assert.ok(ran.includes(number), `${number} was told to have run`);
          if (executed === "no") assert.ok(!ran.includes(number), `${number} was told not to have run`);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("commands that were refused together run in the order of the calls, before what was called later", async () => {
    let busy = true;
    const simulated = new Simulated({
      script: ([name], connection) =>
        name === "RPUSH" && busy
          ? new ErrorReply("BUSY Redis is busy running a script.")
          : connection.serve(),
    });
    await using redis = new Redis(simulated.options({ retry: { backoff: "constant:15" } }));
    const calls = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => redis.rpush("log", n));
    await simulated.clock.settle();
    const later = redis.rpush("log", 9);
    await simulated.clock.advance(20);
    busy = false;
    await simulated.clock.advance(10_000);
    await Promise.all([...calls, later]);
    assert.deepEqual(await logged(redis), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("one behind which others have run is not retried, unless all of them only read", async () => {
    let refused = 1;
    const simulated = new Simulated({
      script: ([name], connection) =>
        name !== "HELLO" && refused-- > 0 ? new ErrorReply("LOADING wait") : connection.serve(),
    });
    await using redis = new Redis(simulated.options());
    const first = new Outcome(redis.rpush("log", 1));
    const second = new Outcome(redis.rpush("log", 2));
    await simulated.clock.advance(10_000);
    assert.equal(first.verdict, "ReplyError LOADING no");
    assert.equal(second.value, 1);
    refused = 1;
    const reads = [1, 2, 3].map(() => new Outcome(redis.llen("log")));
    await simulated.clock.advance(10_000);
    assert.deepEqual(reads.map(({ value }) => value), [1, 1, 1]);
  });
});
