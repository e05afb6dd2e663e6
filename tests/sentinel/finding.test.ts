import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Sentinel } from "../../src/sentinel/sentinel.ts";
import type { SentinelOptions } from "../../src/sentinel/options.ts";
import { FakeSentinel, FakeServer, Net } from "./net.ts";

const ADDRESSES = ["one:1", "two:2", "three:3"];

/** Three sentinels, each with its own options. */
function three(...told: ConstructorParameters<typeof FakeSentinel>[0][]) {
  const net = new Net();
  const sentinels = told.map((what) => new FakeSentinel(what));
  sentinels.forEach((one, index) => net.add(ADDRESSES[index]!, one));
  return { net, sentinels };
}

function made(net: Net, options: SentinelOptions = {}) {
  return new Sentinel(ADDRESSES, { transport: net, ...options });
}

describe("Sentinel: finding the master", () => {
  it("refuses what is down or doubtful, and says what each sentinel answered", async () => {
    const { net } = three({ port: 10, flags: "master,s_down" }, { port: 10, flags: "master,o_down" }, {
      port: 10,
      flags: "master,disconnected",
    });
    await assert.rejects(
      made(net).discoverMaster("mymaster"),
      (error: Error & { code: string; executed: string }) => {
        assert.equal(error.code, "NO_MASTER");
        assert.equal(error.executed, "no");
        assert.match(error.message, /one:1: the master server:10 is s_down/);
        assert.match(error.message, /two:2: .*o_down/);
        assert.match(error.message, /three:3: .*disconnected/);
        return true;
      },
    );
  });

  it("takes the first good answer, whoever is silent, and asks that sentinel first the next time", async () => {
    const { net, sentinels } = three({ port: 10 }, { port: 10, flags: "master,s_down" }, { port: 11 });
    sentinels[0]!.silent = true;
    const sentinel = made(net);
    assert.deepEqual(await sentinel.discoverMaster("mymaster"), { host: "server", port: 11 });
    assert.deepEqual(sentinel.sentinels.map(({ host }) => host), ["three", "one", "two"]);
    net.asked.length = 0;
    await sentinel.discoverMaster("mymaster");
    assert.equal(net.asked[0], "three:3");
  });

  it("tells an unknown service from sentinels that cannot be reached", async () => {
    const { net } = three({ port: 10 }, { port: 10 });
    await assert.rejects(made(net).discoverMaster("other"), { code: "NO_SERVICE", executed: "no" });
    await assert.rejects(made(net).discoverReplicas("other"), { code: "NO_SERVICE", executed: "no" });
    await assert.rejects(made(new Net()).discoverMaster("mymaster"), { code: "NO_SENTINEL", executed: "no" });
  });

  it("believes only who knows enough others", async () => {
    const others = [{ host: "x", port: 5 }, { host: "y", port: 6 }];
    const { net } = three({ port: 10 }, { port: 11, others }, { port: 10 });
    const sentinel = made(net, { minOtherSentinels: 2 });
    assert.deepEqual(await sentinel.discoverMaster("mymaster"), { host: "server", port: 11 });
    await assert.rejects(
      made(net, { minOtherSentinels: 3 }).discoverMaster("mymaster"),
      /2 other sentinels, and 3/,
    );
  });

  it("learns of other sentinels, and asks them when those that were given are gone", async () => {
    const net = new Net();
    net.add("one:1", new FakeSentinel({ port: 10, others: [{ host: "four", port: 4 }] }));
    net.add("four:4", new FakeSentinel({ port: 10 }));
    const sentinel = new Sentinel(["one:1"], { transport: net });
    await sentinel.discoverMaster("mymaster");
    assert.deepEqual(sentinel.sentinels, [{ host: "one", port: 1 }, { host: "four", port: 4 }]);
    net.remove("one:1");
    assert.deepEqual(await sentinel.discoverMaster("mymaster"), { host: "server", port: 10 });
  });

  it("maps announced addresses by rules, or by a function", async () => {
    const told = {
      port: 10,
      others: [{ host: "inner", port: 4 }],
      replicas: [{ host: "inner", port: 20, flags: "slave" }, {
        host: "inner",
        port: 21,
        flags: "slave,s_down",
      }],
    };
    const { net } = three(told);
    const byRules = made(net, { addressMap: [{ fromHost: "server", toHost: "outer", toPort: 99 }] });
    assert.deepEqual(await byRules.discoverMaster("mymaster"), { host: "outer", port: 99 });
    const byFunction = made(net, { addressMap: ({ port }) => ({ host: "outer", port: port + 1_000 }) });
    assert.deepEqual(await byFunction.discoverReplicas("mymaster"), [{ host: "outer", port: 1_020 }]);
    await byFunction.discoverMaster("mymaster");
    assert.ok(byFunction.sentinels.some(({ host, port }) => host === "outer" && port === 1_004));
  });

  it("logs in to sentinels apart from the servers", async () => {
    const net = new Net();
    net.add("one:1", new FakeSentinel({ port: 10 }, { password: "sentinel-secret" }));
    const server = new FakeServer();
    net.add("server:10", server);
    await assert.rejects(
      new Sentinel(["one:1"], { transport: net, sentinel: { password: "wrong" } }).discoverMaster("mymaster"),
      { name: "AuthenticationError", code: "AUTHENTICATION" },
    );
    const sentinel = new Sentinel(["one:1"], { transport: net, sentinel: { password: "sentinel-secret" } });
    await using redis = sentinel.masterFor("mymaster");
    assert.equal(await redis.set("k", "v"), "OK");
    assert.ok(server.peer.received.every(([name]) => name !== "AUTH"));
  });

  it("speaks with old sentinels, that know no HELLO", async () => {
    const net = new Net();
    const old = new FakeSentinel({ port: 10 }, { hello: false });
    const next = new FakeServer();
    net.add("one:1", old).add("server:10", new FakeServer()).add("server:11", next);
    await using redis = new Sentinel(["one:1"], { transport: net }).masterFor("mymaster");
    await redis.set("k", "v");
    await old.peer.whenReceived("SUBSCRIBE");
    Object.assign(old.told, { port: 11, epoch: 2 });
    old.announce("+switch-master", "mymaster server 10 server 11");
    await next.peer.whenConnected();
    assert.equal(await redis.get("k"), null);
  });
});

describe("Sentinel: closing a client that has just begun to read", () => {
  for (const client of ["masterFor", "replicaFor"] as const) {
    it(`of ${client} leaves nothing open`, async () => {
      const { net, sentinels } = three({ port: 10 }, { port: 10 }, { port: 10 });
      const server = new FakeServer();
      net.add("server:10", server);
      const redis = made(net)[client]("mymaster", { readFrom: "preferReplica" });
      const read = redis.get("k").then(
        () => {},
        (error: { code: string }) => assert.equal(error.code, "CLOSED"),
      );
      await redis.close();
      await read;
      await assert.rejects(redis.get("k"), { code: "CLOSED", executed: "no" });
      for (const { peer } of [...sentinels, server]) await peer.whenOpen(0);
    });
  }
});
