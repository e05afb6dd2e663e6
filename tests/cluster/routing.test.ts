import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClusterError, PartialError, RedisCluster, ReplyError } from "../../mod.ts";
import { split } from "../../src/cluster/commands/multi_key.ts";
import * as c from "../../src/commands/mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ErrorReply } from "../harness/resp.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

/** The port of the master of a key's slot, as `dealt` has it. */
function portOf(fake: FakeCluster, key: string): number {
  const slot = slotOf(key);
  return fake.belief.shards.find(({ range: [from, to] }) => slot >= from && slot <= to)!.master;
}

function start(fake: FakeCluster, options: object = {}): { redis: RedisCluster; clock: SimulatedClock } {
  const clock = new SimulatedClock();
  const transport = fake.transport();
  const redis = new RedisCluster({
    host: "node",
    port: 7000,
    transport,
    clock,
    refreshInterval: 0,
    ...options,
  });
  return { redis, clock };
}

/** Moves time on until a promise has settled. */
async function settled<T>(clock: SimulatedClock, promise: Promise<T>): Promise<T> {
  let done = false;
  promise.then(() => done = true, () => done = true);
  for (let step = 0; step < 10_000 && !done; step++) await clock.advance(10);
  return await promise;
}

describe("a cluster of 200 nodes", () => {
  it("is learned over one connection, and no other is opened before it is needed", async () => {
    const fake = new FakeCluster(dealt(200));
    const { redis, clock } = start(fake);
    await settled(clock, redis.connect());
    assert.equal(redis.topology.nodes().length, 200);
    assert.equal(redis.topology.epoch, 200);
    assert.equal(redis.topology.reason, "start");
    assert.equal(fake.open, 1);
    for (let n = 0; n < 10; n++) await settled(clock, redis.set("{a}" + n, n));
    assert.ok(fake.open <= 2, `${fake.open} connections`);
    assert.equal(redis.topology.masterOf(slotOf("a"))!.port, portOf(fake, "a"));
    await settled(clock, Promise.all(Array.from({ length: 50 }, () => redis.pool.refresh())));
    assert.equal(fake.asked, 2, "refreshes at the same time are one flight");
    await redis.close();
    assert.equal(fake.open, 0);
    assert.equal(clock.pendingTimers, 0);
  });
});

describe("MOVED", () => {
  it("is followed, remembered for its slot, and after reinitializeSteps all slots are asked for", async () => {
    const fake = new FakeCluster(dealt(3));
    const { redis, clock } = start(fake, { reinitializeSteps: 2 });
    await settled(clock, redis.connect());
    // All slots of the first master move to the second, and the client receives no notice.
    const [first, second, third] = fake.belief.shards;
    fake.belief = { epoch: 4, shards: [{ ...first!, master: second!.master }, second!, third!] };
    const keys = Array.from({ length: 100 }, (_, n) => `k${n}`).filter((key) =>
      slotOf(key) <= first!.range[1]
    );
    assert.equal(await settled(clock, redis.set(keys[0]!, "1")), "OK");
    assert.equal(redis.topology.masterOf(slotOf(keys[0]!))!.port, second!.master);
    assert.equal(redis.topology.epoch, 3);
    const sent = fake.peer(first!.master).count("SET");
    assert.equal(await settled(clock, redis.set(keys[0]!, "2")), "OK");
    assert.equal(fake.peer(first!.master).count("SET"), sent, "the slot is known by now");
    assert.equal(await settled(clock, redis.set(keys[1]!, "1")), "OK");
    await clock.advance(1_000);
    assert.equal(redis.topology.epoch, 4);
    assert.equal(redis.topology.reason, "moved");
    await redis.close();
  });

  it("in circles ends, with an error that says so", async () => {
    const fake = new FakeCluster(dealt(3));
    const slot = slotOf("foo");
    fake.before = (port, [name]) =>
      name === "GET" ? new ErrorReply(`MOVED ${slot} node:${port === 7000 ? 7001 : 7000}`) : undefined;
    const { redis, clock } = start(fake, { commandTimeout: 60_000, maxRedirections: 7 });
    await assert.rejects(settled(clock, redis.get("foo")), (error) => {
      assert.ok(error instanceof ClusterError);
      assert.equal(error.code, "REDIRECTIONS");
      assert.equal(error.executed, "no");
      assert.match(error.message, /GET.*7 times.*MOVED/);
      return true;
    });
    assert.equal(fake.count("GET"), 8);
    await redis.close();
  });

  it("to itself ends, too, by the deadline at the latest", async () => {
    const fake = new FakeCluster(dealt(3));
    fake.before = (port, [name]) => name === "GET" ? new ErrorReply(`MOVED 12182 node:${port}`) : undefined;
    const { redis, clock } = start(fake, { commandTimeout: 300 });
    await assert.rejects(settled(clock, redis.get("foo")), (error) => {
      assert.ok(error instanceof ReplyError);
      assert.equal(error.code, "MOVED");
      return true;
    });
    assert.ok(fake.count("GET") < 17);
    await redis.close();
  });

  it("without a host means the host of the node that said it; addressMap holds for it", async () => {
    const fake = new FakeCluster(dealt(3));
    fake.host = null;
    const { redis, clock } = start(fake, {
      addressMap: [{ fromPort: 7002, toHost: "far", toPort: 9002 }],
    });
    fake.peer(9002).script = (_, connection) => connection.serve();
    await settled(clock, redis.connect());
    const key = Array.from({ length: 100 }, (_, n) => `k${n}`).find((one) => portOf(fake, one) === 7001)!;
    const port = portOf(fake, key);
    fake.before = (at, [name]) =>
      at === port && name === "SET" ? new ErrorReply(`MOVED ${slotOf(key)} :7002`) : undefined;
    assert.equal(await settled(clock, redis.set(key, "v")), "OK");
    assert.equal(fake.peer(9002).count("SET"), 1);
    assert.ok(fake.connected.includes("far:9002"));
    await redis.close();
  });
});

describe("ASK", () => {
  it("sends ASKING and the command together, and remembers nothing", async () => {
    const fake = new FakeCluster(dealt(3));
    const port = portOf(fake, "foo");
    const other = port === 7000 ? 7001 : 7000;
    let asking = false;
    fake.before = (at, command, connection) => {
      if (command[0] === "ASKING") asking = true;
      else if (command[0] === "SET" && at === port) {
        return new ErrorReply(`ASK ${slotOf("foo")} node:${other}`);
      } else if (command[0] === "SET" && at === other && asking) {
        asking = false;
        return connection.serve();
      }
      return undefined;
    };
    const { redis, clock } = start(fake);
    const all = await settled(clock, Promise.all(Array.from({ length: 20 }, (_, n) => redis.set("foo", n))));
    assert.deepEqual(all, new Array(20).fill("OK"));
    assert.equal(fake.peer(other).count("ASKING"), 20);
    assert.equal(redis.topology.masterOf(slotOf("foo"))!.port, port);
    await redis.close();
  });
});

describe("replies that say not now", () => {
  for (
    const reply of [
      "TRYAGAIN keys are on their way",
      "CLUSTERDOWN The cluster is down",
      "LOADING dataset",
      "READONLY replica",
    ]
  ) {
    const code = reply.split(" ")[0]!;
    it(`${code} is waited out, within the deadline`, async () => {
      const fake = new FakeCluster(dealt(3));
      let left = 3;
      fake.before = (_, [name]) => name === "INCR" && left-- > 0 ? new ErrorReply(reply) : undefined;
      const { redis, clock } = start(fake);
      assert.equal(await settled(clock, redis.incr("n")), 1);
      assert.equal(fake.count("INCR"), 4);
      left = Infinity;
      await assert.rejects(settled(clock, redis.with({ timeout: 300 }).incr("n")), { code });
      left = Infinity;
      await assert.rejects(settled(clock, redis.with({ retry: false }).incr("n")), { code, executed: "no" });
      await redis.close();
    });
  }
});

describe("keys in several slots", () => {
  it("partial failures are told, by slot and place", async () => {
    const fake = new FakeCluster(dealt(3));
    const bad = slotOf("b");
    fake.before = (_, command, connection) => {
      if (command[0] === "MGET" && slotOf(command[1]!) === bad) return new ErrorReply("ERR no luck");
      return command[0] === "MGET" ? connection.serve() : undefined;
    };
    const { redis, clock } = start(fake);
    await settled(clock, redis.set("a", "1"));
    await assert.rejects(settled(clock, redis.mget(["a", "b", "c"])), (error) => {
      assert.ok(error instanceof PartialError);
      assert.ok(error instanceof ClusterError);
      assert.deepEqual(error.failures.map(({ where, positions }) => ({ where, positions })), [
        { where: `slot ${bad}`, positions: [1] },
      ]);
      assert.deepEqual(error.results[0], ["1"]);
      assert.doesNotMatch(JSON.stringify(error), /results/);
      return true;
    });
    await redis.close();
  });

  it("an aborted call rejects with the reason of its signal, whatever that is and whatever the parts came to", async () => {
    type Run = (redis: RedisCluster) => Promise<unknown>;
    const runs: readonly (readonly [Run, parts: number])[] = [
      [(redis) => redis.mset({ a: 1, b: 2, c: 3 }), 3],
      [(redis) => redis.mget("a", "b", "c"), 3],
      [(redis) => redis.dbsize(), 3],
      [(redis) => redis.pipeline().mget("a", "b", "c").exec({ settle: true }), 3],
      [(redis) => redis.pipeline().ping().exec({ settle: true }), 1],
    ];
    for (const reason of [new Error("mine"), "a text", undefined]) {
      for (const [run, parts] of runs) {
        const fake = new FakeCluster(dealt(3));
        let arrived = 0;
        // The master of "b" never answers, and no node answers a PING.
        fake.before = (port, [name = ""], connection) => {
          if (!["MGET", "MSET", "DBSIZE", "PING"].includes(name)) return undefined;
          arrived++;
          if (port === portOf(fake, "b") || name === "PING") return new Promise<never>(() => {});
          return name === "DBSIZE" ? 1 : connection.serve();
        };
        const { redis, clock } = start(fake);
        await settled(clock, redis.connect());
        const controller = new AbortController();
        const aborted = run(redis.with({ signal: controller.signal }));
        const rejected = assert.rejects(aborted, (error) => error === controller.signal.reason, `${run}`);
        while (arrived < parts) await clock.advance(1);
        controller.abort(reason);
        await rejected;
        await settled(clock, redis.close());
      }
    }
  });

  it("MSETEX is split by slots, but not with a condition on all keys", () => {
    const whole = c.msetex({ a: 1, b: 2, "{a}c": 3 }, { px: 5 });
    const words = (command: c.Command) => [command.spec.name, ...command.args].join(" ");
    assert.deepEqual(split(whole)!.map(({ command, positions }) => [words(command), positions]), [
      ["MSETEX 2 a 1 {a}c 3 PX 5", [0, 2]],
      ["MSETEX 1 b 2 PX 5", [1]],
    ]);
    assert.equal(split(c.msetex({ a: 1, b: 2 }, { nx: true })), undefined);
    assert.equal(split(c.msetex({ a: 1, b: 2 }, { xx: true, ex: 1 })), undefined);
    assert.equal(split(c.msetex({ a: "nx", xx: 2 }))!.length, 2);
  });

  it("commands that cannot be split are refused before anything is sent, without showing keys", async () => {
    const fake = new FakeCluster(dealt(3));
    const { redis } = start(fake);
    const refused: Record<string, () => Promise<unknown>> = {
      sinter: () => redis.sinter(["secret1", "secret2"]),
      msetex: () => redis.msetex({ secret1: 1, secret2: 2 }, { nx: true }),
      watch: () => redis.watch(["secret1", "secret2"], () => "the function"),
      multi: () => redis.multi().set("secret1", 1).set("secret2", 2).exec(),
    };
    for (const [name, call] of Object.entries(refused)) {
      await assert.rejects(call(), (error) => {
        assert.ok(error instanceof ClusterError, name);
        assert.equal(error.code, "CROSSSLOT");
        assert.match(error.message, /key 1 in slot \d+; key 2 in slot \d+/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    }
    assert.equal(fake.connected.length, 0);
    await redis.close();
  });
});
