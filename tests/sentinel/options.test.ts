import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis, Sentinel, SentinelConnectionPool } from "../../mod.ts";

/** Options as a user may write them. */
// deno-lint-ignore no-explicit-any
type Any = any;

const one = [{ host: "localhost" }];

describe("Sentinel: options", () => {
  it("reads addresses, with 26379 as the port", () => {
    const sentinel = new Sentinel([{ host: "a" }, "b:1", "[::1]:2", "c", "redis://d:3"]);
    assert.deepEqual(sentinel.sentinels, [
      { host: "a", port: 26_379 },
      { host: "b", port: 1 },
      { host: "::1", port: 2 },
      { host: "c", port: 26_379 },
      { host: "d", port: 3 },
    ]);
    for (
      const bad of [[], undefined, "a:1", ["redis://u:secret@a:1"], ["unix:/x"], [{ host: "a", port: 0 }], [{
        hots: "a",
      }]] as Any[]
    ) {
      assert.throws(() => new Sentinel(bad), /Cannot/);
    }
  });

  it("refuses unknown names, and those of others with ours", () => {
    const refused = (options: Any, message: RegExp) =>
      assert.throws(() => new Sentinel(one, options), { name: /TypeError|RangeError/, message });
    refused({ min_other_sentinels: 1 }, /minOtherSentinels/);
    refused({ sentinel_kwargs: {} }, /`sentinel: \{ username, password, tls/);
    refused({ sentinelPassword: "x" }, /`sentinel: \{ password \}`/);
    refused({ socket_timeout: 1 }, /socketTimeout/);
    refused({ clientNam: "x" }, /did you mean `clientName`/);
    refused({ host: "x" }, /where the servers are, the sentinels say/);
    refused({ sentinel: { port: 1 } }, /sentinel\.port/);
    refused({ sentinel: { pasword: "x" } }, /did you mean `password`/);
    refused({ minOtherSentinels: -1 }, /minOtherSentinels/);
    refused({ addressMap: {} }, /addressMap/);
    refused({ natMap: [] }, /`natMap`: it is `addressMap` here/);
    refused({ hostPortRemap: [] }, /`hostPortRemap`: it is `addressMap` here/);
    refused({ addressMap: [{ fromHost: "a" }] }, /neither `toHost` nor `toPort`/);
  });

  it("refuses wrong options of clients and pools", () => {
    const sentinel = new Sentinel(one);
    assert.throws(() => sentinel.masterFor(""), /name of a service/);
    assert.throws(() => sentinel.masterFor("m", { readFrom: "slave" } as Any), /readFrom/);
    assert.throws(() => sentinel.masterFor("m", { pool: {} } as Any), /pool/);
    assert.throws(
      () => new SentinelConnectionPool({ sentinel: {} as Any, service: "m" }),
      /must be a Sentinel/,
    );
    assert.throws(() => new SentinelConnectionPool({ sentinel, service: "m", role: "slave" as Any }), /role/);
    assert.throws(
      () => new SentinelConnectionPool({ sentinel, service: "m", is_master: true } as Any),
      /`role/,
    );
  });

  it("hands the options of the servers on; those of a client go over them", () => {
    const sentinel = new Sentinel(one, { db: 2, clientName: "all", sentinel: { clientName: "asker" } });
    assert.equal(sentinel.masterFor("m", { clientName: "this" }).options.clientName, "this");
    const { options } = new SentinelConnectionPool({
      sentinel,
      service: "m",
      maxConnections: 7,
      blocking: true,
    });
    assert.equal(options.connection.db, 2);
    assert.equal(options.maxConnections, 7);
    assert.equal(options.timeout, 20_000);
  });

  it("reads URLs", () => {
    const url =
      "redis-sentinel://bob:s%40cret@a:1,[::1]/my-service/4?readFrom=any&clientName=c&sentinel.username=s";
    const redis = new Redis(url, { maxConnections: 3 } as Any);
    const { options } = redis;
    assert.deepEqual([options.db, options.username, options.password, options.clientName], [
      4,
      "bob",
      "s@cret",
      "c",
    ]);
    assert.equal(redis.pool.options.maxConnections, 3);
    assert.ok(redis.pool instanceof SentinelConnectionPool);
    assert.equal(redis.pool.service, "my-service");
    assert.ok(redis instanceof Redis);
    for (
      const bad of [
        "redis-sentinel://a:1",
        "redis-sentinel://a/m?readFrom=slave",
        "redis-sentinel://a/m?sentinel.clientNam=x",
        "redis-sentinel://a/m?host=x",
      ]
    ) assert.throws(() => new Redis(bad), /Cannot/, bad);
  });
});
