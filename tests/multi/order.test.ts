/** `MultiRedis` repeats what has not run at the next database: in the order of the calls. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MultiRedis, Redis, RedisError } from "../../mod.ts";
import { TestServer } from "../../testing.ts";
import { RetryQueue } from "../../src/multi/retry_queue.ts";
import { SimulatedClock } from "../harness/clock.ts";
import fc from "../harness/properties.ts";

/** Faults that make the first database unavailable. */
const HARMS: Readonly<Record<string, (server: TestServer) => void>> = {
  refuses: (server) => {
    server.faults.refuseConnects();
    server.kill(() => true);
  },
  "cuts requests": (server) => {
    server.faults.refuseConnects();
    server.faults.cutAfter(70, "in");
  },
  "cuts replies": (server) => {
    server.faults.refuseConnects();
    server.faults.cutAfter(9, "out");
  },
  "refuses commands": (server) => void server.faults.errorNext("LOADING", "rpush", { times: Infinity }),
  "is read only": (server) => void server.faults.errorNext("READONLY", "rpush", { times: Infinity }),
};

/** One step of a caller. */
const STEPS = fc.constantFrom("push", "push", "push", "pipeline", "multi", "read", "await one", "macrotask");

describe("the order of calls that MultiRedis repeats", () => {
  it("is the order in which they were made, whatever makes the database unavailable", async () => {
    const world = fc.record({
      before: fc.array(STEPS, { maxLength: 8 }),
      idle: fc.boolean(),
      harm: fc.constantFrom(...Object.keys(HARMS)),
      after: fc.array(STEPS, { minLength: 6, maxLength: 30 }),
      commandFailures: fc.integer({ min: 1, max: 6 }),
    });
    await fc.assert(fc.asyncProperty(world, check), { numRuns: 25 });
  });
});

async function check({ before, idle, harm, after, commandFailures }: {
  readonly before: readonly string[];
  readonly idle: boolean;
  readonly harm: string;
  readonly after: readonly string[];
  readonly commandFailures: number;
}): Promise<void> {
  await using first = new TestServer();
  await using second = new TestServer();
  const [a, b] = [first, second].map(({ transport }) =>
    new Redis({ transport, offlineQueue: false, retry: false })
  );
  await using redis = new MultiRedis([{ client: a!, weight: 2 }, { client: b! }], { commandFailures });
  await redis.connect();
  const patient = redis.with({ timeout: 60_000 });
  const outcomes: (readonly [number, Promise<string>])[] = [];
  let number = 0;
  const told = (call: Promise<unknown>): Promise<string> =>
    call.then(() => "yes", (error) => error instanceof RedisError ? error.executed : String(error));
  const step = async (what: string): Promise<void> => {
    if (what === "await one") await outcomes.at(-1)?.[1];
    else if (what === "macrotask") await new Promise((resolve) => setTimeout(resolve));
    else if (what === "read") void patient.get("other").catch(() => {});
    else if (what === "push") outcomes.push([++number, told(patient.rpush("numbers", number))]);
    else {
      const batch = what === "multi" ? patient.multi() : patient.pipeline();
      const done = batch.rpush("numbers", ++number).rpush("numbers", ++number).exec();
      outcomes.push([number - 1, told(done)], [number, told(done)]);
    }
  };
  for (const what of before) await step(what);
  if (idle) await Promise.all(outcomes.map(([, outcome]) => outcome));
  HARMS[harm]!(first);
  for (const what of after) await step(what);
  const verdicts = await Promise.all(outcomes.map(async ([at, outcome]) => [at, await outcome] as const));
  const lists = [first, second].map((server) => (server.dump()["numbers"] ?? []) as unknown[]);
  const written = lists.map((list) => list.map(Number));
  for (const list of written) {
    assert.deepEqual(
      list,
      [...list].sort((x, y) => x - y),
      `${harm}: out of order`,
    );
  }
  const all = written.flat();
  assert.equal(new Set(all).size, all.length, `${harm}: a number is there twice: ${all}`);
  for (const [at, verdict] of verdicts) {
    if (verdict !== "unknown") {
      assert.equal(all.includes(at), verdict === "yes", `${harm}: ${at} is ${verdict}`);
    }
  }
}

describe("the queue of calls that wait for another try", () => {
  it("starts those that are not aborted, in the order of the calls", async () => {
    const clock = new SimulatedClock();
    const queue = new RetryQueue(clock);
    const started: number[] = [];
    const rejected: number[] = [];
    const stop = new AbortController();
    for (const sequence of [2, 4, 1, 3]) {
      queue.add({
        sequence,
        end: Infinity,
        signal: sequence === 1 || sequence === 4 ? stop.signal : undefined,
        start: () => void started.push(sequence),
        reject: () => void rejected.push(sequence),
      }, 50);
    }
    stop.abort();
    assert.deepEqual(rejected.toSorted(), [1, 4]);
    assert.equal(queue.busy, true);
    await clock.advance(50);
    assert.deepEqual(started, [2, 3]);
    assert.equal(queue.busy, false);
  });
});
