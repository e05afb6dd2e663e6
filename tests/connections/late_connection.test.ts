/** A dedicated connection that opens when the time of its command has expired. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockingConnectionPool, Redis } from "../../mod.ts";
import { Outcome, Simulated } from "./simulated.ts";

describe("commandTimeout", () => {
  it("is looked at before a command is sent on a connection that came too late", async () => {
    const simulated = new Simulated();
    const pool = new BlockingConnectionPool(simulated.options({ maxConnections: 1 }));
    await using redis = new Redis({ pool, multiplex: false });
    const held = await pool.acquire();
    const calls = [
      new Outcome(redis.with({ timeout: 100 }).incr("n")),
      new Outcome(redis.with({ timeout: 100 }).pipeline().incr("n").exec()),
    ];
    await simulated.clock.settle();
    // The process is stopped: no timer has fired when the connection comes.
    simulated.clock.jump(200);
    held[Symbol.dispose]();
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    await simulated.clock.advance(10);
    for (const { error } of calls) assert.deepEqual([error.code, error.executed], ["COMMAND_TIMEOUT", "no"]);
    assert.equal(simulated.peer.count("INCR"), 0);
    await redis.close();
    await pool.close();
  });
});
