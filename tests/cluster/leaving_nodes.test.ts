/** A command that blocks at a node which leaves the cluster continues at the right one: the client stays open. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisCluster } from "../../mod.ts";
// Loaded when it is first used, which simulated time does not wait for.
import "../../src/client/lazy_modules.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ErrorReply } from "../harness/resp.ts";
import type { Answer } from "../harness/scripted_peer.ts";
import { type Belief, dealt, FakeCluster } from "./fake_cluster.ts";

const SLOT = slotOf("jobs");
const unblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK";

/** A cluster where BLPOP and XREAD block at the ports in `blocking`; at others they end with the port. */
function start(belief: Belief, blocking: readonly number[], options: object) {
  const fake = new FakeCluster(belief);
  const clock = new SimulatedClock();
  const ends = new Map<number, ((answer: Answer) => void)[]>();
  const own = new Map<string, (port: number) => Answer | Promise<Answer>>();
  fake.before = (port, [name, what = ""]) => {
    if (name === "CLIENT" && what === "UNBLOCK") {
      for (const end of ends.get(port)?.splice(0) ?? []) end(new ErrorReply(unblocked));
      return 1;
    }
    if (name !== "BLPOP" && name !== "XREAD") return own.get(name!)?.(port);
    const special = own.get(name)?.(port);
    if (special !== undefined) return special;
    if (!blocking.includes(port)) return name === "BLPOP" ? ["jobs", `${port}`] : [["jobs", []]];
    return new Promise((resolve) => ends.set(port, [...ends.get(port) ?? [], resolve]));
  };
  const redis = new RedisCluster({ transport: fake.transport(), clock, refreshInterval: 0, ...options });
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false;
    promise.then(() => done = true, () => done = true);
    for (let step = 0; step < 1_000 && !done; step++) await clock.advance(10);
    return await promise;
  };
  const end = async (): Promise<void> => {
    await settled(redis.close());
    assert.equal(fake.open + clock.pendingTimers, 0);
  };
  return { fake, clock, redis, settled, end, own };
}

const master = dealt(3).shards.find(({ range: [from, to] }) => from <= SLOT && SLOT <= to)!.master;

describe("a command that blocks at a node which leaves", () => {
  const seed = { host: "seed", port: 6999, initSlotCache: false };

  for (const given of [{}, { retry: { attempts: 0 } }]) {
    it(`goes from the first node to the right one (${JSON.stringify(given)})`, async () => {
      const { fake, clock, redis, settled, end } = start(dealt(3), [6999], { ...seed, ...given });
      const popped = redis.blpop("jobs", 0);
      await clock.advance(100);
      assert.deepEqual([...fake.peers.keys()], [6999]);
      await settled(redis.pool.refresh());
      assert.deepEqual(await settled(popped), ["jobs", `${master}`]);
      assert.equal(fake.peer(master).count("BLPOP"), 1);
      await end();
    });

    it(`goes to the right one while it waits for the first node (${JSON.stringify(given)})`, async () => {
      const limits = { maxConnections: 1, ...given };
      const { fake, clock, redis, settled, end } = start(dealt(3), [6999], { ...seed, ...limits });
      let handshakes = 0;
      fake.peer(6999).script = ((script) => (command, connection) =>
        command[0] === "HELLO" && handshakes++ === 0
          ? new Promise<Answer>(() => {})
          : script(command, connection))(
          fake.peer(6999).script,
        );
      const popped = redis.blpop("jobs", 0);
      await clock.advance(100);
      assert.equal(handshakes, 1);
      await settled(redis.pool.refresh());
      assert.deepEqual(await settled(popped), ["jobs", `${master}`]);
      await end();
    });
  }

  it("goes nowhere else after its limit, and says why", async () => {
    const { clock, redis, settled, end } = start(dealt(3), [6999], { ...seed, commandTimeout: 50 });
    const popped = redis.blpop("jobs", 0);
    const rejected = assert.rejects(popped, { code: "REPLACED", executed: "no", message: /seed:6999/ });
    await clock.advance(100);
    await settled(redis.pool.refresh());
    await settled(rejected);
    await end();
  });

  it("goes from a replica to the master", async () => {
    const { epoch, shards } = dealt(3);
    const replicas = shards.map((shard) => ({ ...shard, replicas: [shard.master + 100] }));
    const options = { host: "node", port: 7000, readFrom: "preferReplica" };
    const { fake, clock, redis, settled, end } = start({ epoch, shards: replicas }, [master + 100], options);
    await settled(redis.connect());
    const read = redis.xread({ jobs: "$" }, { block: 0 });
    await clock.advance(100);
    assert.equal(fake.peer(master + 100).count("XREAD"), 1);
    fake.belief = { epoch: epoch + 1, shards };
    await settled(redis.pool.refresh());
    await settled(read);
    assert.equal(fake.peer(master).count("XREAD"), 1);
    await end();
  });

  it("goes to the master from a node that ASK named", async () => {
    const { fake, clock, redis, settled, end, own } = start(dealt(3), [7009], { host: "node", port: 7000 });
    await settled(redis.connect());
    let asked = 0;
    own.set(
      "BLPOP",
      (port) => port === master && asked++ === 0 ? new ErrorReply(`ASK ${SLOT} node:7009`) : undefined,
    );
    const popped = redis.blpop("jobs", 0);
    await clock.advance(100);
    assert.equal(fake.peer(7009).count("BLPOP"), 1);
    await settled(redis.pool.refresh());
    assert.deepEqual(await settled(popped), ["jobs", `${master}`]);
    await end();
  });

  it("rejects when the client is closed, also behind ASKING", async () => {
    for (const asks of [false, true]) {
      const { fake, clock, redis, settled, end, own } = start(dealt(3), [master, 7009], {
        host: "node",
        port: 7000,
      });
      await settled(redis.connect());
      if (asks) {
        own.set("BLPOP", (port) => port === master ? new ErrorReply(`ASK ${SLOT} node:7009`) : undefined);
      }
      const popped = redis.blpop("jobs", 0);
      const rejected = assert.rejects(popped, {
        code: "CLOSED",
        executed: "no",
        message: /BLPOP: the client is closed/,
      });
      await clock.advance(100);
      assert.equal(fake.peer(asks ? 7009 : master).count("BLPOP"), 1);
      await end();
      await rejected;
    }
  });
});
