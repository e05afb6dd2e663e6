import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Sentinel } from "../../src/sentinel/sentinel.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { FakeSentinel, FakeServer, Net } from "./net.ts";

/** A service whose only replica is lost; time stands still, so that a loop that waits for it would never end. */
async function lostReplica(readFrom: "replica" | "preferReplica", offlineQueue: false) {
  const clock = new SimulatedClock();
  const net = new Net();
  const replica = new FakeServer("slave");
  const replicas = [{ host: "server", port: 11, flags: "slave" }];
  net.add("one:1", new FakeSentinel({ port: 10, replicas })).add("server:10", new FakeServer())
    .add("server:11", replica);
  const sentinel = new Sentinel(["one:1"], { transport: net, clock, offlineQueue });
  const redis = sentinel.replicaFor("mymaster", { readFrom });
  const advance = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false;
    promise.then(() => done = true, () => done = true);
    while (!done) await clock.advance(10);
    return await promise;
  };
  assert.equal(await advance(redis.get("k")), null);
  assert.equal(replica.peer.count("GET"), 1);
  net.remove("server:11");
  for (const connection of replica.peer.open) connection.close();
  await clock.advance(0);
  return { redis, advance };
}

describe("reads from a replica that is lost, without an offline queue", () => {
  for (const kind of ["command", "pipeline"] as const) {
    it(`a ${kind} fails at once, and leaves the event loop free`, async () => {
      const { redis, advance } = await lostReplica("replica", false);
      const read = kind === "command" ? redis.get("k") : redis.pipeline().get("k").exec();
      await assert.rejects(read, (error: { executed: string }) => error.executed === "no");
      await advance(redis.close());
    });
  }

  it("with preferReplica the master is read", async () => {
    const { redis, advance } = await lostReplica("preferReplica", false);
    assert.equal(await advance(redis.get("k")), null);
    await advance(redis.close());
  });
});
