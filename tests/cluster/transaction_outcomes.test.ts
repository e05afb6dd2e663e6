/** `exec({ settle: true })` resolves with an outcome for each command, whatever becomes of the transaction. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisCluster, RedisError } from "../../mod.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ErrorReply } from "../harness/resp.ts";
import { Many } from "../harness/scripted_peer.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

/** The causes and outcomes of transactions, and whether they may have run. */
const ENDS: Readonly<Record<string, readonly [(fake: FakeCluster) => void, "unknown" | "no"]>> = {
  "its connection is lost": [(fake) => {
    fake.before = (_port, [name], connection) => {
      if (name === "EXEC") connection.reset();
      return name === "EXEC" ? new Many([]) : undefined;
    };
  }, "unknown"],
  "no reply comes": [(fake) => {
    fake.before = (_port, [name]) => name === "EXEC" ? new Promise(() => {}) : undefined;
  }, "unknown"],
  "the cluster is down": [(fake) => {
    const down = new ErrorReply("CLUSTERDOWN The cluster is down");
    const aborted = new ErrorReply("EXECABORT Transaction discarded because of previous errors.");
    fake.before = (_port, [name]) => name === "SET" ? down : name === "EXEC" ? aborted : undefined;
  }, "no"],
  "no node can be reached": [(fake) => {
    for (const port of [7000, 7001, 7002]) {
      fake.down.add(port);
      for (const connection of fake.peer(port).open) connection.reset();
    }
  }, "no"],
};

describe("a transaction of a cluster that settles its commands", () => {
  for (const multiplex of [true, false]) {
    for (const [end, [begin, executed]] of Object.entries(ENDS)) {
      it(`has an outcome for each: ${end} (multiplex: ${multiplex})`, async () => {
        const fake = new FakeCluster(dealt(3));
        const clock = new SimulatedClock();
        const redis = new RedisCluster(["node:7000", "node:7001", "node:7002"], {
          ...{ transport: fake.transport(), clock, refreshInterval: 0, commandTimeout: 1_000, multiplex },
        });
        const connected = redis.connect();
        await clock.advance(100);
        await connected;
        begin(fake);
        await clock.advance(10);
        const exec = () => redis.multi().set("{a}1", 1).set("{a}2", 2);
        const settled = exec().exec({ settle: true });
        const thrown = exec().exec().then(() => undefined, (error) => error);
        await clock.advance(10_000);
        const outcomes = await settled as readonly unknown[];
        assert.equal(outcomes.length, 2);
        for (const outcome of outcomes) {
          assert.ok(outcome instanceof RedisError, String(outcome));
          assert.equal(outcome.executed, executed);
        }
        assert.ok(await thrown instanceof RedisError);
        await redis.close();
      });
    }
  }
});
