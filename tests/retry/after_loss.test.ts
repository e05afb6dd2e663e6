/**
 * Retries after a lost connection wait as `retry.backoff` says, whatever `reconnect` says; in simulated time.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { Outcome, Simulated } from "../connections/simulated.ts";

/** The ways to send a read, and the name of the command that the server sees. */
const ways: [string, (redis: Redis) => Promise<unknown>][] = [
  ["a command", (redis) => redis.get("k")],
  ["a pipeline", (redis) => redis.pipeline().get("k").get("l").exec()],
  [
    "a transaction",
    (redis) => redis.with({ retry: { unsafe: true, backoff: () => 400 } }).multi().get("k").exec(),
  ],
];

describe("after a loss the shared connection waits for", () => {
  for (const reconnect of ["none", "constant:1000"]) {
    for (const [what, call] of ways) {
      it(`retry.backoff before it repeats ${what} (reconnect: ${reconnect})`, async () => {
        const simulated = new Simulated();
        const { clock, peer } = simulated;
        const sent: number[] = [];
        peer.script = ([name], connection) => {
          if (name !== "GET") return connection.serve();
          if (sent.at(-1) !== clock.now()) sent.push(clock.now());
          if (sent.length < 4) {
            connection.reset();
            return undefined;
          }
          return connection.serve();
        };
        const asked: number[] = [];
        const backoff = (attempt: number): number => (asked.push(attempt), 400);
        await using redis = new Redis(
          simulated.options({ retry: { attempts: 5, backoff }, reconnect: { backoff: reconnect } }),
        );
        await redis.set("k", 1);
        const outcome = new Outcome(call(redis));
        await clock.advance(60_000);
        assert.equal(outcome.state, "resolved", outcome.verdict);
        const waits = sent.slice(1).map((at, index) => at - sent[index]!);
        assert.deepEqual(waits, Array(3).fill(reconnect === "none" ? 400 : 1_000));
        if (what === "a command") assert.deepEqual(asked, [1, 2, 3]);
      });
    }
  }

  it("a lost command before it sends those that were called later", async () => {
    const simulated = new Simulated();
    const { clock, peer } = simulated;
    let cut = true;
    peer.script = ([name], connection) => {
      if (name === "GET" && cut) {
        cut = false;
        connection.reset();
        return undefined;
      }
      return connection.serve();
    };
    await using redis = new Redis(
      simulated.options({ retry: { backoff: "constant:400" }, reconnect: { backoff: "none" } }),
    );
    await redis.set("k", 1);
    const start = clock.now();
    const lost = redis.get("k").then(() => clock.now() - start);
    await clock.settle();
    const later = redis.incr("n").then(() => clock.now() - start);
    await clock.advance(10_000);
    // Order goes before speed: nothing overtakes a command that is to be repeated.
    assert.deepEqual(await Promise.all([lost, later]), [400, 400]);
  });

  it("no retry whose wait would go beyond the deadline: the loss is told at once", async () => {
    const simulated = new Simulated();
    const { clock, peer } = simulated;
    peer.script = ([name], connection) => {
      if (name !== "GET") return connection.serve();
      connection.reset();
      return undefined;
    };
    await using redis = new Redis(simulated.options({ retry: { backoff: "constant:400" } }));
    await redis.set("k", 1);
    const outcome = new Outcome(redis.with({ timeout: 300 }).get("k"));
    await clock.settle();
    assert.equal(outcome.verdict, "ConnectionError LOST unknown");
    assert.equal(peer.count("GET"), 1);
  });
});
