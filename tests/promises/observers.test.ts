/**
 * An observer may break every rule: what it watches runs once and has its own outcome, and nothing is left.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import type { ObservedPool, Observer } from "../../mod.ts";
import { ReplyError } from "../../src/errors.ts";
import { checkActions, mixedLoad } from "./load.ts";
import { closeClean, Follower, reader, settleAll, stage } from "./support.ts";

const failing = (): never => {
  throw new Error("not my day");
};
const never: Promise<never> = new Promise(() => {});
const always = { listens: (): boolean => true };

const observers: Readonly<Record<string, Observer>> = {
  "throws when it is asked": { listens: failing, observe: (_, run) => run() },
  "throws when it is told of a pool": { ...always, observe: (_, run) => run(), pool: failing },
  "throws before it runs the operation": { ...always, observe: failing },
  "throws behind it": { ...always, observe: (_, run) => (run(), failing()) },
  "rejects at once": { ...always, observe: () => Promise.reject(new Error("not my day")) },
  "rejects when the operation has ended": { ...always, observe: (_, run) => run().then(failing, failing) },
  "never runs the operation": { ...always, observe: () => never },
  "runs it late": {
    ...always,
    observe: (_, run) => Promise.resolve().then(() => Promise.resolve()).then(run),
  },
  "runs it twice": { ...always, observe: (_, run) => (run().catch(() => {}), run()) },
  "never settles": { ...always, observe: (_, run) => (run().catch(() => {}), never) },
  "gives back something else": { ...always, observe: async (_, run) => (await run(), "mine" as never) },
  "swallows errors": { ...always, observe: (_, run) => run().catch(() => "fine" as never) },
  "gives back nothing": { ...always, observe: (_, run) => void run().catch(() => {}) as never },
  "gives back a thenable that throws": {
    ...always,
    observe: (_, run) => {
      run().catch(() => {});
      return { then: failing } as never;
    },
  },
};

describe("an observer that", () => {
  for (const [what, observer] of Object.entries(observers)) {
    it(`${what} harms nothing`, async () => {
      const complain = mock.method(console, "error", () => {});
      try {
        for (const multiplex of [true, false]) {
          const set = stage({ observer, multiplex, commandTimeout: 2_000, healthCheckInterval: 0 });
          const actions = mixedLoad(set.redis);
          await settleAll(set.clock, actions.map(({ follower }) => follower));
          for (const { name, follower } of actions) assert.ok("value" in follower.outcome!, name);
          await checkActions(actions, reader(set), what);
          // A failure stays the same failure.
          const [wrong] = await settleAll(set.clock, [new Follower(set.redis.lpush("plain:1", "x"))]);
          assert.ok(
            "error" in wrong! && wrong.error instanceof ReplyError && wrong.error.code === "WRONGTYPE",
          );
          // A loss in the middle, too: all settle, and say what is true.
          const lost = mixedLoad(set.redis.with({}));
          set.peer.last.reset();
          await settleAll(set.clock, lost.map(({ follower }) => follower));
          await closeClean(set);
        }
        // Once for each observer, whatever it does and however often.
        assert.ok(complain.mock.callCount() <= 1, `${complain.mock.callCount()} complaints`);
      } finally {
        complain.mock.restore();
      }
    });
  }

  it("is well hears of the end before the caller does", async () => {
    const order: string[] = [];
    const observer: Observer = {
      ...always,
      observe: async (operation, run) => {
        try {
          return await run();
        } finally {
          order.push(operation.kind);
        }
      },
      pool: (pool: ObservedPool) => void order.push(`pool ${pool.closed}`),
    };
    const set = stage({ observer });
    await settleAll(set.clock, [new Follower(set.redis.ping().then(() => order.push("caller")))]);
    assert.deepEqual(order, ["pool false", "connect", "acquire", "command", "caller"]);
    await closeClean(set);
  });
});

describe("a listener of messages that throws or rejects", () => {
  it("disturbs neither the subscription nor commands", async () => {
    const complain = mock.method(console, "error", () => {});
    try {
      const set = stage({ healthCheckInterval: 0 });
      const heard: string[] = [];
      const calls = [
        set.redis.subscribe("news", failing),
        set.redis.subscribe("news", () => Promise.reject(new Error("not my day"))),
        set.redis.subscribe("news", (message: unknown) => void heard.push(JSON.stringify(message))),
      ];
      await settleAll(set.clock, calls.map((call) => new Follower(call)));
      for (let count = 0; count < 2; count++) {
        set.peer.server.publish("news", `message ${count}`);
        const [outcome] = await settleAll(set.clock, [new Follower(set.redis.incr("n"))]);
        assert.deepEqual(outcome, { value: count + 1 });
      }
      assert.equal(heard.length, 2);
      assert.match(heard[1]!, /message 1/);
      await closeClean(set);
    } finally {
      complain.mock.restore();
    }
  });
});
