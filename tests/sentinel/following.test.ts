import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../src/client/redis.ts";
import { SentinelConnectionPool } from "../../src/sentinel/pool.ts";
import { Sentinel } from "../../src/sentinel/sentinel.ts";
import type { SentinelOptions } from "../../src/sentinel/options.ts";
import { FakeSentinel, FakeServer, Net } from "./net.ts";

/** Two sentinels and two servers, of which the first is the master. */
function house(options: SentinelOptions = {}) {
  const net = new Net();
  const one = new FakeSentinel({ port: 10 });
  const two = new FakeSentinel({ port: 10 });
  const first = new FakeServer("master");
  const second = new FakeServer("slave");
  net.add("one:1", one).add("two:2", two).add("server:10", first).add("server:11", second);
  const sentinel = new Sentinel(["one:1", "two:2"], { transport: net, ...options });
  /** The sentinels agree on the other server. */
  const agree = (): void => {
    first.role = "slave";
    second.role = "master";
    for (const each of [one, two]) Object.assign(each.told, { port: 11, epoch: 2 });
  };
  return { net, one, two, first, second, sentinel, agree };
}

describe("Sentinel: following the master", () => {
  it("sends what a demoted master refused to the new one, once", async () => {
    const { sentinel, first, second, agree } = house();
    await using redis = sentinel.masterFor("mymaster");
    await redis.incr("n");
    agree();
    assert.deepEqual(await Promise.all([redis.incr("n"), redis.incr("n"), redis.incr("n")]), [1, 2, 3]);
    assert.equal(first.peer.executed("INCR"), 1);
    assert.equal(second.peer.executed("INCR"), 3);
  });

  it("sends pipelines and transactions that a demoted master refused to the new one", async () => {
    const { sentinel, first, second, agree } = house();
    await using redis = sentinel.masterFor("mymaster");
    await redis.incr("n");
    agree();
    assert.deepEqual(await redis.multi().incr("n").get("n").exec(), [1, "1"]);
    assert.deepEqual(await redis.pipeline().incr("n").incr("n").exec(), [2, 3]);
    assert.equal(first.peer.executed("INCR"), 1);
    assert.equal(second.peer.executed("INCR"), 3);
  });

  it("does so without the shared connection, too", async () => {
    const { sentinel, second, agree } = house({ multiplex: false });
    await using redis = sentinel.masterFor("mymaster");
    await redis.incr("n");
    agree();
    assert.equal(await redis.incr("n"), 1);
    assert.equal(second.peer.executed("INCR"), 1);
  });

  it("leaves a silent master when the switch is announced; what was sent may have run", async () => {
    const { sentinel, one, first, second, agree } = house();
    await using redis = sentinel.masterFor("mymaster");
    await redis.set("k", "old");
    await one.peer.whenReceived("SUBSCRIBE");
    first.silent = true;
    const before = first.peer.count("SET");
    const lost = redis.set("k", "lost");
    const read = redis.get("k");
    await first.peer.whenReceived("SET", before + 1);
    agree();
    one.announce("+switch-master", "mymaster server 10 server 11");
    await assert.rejects(lost, { code: "SWITCHED", executed: "unknown" });
    assert.equal(await read, null, "a read is repeated at the new master");
    assert.equal(await redis.set("k", "new"), "OK");
    assert.equal(second.peer.executed("SET"), 1);
  });

  it("is not led astray by an announcement that its sentinel does not stand by", async () => {
    const { sentinel, one, first } = house();
    await using redis = sentinel.masterFor("mymaster");
    await redis.set("k", "v");
    await one.peer.whenReceived("SUBSCRIBE");
    const asked = one.peer.count("SENTINEL");
    one.announce("+switch-master", "mymaster server 10 server 11");
    await one.peer.whenReceived("SENTINEL", asked + 4);
    assert.equal(await redis.get("k"), "v");
    assert.equal(first.peer.open.length, 1);
  });

  it("refuses a server that is no master, and asks the next sentinel", async () => {
    const { sentinel, one, second } = house();
    // The first sentinel lies, in front of the other.
    Object.assign(one.told, { port: 11, epoch: 99 });
    await using redis = sentinel.masterFor("mymaster");
    assert.equal(await redis.set("k", "v"), "OK");
    assert.equal(second.peer.count("SET"), 0);
  });

  it("waits for the end of a failover, within connectTimeout", async () => {
    const { sentinel, one, two, second, agree } = house();
    for (const each of [one, two]) each.told.flags = "master,o_down";
    await using redis = sentinel.masterFor("mymaster");
    const setting = redis.set("k", "v");
    await two.peer.whenReceived("SENTINEL", 4);
    agree();
    for (const each of [one, two]) each.told.flags = "master";
    assert.equal(await setting, "OK");
    assert.equal(second.peer.executed("SET"), 1);
  });

  it("goes on while all sentinels are dead, with new connections, too", async () => {
    const { sentinel, net, one, two, first } = house();
    await using redis = sentinel.masterFor("mymaster");
    await redis.set("k", "v");
    for (const at of ["one:1", "two:2"]) net.remove(at);
    for (const { peer } of [one, two]) for (const connection of peer.open) connection.close();
    assert.equal(await redis.get("k"), "v");
    first.peer.last.close();
    assert.equal(await redis.get("k"), "v");
  });

  it("says so when it cannot find a master, with what each sentinel answered", async () => {
    const { sentinel, one, two } = house({ connectTimeout: 150, retry: false });
    for (const each of [one, two]) each.told.port = 11;
    await using redis = sentinel.masterFor("mymaster");
    await assert.rejects(redis.connect(), (error: Error & { code: string }) => {
      assert.equal(error.code, "NO_MASTER");
      assert.match(error.message, /one:1: server:11, which was tried: .* says that it is replica/);
      assert.match(error.message, /two:2/);
      return true;
    });
  });

  it("opens nothing that outlives its clients", async () => {
    const { sentinel, one, two, first } = house();
    const redis = sentinel.masterFor("mymaster");
    await redis.set("k", "v");
    await one.peer.whenReceived("SUBSCRIBE");
    await redis.close();
    await Promise.all([one, two, first].map(({ peer }) => peer.whenOpen(0)));
  });
});

describe("SentinelConnectionPool", () => {
  it("leads to the master, or to a replica", async () => {
    const { sentinel, one, two } = house();
    for (const each of [one, two]) each.told.replicas = [{ host: "server", port: 11, flags: "slave" }];
    await using masters = new SentinelConnectionPool({ sentinel, service: "mymaster" });
    await using replicas = new SentinelConnectionPool({ sentinel, service: "mymaster", role: "replica" });
    using master = await masters.acquire();
    using replica = await replicas.acquire();
    assert.equal(master.address, "server:10");
    assert.equal(replica.address, "server:11");
    await using redis = new Redis({ pool: masters });
    assert.equal(await redis.set("k", "v"), "OK");
  });

  it("fails at its limit, or waits there", async () => {
    const { sentinel } = house();
    const common = { sentinel, service: "mymaster", maxConnections: 1 };
    await using failing = new SentinelConnectionPool(common);
    using _held = await failing.acquire();
    await assert.rejects(failing.acquire(), { code: "MAX_CONNECTIONS" });
    await using waiting = new SentinelConnectionPool({ ...common, blocking: true });
    const held = await waiting.acquire();
    const next = waiting.acquire();
    held[Symbol.dispose]();
    (await next)[Symbol.dispose]();
  });
});
