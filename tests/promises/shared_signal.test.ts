/**
 * A signal that many commands share has one listener, for as long as one of them is on its way.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { closeClean, Follower, settleAll, stage } from "./support.ts";

/** A signal that counts how many listeners it has now, and has had at most. */
function counted(): { readonly controller: AbortController; now: number; most: number; calls: number } {
  const controller = new AbortController();
  const { signal } = controller;
  const counts = { controller, now: 0, most: 0, calls: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    counts.calls++;
    counts.most = Math.max(counts.most, ++counts.now);
    add(...given);
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    counts.now--;
    remove(...given);
  };
  return counts;
}

describe("a signal that 20,000 commands share", () => {
  it("has one listener, and none when they have settled", async () => {
    const set = stage();
    await settleAll(set.clock, [new Follower(set.redis.connect())]);
    const counts = counted();
    const view = set.redis.with({ signal: counts.controller.signal });
    const calls = Array.from({ length: 20_000 }, (_, n) => new Follower(view.set(`k${n % 10}`, n)));
    await settleAll(set.clock, calls);
    assert.ok(calls.every(({ outcome }) => "value" in outcome!));
    assert.deepEqual([counts.most, counts.now], [1, 0]);
    await closeClean(set);
  });

  it("aborts those that are still on their way, each once, also while they wait for a connection", async () => {
    for (const connected of [true, false]) {
      const set = stage({ commandTimeout: 0 }, { script: () => undefined });
      if (!connected) {
        set.peer.onConnection = () => {
          throw new Error("away");
        };
      }
      const counts = counted();
      const { signal } = counts.controller;
      const view = set.redis.with({ signal });
      const reason = new Error("enough");
      const calls = Array.from({ length: 1_000 }, () => new Follower(view.incr("n")));
      // A call that a rejection handler starts after the abort is refused at once, and fails once, too.
      calls.push(new Follower(view.get("first").catch(() => view.get("second"))));
      await set.clock.advance(10);
      counts.controller.abort(reason);
      for (const outcome of await settleAll(set.clock, calls)) assert.deepEqual(outcome, { error: reason });
      assert.deepEqual([counts.most, counts.now], [1, 0]);
      const closing = new Follower(set.redis.close());
      await settleAll(set.clock, [closing]);
    }
  });

  it("aborts only those that have not settled, when most have", async () => {
    const set = stage({ commandTimeout: 0 }, {
      script: ([name], connection) => name === "INCR" ? undefined : connection.serve(),
    });
    const counts = counted();
    const view = set.redis.with({ signal: counts.controller.signal });
    const served = Array.from({ length: 500 }, (_, n) => new Follower(view.set(`k${n % 10}`, n)));
    const calls = Array.from({ length: 20 }, () => new Follower(view.incr("n")));
    await settleAll(set.clock, served);
    const reason = new Error("enough");
    counts.controller.abort(reason);
    const outcomes = await settleAll(set.clock, calls);
    assert.ok(outcomes.every((outcome) => "error" in outcome && outcome.error === reason));
    assert.ok(served.every(({ outcome }) => "value" in outcome!));
    assert.deepEqual([counts.most, counts.now], [1, 0]);
    const closing = new Follower(set.redis.close());
    await settleAll(set.clock, [closing]);
  });
});
