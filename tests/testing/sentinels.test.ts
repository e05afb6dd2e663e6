import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis, Sentinel } from "../../mod.ts";
import {
  type TestReplicatedServer,
  type TestSentinel,
  TestSentinels,
  type TestSentinelsOptions,
  TestServer,
} from "../../testing.ts";
import { SimulatedClock } from "../harness/clock.ts";

interface Setup extends AsyncDisposable {
  readonly clock: SimulatedClock;
  readonly servers: TestSentinels;
  readonly redis: Redis;
}

/** Creates the setup, in simulated time. */
function setUp(options: TestSentinelsOptions = {}): Setup {
  const clock = new SimulatedClock();
  const servers = new TestSentinels({ clock, ...options });
  const sentinel = new Sentinel(servers.addresses, { transport: servers.transport, clock });
  const redis = sentinel.masterFor(servers.name);
  return {
    clock,
    servers,
    redis,
    async [Symbol.asyncDispose]() {
      await redis[Symbol.asyncDispose]();
      await servers.close();
    },
  };
}

function connectTo(
  servers: TestSentinels,
  one: TestReplicatedServer | TestSentinel,
  clock?: SimulatedClock,
): Redis {
  const { host, port } = one;
  return new Redis({ transport: servers.transport, host, port, retry: false, ...clock && { clock } });
}

/** A result, with time going on until it is there. */
async function within<T>(clock: SimulatedClock, result: Promise<T>): Promise<T> {
  let done = false;
  const settled = result.finally(() => done = true);
  settled.catch(() => {});
  for (let i = 0; i < 300 && !done; i++) await clock.advance(50);
  assert.ok(done, "it is there within 15 seconds");
  return await settled;
}

describe("TestSentinels", () => {
  it("does not count sentinels that were told to monitor the master no longer", async () => {
    const clock = new SimulatedClock();
    await using servers = new TestSentinels({ clock });
    const { host, port } = servers.master;
    const removed = await Promise.all(
      servers.sentinels.slice(1).map(async (sentinel) => {
        const client = connectTo(servers, sentinel, clock);
        await client.command("SENTINEL", "REMOVE", servers.name);
        assert.equal(await client.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", servers.name), null);
        return client;
      }),
    );
    servers.stop(servers.master);
    await clock.advance(20_000);
    assert.equal(servers.master.port, port);
    assert.equal(servers.sentinels.length, 3);
    for (const client of removed) {
      await client.command("SENTINEL", "MONITOR", servers.name, host, port, 2);
      await client.command("SENTINEL", "SET", servers.name, "down-after-milliseconds", 500);
    }
    // The first sentinel waits twice its failover timeout until it tries again.
    await clock.advance(60_000);
    assert.notEqual(servers.master.port, port);
    for (const client of removed) await client.close();
  });

  it("refuses writes while too few replicas are linked", async () => {
    await using servers = new TestSentinels({ replicas: 1, config: { "min-replicas-to-write": "1" } });
    await using redis = connectTo(servers, servers.master);
    assert.equal(await redis.set("k", "v"), "OK");
    servers.stop(servers.replicas[0]!);
    const refused = { message: /NOREPLICAS Not enough good replicas to write/ };
    await assert.rejects(redis.set("k", "w"), refused);
    await assert.rejects(redis.eval("return redis.call('SET', KEYS[1], 'w')", ["k"]), refused);
    await assert.rejects(redis.multi().set("k", "w").exec());
    assert.equal(await redis.get("k"), "v");
    await redis.configSet("min-replicas-to-write", 0);
    assert.equal(await redis.set("k", "w"), "OK");
  });

  it("serves clients in the process and over TCP: the master, and its replicas", async () => {
    await using servers = new TestSentinels();
    const work = async (sentinel: Sentinel): Promise<void> => {
      await using master = sentinel.masterFor(servers.name);
      await using replica = sentinel.replicaFor(servers.name);
      await master.set("k", "v");
      assert.equal(await master.wait(2, 1_000), 2);
      assert.equal(await replica.get("k"), "v");
    };
    {
      const sentinel = new Sentinel(servers.addresses, { transport: servers.transport });
      await work(sentinel);
    }
    await servers.listen();
    const sentinel = new Sentinel(servers.addresses);
    await work(sentinel);
    assert.ok(servers.replicas.some((one) => one.executed.count("GET") > 0));
  });

  it("fails over when the master is lost, to the replica that has most, and loses the rest", async () => {
    await using all = setUp({ downAfter: 1_000 });
    const { clock, servers, redis } = all;
    const [old, near, far] = servers.servers as [
      TestReplicatedServer,
      TestReplicatedServer,
      TestReplicatedServer,
    ];
    far.replicationLag = Infinity;
    near.replicationLag = 100;
    await within(clock, redis.set("k", "arrived"));
    await clock.advance(100);
    await within(clock, redis.set("k", "lost"));
    servers.stop(old);
    await clock.advance(999);
    assert.ok(servers.sentinels.every(({ masterDown }) => !masterDown));
    await clock.advance(1);
    assert.ok(servers.sentinels.every(({ masterDown }) => masterDown));
    await clock.advance(200);
    assert.equal(servers.master, near);
    assert.deepEqual(servers.sentinels.map(({ master }) => master), [near, near, near]);
    assert.equal(await within(clock, redis.get("k")), "arrived");
    assert.deepEqual(far.dump(), { k: "arrived" }, "a new master is copied whole");
    await within(clock, redis.set("k", "new"));
    servers.start(old);
    assert.equal(old.role, "master");
    await clock.advance(1_000);
    assert.equal(old.role, "replica");
    assert.deepEqual(old.dump(), { k: "new" });
    await using direct = connectTo(servers, old, clock);
    await assert.rejects(within(clock, direct.command("SET", "k", "x")), { message: /^READONLY/ });
  });

  it("counts replicas for WAIT as far as they have come", async () => {
    await using all = setUp({ replicationLag: 50 });
    const { clock, servers, redis } = all;
    const [, , slow] = servers.servers as [TestReplicatedServer, TestReplicatedServer, TestReplicatedServer];
    slow.replicationLag = 1_000;
    await redis.set("k", "v");
    const one = redis.wait(1, 10_000);
    const two = redis.wait(2, 100);
    const start = clock.now();
    assert.equal(await within(clock, one), 1);
    assert.equal(clock.now() - start, 50);
    assert.equal(await within(clock, two), 1);
    slow.replicationLag = 0;
    assert.equal(await within(clock, redis.wait(2, 0)), 2);
    assert.match(
      String(await redis.info("replication")),
      /connected_slaves:2\r\nslave0:ip=127.0.0.1,port=\d+,state=online/,
    );
  });

  it("does not fail over without the quorum, nor without the majority", async () => {
    for (const [lost, quorum] of [[1, 3], [2, 1]] as const) {
      await using all = setUp({ quorum });
      const { clock, servers } = all;
      const old = servers.master;
      for (const sentinel of servers.sentinels.slice(0, lost)) servers.stop(sentinel);
      servers.stop(old);
      await clock.advance(60_000);
      assert.equal(servers.master, old, `${lost} lost, quorum ${quorum}`);
      for (const sentinel of servers.sentinels) servers.start(sentinel);
      await clock.advance(60_000);
      assert.notEqual(servers.master, old);
    }
  });

  it("lets a sentinel that is cut off say what is no longer true", async () => {
    await using all = setUp();
    const { clock, servers, redis } = all;
    await within(clock, redis.set("k", "1"));
    const old = servers.master;
    const [cut, ...others] = servers.sentinels as [TestSentinel, TestSentinel, TestSentinel];
    servers.partition(cut, old);
    await using minority = connectTo(servers, old, clock);
    await within(clock, minority.set("k", "written to the old one"));
    await clock.advance(5_000);
    assert.equal(cut.master, old);
    assert.ok(others.every(({ master }) => master !== old && master === servers.master));
    await using asked = connectTo(servers, cut, clock);
    const address = (server: TestReplicatedServer): string[] => [server.host, String(server.port)];
    const query = () => asked.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", servers.name);
    assert.deepEqual(await within(clock, query()), address(old));
    servers.mend();
    assert.equal(cut.master, servers.master);
    assert.deepEqual(await within(clock, query()), address(servers.master));
    await clock.advance(1_000);
    assert.equal(old.role, "replica");
    assert.deepEqual(old.dump(), { k: "1" }, "what the old one took is lost");
  });

  it("publishes what happens", async () => {
    await using all = setUp();
    const { clock, servers } = all;
    const [watched] = servers.sentinels as [TestSentinel];
    await using subscriber = connectTo(servers, watched, clock);
    const events: string[] = [];
    await within(
      clock,
      subscriber.psubscribe("*", (message, channel) => void events.push(`${channel} ${message}`)),
    );
    const old = servers.master;
    servers.stop(old);
    await clock.advance(2_000);
    const { master } = servers;
    assert.ok(events.includes(`+sdown master mymaster ${old.host} ${old.port}`), events.join("\n"));
    assert.ok(
      events.some((event) => event.startsWith("+odown master mymaster ") && /#quorum [23]\/2$/.test(event)),
    );
    assert.ok(
      events.includes(`+switch-master mymaster ${old.host} ${old.port} ${master.host} ${master.port}`),
    );
    servers.start(old);
    await clock.advance(2_000);
    const line = `${old.host}:${old.port} ${old.host} ${old.port} @ mymaster ${master.host} ${master.port}`;
    assert.ok(events.includes(`-sdown slave ${line}`), events.join("\n"));
    assert.ok(events.includes(`+convert-to-slave slave ${line}`));
  });

  it("is the same each time with the same seed", async () => {
    const run = async (seed: number): Promise<string> => {
      const clock = new SimulatedClock({ seed });
      await using servers = new TestSentinels({ clock, sentinels: 5, replicas: 3 });
      const seen = servers.sentinels.map(({ port }) => String(port));
      servers.stop(servers.master);
      for (let i = 0; i < 300; i++) {
        await clock.advance(5);
        seen.push(String(servers.master.port));
      }
      return seen.join();
    };
    assert.equal(await run(1), await run(1));
    const times = new Set(await Promise.all([1, 2, 3, 4].map(run)));
    assert.ok(times.size > 1);
  });

  it("is named by the refusal of a single server, which follows no other one", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    assert.equal(await redis.replicaof("no", "one"), "OK");
    for (const name of ["REPLICAOF", "SLAVEOF"]) {
      await assert.rejects(
        async () => await redis.command(name, "localhost", 6379),
        /TestSentinels or TestCluster/,
      );
    }
  });

  it("fails over by command and follows REPLICAOF by hand", async () => {
    await using all = setUp();
    const { clock, servers, redis } = all;
    await within(clock, redis.set("k", "v"));
    const old = servers.master;
    servers.failover();
    assert.notEqual(servers.master, old);
    assert.equal(await within(clock, redis.get("k")), "v");
    await clock.advance(1_000);
    assert.equal(old.role, "replica");
    await using direct = connectTo(servers, old, clock);
    await within(clock, direct.command("REPLICAOF", "NO", "ONE"));
    assert.equal(old.role, "master");
  });
});
