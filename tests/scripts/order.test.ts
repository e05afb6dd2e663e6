/**
 * Scripts keep their place among the other commands of a connection, whether the server knows them or not: random calls
 * on a real server whose scripts are flushed and whose connections are killed meanwhile.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "../harness/properties.ts";
import { type Command, createScript, Redis, RedisError, ReplyError } from "../../mod.ts";
import { rpush } from "../../src/commands/mod.ts";
import { type Server, startServer } from "../harness/server.ts";

type Kind = "push" | "script" | "bytes" | "pipeline" | "multi" | "flush" | "kill" | "wait";

interface Step {
  readonly kind: Kind;
  readonly key: number;
  readonly script: number;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Kind>(
      ...[
        "push",
        "push",
        "script",
        "script",
        "script",
        "bytes",
        "pipeline",
        "multi",
        "flush",
        "kill",
        "wait",
      ] as const,
    ),
    key: fc.integer({ min: 0, max: 2 }),
    script: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 20, maxLength: 80 },
);

/** Different sources of one script. */
const APPEND = [1, 2, 3, 4].map((n) =>
  createScript(`return redis.call('RPUSH', KEYS[1], ARGV[1]) -- ${n}`, { numberOfKeys: 1 })
);
const encoder = new TextEncoder();

/** The key and the outcome of an appending call: a value, or an error. */
interface Appended {
  readonly key: string;
  readonly value: number;
  outcome: unknown;
}

const executedOf = ({ outcome }: Appended): string =>
  outcome instanceof RedisError ? outcome.executed : outcome instanceof Error ? "unknown" : "yes";

describe("the order of scripts and other commands on one connection", () => {
  let server: Server;
  let admin: Redis;
  before(async () => {
    server = await startServer();
    admin = new Redis(server.url);
  });
  after(async () => {
    await admin.close();
    await server.stop();
  });

  /** Makes the calls of a plan without waiting for replies; returns what they appended, in the order of the calls. */
  async function play(redis: Redis, plan: readonly Step[]): Promise<Appended[]> {
    const all: Appended[] = [];
    const running: Promise<unknown>[] = [];
    const append = (key: number): Appended => {
      const appended: Appended = { key: `k${key}`, value: all.length, outcome: undefined };
      all.push(appended);
      return appended;
    };
    const run = (group: readonly Appended[], promise: Promise<unknown>): void => {
      running.push(promise.then(
        (value) => group.forEach((one, at) => one.outcome = Array.isArray(value) ? value[at] : value),
        (error) => group.forEach((one, at) => one.outcome = error.results?.[at] ?? error),
      ));
    };
    const commandOf = ({ key, value }: Appended, script: number): Command =>
      value % 2 === 0 ? APPEND[script]!([key], [value]) : rpush(key, String(value));
    for (const { kind, key, script } of plan) {
      if (kind === "flush") running.push(admin.scriptFlush());
      else if (kind === "kill") running.push(admin.clientKill({ type: "normal", skipMe: true }));
      else if (kind === "wait") await admin.ping();
      else if (kind === "push") {
        const one = append(key);
        run([one], redis.rpush(one.key, String(one.value)));
      } else if (kind === "script") {
        const one = append(key);
        run([one], redis.execute(APPEND[script]!([one.key], [one.value])));
      } else if (kind === "bytes") {
        const one = append(key);
        const bytes = encoder.encode(String(one.value));
        run([one], redis.execute(APPEND[script]!([encoder.encode(one.key)], [bytes])));
        bytes.fill(0);
      } else {
        const group = [append(key), append((key + 1) % 3), append(key)];
        const commands = group.map((one) => commandOf(one, script));
        const batch = kind === "multi" ? redis.multi(commands) : redis.pipeline(commands);
        run(group, batch.exec({ settle: true }));
      }
    }
    await Promise.all(running);
    return all;
  }

  const check = async (all: readonly Appended[]): Promise<void> => {
    for (const key of ["k0", "k1", "k2"]) {
      const ran = (await admin.lrange(key, 0, -1)).map(Number);
      const calls = all.filter((one) => one.key === key);
      const certain = calls.filter((one) => executedOf(one) !== "unknown");
      const known = new Set(certain.map(({ value }) => value));
      // One whose connection was lost may run late.
      assert.deepEqual(
        ran.filter((value) => known.has(value)),
        certain.filter((one) => executedOf(one) === "yes").map(({ value }) => value),
        `what ran of ${key}: ${ran}`,
      );
      assert.equal(new Set(ran).size, ran.length, `twice in ${key}: ${ran}`);
    }
  };

  it("is the order of the calls, whatever is flushed or killed meanwhile", async () => {
    const codes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        await admin.flushall();
        await admin.scriptFlush();
        await using redis = new Redis(server.url, { reconnect: { backoff: "constant:1" } });
        const all = await play(redis, plan);
        for (const { outcome } of all) if (outcome instanceof RedisError) codes.add(outcome.code);
        await check(all);
      }),
      { numRuns: 40 },
    );
    for (const code of codes) assert.ok(["NOSCRIPT", "LOST"].includes(code), code);
  });

  it("after SCRIPT FLUSH a script runs in its place, before later commands on other keys have to wait", async () => {
    await admin.flushall();
    await using redis = new Redis(server.url);
    await redis.execute(APPEND[0]!(["k0"], [0]));
    await admin.scriptFlush();
    await Promise.all([
      redis.execute(APPEND[0]!(["k0"], [1])),
      redis.rpush("k1", "2"),
      redis.get("k2"),
      redis.execute(APPEND[0]!(["k0"], [3])),
    ]);
    assert.deepEqual(await redis.lrange("k0", 0, -1), ["0", "1", "3"]);
    await admin.scriptFlush();
    const first = redis.execute(APPEND[0]!(["k0"], [4]));
    const second = redis.rpush("k0", "5");
    await assert.rejects(first, (error) => {
      assert.ok(error instanceof ReplyError && error.code === "NOSCRIPT" && error.executed === "no");
      assert.match(error.message, /later command on the same key has run/);
      return true;
    });
    await second;
    assert.deepEqual(await redis.lrange("k0", 0, -1), ["0", "1", "3", "5"]);
  });
});
