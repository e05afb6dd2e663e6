import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createScript, PipelineError, RedisCluster, type RedisError } from "../../mod.ts";
import { mset, rpush } from "../../src/commands/mod.ts";
import type { Command } from "../../src/commands/command.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { isDealt } from "../harness/share.ts";
import { MovingSlots, type Troubles } from "./moving_slots.ts";

/** A call of the test: what it writes, and what came of it. */
interface Written {
  readonly keys: readonly string[];
  readonly value: number;
  outcome: unknown;
}

/** A read: which writes were called before it, and what it returned. */
interface Read {
  readonly key: string;
  readonly behind: number;
  outcome: unknown;
}

const KEYS = ["{a}1", "{a}2", "{b}1", "{b}2", "c"];

type Kind = "read" | "single" | "pipeline" | "transaction" | "script" | "everywhere";

const APPEND = createScript("return redis.call('RPUSH', KEYS[1], ARGV[1])");

/** Makes calls at random against slots that move; returns them in their order, with what came of each. */
async function play(
  seed: number,
  kinds: readonly Kind[],
  troubles: Troubles,
): Promise<{ calls: readonly Written[]; reads: readonly Read[]; written: Map<string, string[]> }> {
  const clock = new SimulatedClock({ seed });
  const slots = new MovingSlots(clock, troubles);
  const redis = new RedisCluster({
    host: "node",
    port: 7000,
    transport: slots.transport(),
    clock,
    refreshInterval: 0,
    commandTimeout: 30_000,
    initSlotCache: seed % 5 !== 0,
    ...troubles.lifetimes === true && { maxLifetime: 60 },
  });
  const pick = (count: number): number => Math.floor(clock.random() * count);
  const calls: Written[] = [];
  const reads: Read[] = [];
  const write = (): Written => {
    const first = KEYS[pick(KEYS.length)]!;
    const pair = first.startsWith("{") && pick(4) === 0
      ? first.slice(0, 3) + (first.endsWith("1") ? "2" : "1")
      : undefined;
    const call = {
      keys: pair === undefined ? [first] : [first, pair],
      value: calls.length,
      outcome: undefined,
    };
    calls.push(call);
    return call;
  };
  const commandOf = ({ keys, value }: Written): Command =>
    keys.length === 1 && kinds.includes("script") && pick(3) === 0
      ? APPEND(keys, [String(value)])
      : keys.length === 1
      ? rpush(keys[0]!, String(value))
      : mset(Object.fromEntries(keys.map((key) => [key, String(value)])));
  const running = new Set<Promise<void>>();
  const run = (promise: Promise<void>): void => {
    running.add(promise);
    promise.finally(() => running.delete(promise));
  };
  for (let step = 0; step < 120; step++) {
    const kind = kinds[pick(kinds.length)]!;
    if (kind === "single" || kind === "script") {
      const call = write();
      run(
        redis.execute(commandOf(call)).then((value) => call.outcome = value, (error) => call.outcome = error)
          .then(() => {}),
      );
    } else if (kind === "read") {
      const read: Read = { key: KEYS[pick(KEYS.length)]!, behind: calls.length, outcome: undefined };
      reads.push(read);
      run(
        redis.get(read.key).then((value) => read.outcome = value, (error) => read.outcome = error).then(
          () => {},
        ),
      );
    } else if (kind === "everywhere") {
      run(redis.dbsize().then(() => {}, () => {}));
    } else if (kind === "pipeline") {
      const all = Array.from({ length: 1 + pick(6) }, write);
      run(
        redis.pipeline(all.map(commandOf)).exec({ settle: true }).then((outcomes) => {
          all.forEach((call, index) => call.outcome = outcomes[index]);
        }),
      );
    } else {
      // All its keys are in one slot.
      const call = write();
      run(
        redis.multi([commandOf(call)]).exec().then(([value]) => void (call.outcome = value), (error) => {
          call.outcome = error instanceof PipelineError ? error.results[0] : error;
        }),
      );
    }
    if (pick(12) === 0) run(redis.pool.refresh().catch(() => {}));
    if (pick(3) === 0) await clock.advance(pick(30));
  }
  slots.active = false;
  for (let step = 0; step < 10_000 && running.size > 0; step++) await clock.advance(10);
  assert.equal(running.size, 0, "every call settles");
  let closed = false;
  const closing = redis.close().then(() => closed = true);
  for (let step = 0; step < 10_000 && !closed; step++) await clock.advance(10);
  await closing;
  assert.equal(clock.pendingTimers, 0);
  return { calls, reads, written: slots.written };
}

/**
 * Checks that the commands of each key ran in the order of the calls, once, and exactly those that were
 * reported as run.
 */
function check(calls: readonly Written[], written: Map<string, string[]>, losses = false): void {
  for (const key of KEYS) {
    const ran = (written.get(key) ?? []).map(Number);
    assert.deepEqual(ran, [...ran].sort((a, b) => a - b), `the order of ${key}`);
    assert.equal(new Set(ran).size, ran.length, `${key} was written twice by one call`);
    const said = calls.filter(({ keys, outcome }) => keys.includes(key) && !(outcome instanceof Error));
    const unsure = new Set(calls.filter(isUnknown).map(({ value }) => value));
    assert.deepEqual(
      ran.filter((value) => !unsure.has(value)),
      said.map(({ value }) => value),
      `what ran of ${key}`,
    );
  }
  for (const { outcome } of calls) {
    if (outcome instanceof Error && !losses) {
      assert.equal((outcome as RedisError).executed, "no", String(outcome));
    }
  }
}

/** Checks that each read has the writes that were called before it and ran, and none that was called behind it. */
function checkReads(reads: readonly Read[], calls: readonly Written[], written: Map<string, string[]>): void {
  const unsure = new Set(calls.filter(isUnknown).map(({ value }) => value));
  for (const { key, behind, outcome } of reads) {
    if (outcome instanceof Error) continue;
    const found = String(outcome).split(" ")[0]!.split(",").filter((one) => one !== "").map(Number);
    const ran = (written.get(key) ?? []).map(Number).filter((value) => value < behind);
    assert.ok(
      found.every((value) => value < behind),
      `a read of ${key} behind ${behind} calls found ${found}`,
    );
    const missing = ran.filter((value) => !found.includes(value) && !unsure.has(value));
    assert.deepEqual(missing, [], `a read of ${key} behind ${behind} calls`);
  }
}

function isUnknown({ outcome }: Written): boolean {
  return outcome instanceof Error && (outcome as RedisError).executed !== "no";
}

const SEEDS = 9;
/** Large replies take longer. */
const LARGE_SEEDS = 3;

describe("the order of commands in a slot that is moved, down, loading, or elsewhere", () => {
  const all = ["single", "pipeline", "transaction"] as const;
  const mixes: readonly (readonly [readonly Kind[], Troubles])[] = [
    [["single"], {}],
    [["pipeline"], {}],
    [["single", "pipeline"], {}],
    [all, {}],
    [["script"], {}],
    [[...all, "script"], {}],
    [["single"], { losses: true }],
    [[...all, "script"], { losses: true }],
    [all, { slow: true }],
    [[...all, "script"], { departures: true }],
    [[...all, "script"], { losses: true, departures: true }],
    [["single"], { losses: true, slow: true, lifetimes: true }],
    [["single", "everywhere"], {}],
    [["read", "read", ...all], { large: true }],
    [["read", "read", ...all, "script", "everywhere"], { large: true, losses: true, departures: true }],
    [[...all, "script", "everywhere"], { lifetimes: true }],
    [[...all, "script"], { losses: true, slow: true, lifetimes: true }],
  ];
  it("is the order of the calls behind a large reply on a connection whose time is over", async () => {
    const { calls, reads, written } = await play(1_085, ["read", "read", "single"], {
      large: true,
      lifetimes: true,
    });
    checkReads(reads, calls, written);
    check(calls, written);
  });
  for (const [mix, troubles] of mixes) {
    it(`is the order of the calls: ${mix.join(", ")}; ${Object.keys(troubles).join(", ")}`, async () => {
      let ran = 0, all = 0;
      for (let seed = 1; seed <= (troubles.large ? LARGE_SEEDS : SEEDS); seed++) {
        if (!isDealt(seed)) continue;
        try {
          const { calls, reads, written } = await play(seed, mix, troubles);
          checkReads(reads, calls, written);
          // Of a script's error the server does not say whether it is the script's own.
          check(calls, written, troubles.losses || mix.includes("script"));
          all += calls.length;
          ran += calls.filter(({ outcome }) => !(outcome instanceof Error)).length;
        } catch (error) {
          throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
        }
      }
      assert.ok(ran > all * (troubles.losses ? 0.5 : 0.7), `most calls succeed: ${ran} of ${all}`);
    });
  }
});
