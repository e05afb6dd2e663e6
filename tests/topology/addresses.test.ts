import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisError } from "../../src/errors.ts";
import { addressMap, type AddressRule, toAddressFunction } from "../../src/topology/address_map.ts";
import { formatAddress, parseAddress, readSeeds } from "../../src/topology/server_address.ts";

describe("addresses of servers", () => {
  it("are parsed as MOVED and ASK write them", () => {
    assert.deepEqual(parseAddress("10.0.0.1:7000"), { host: "10.0.0.1", port: 7000 });
    assert.deepEqual(parseAddress("::1:7000"), { host: "::1", port: 7000 });
    assert.deepEqual(parseAddress("[::1]:7000"), { host: "::1", port: 7000 });
    assert.deepEqual(parseAddress(":7000"), { host: "", port: 7000 });
    for (const wrong of ["", "host", "host:", "host:0", "host:70000", "host:x"]) {
      assert.equal(parseAddress(wrong), undefined, wrong);
    }
  });

  it("are equal when their texts are, and parse back to themselves", () => {
    assert.equal(formatAddress({ host: "Node", port: 1 }), "node:1");
    assert.equal(formatAddress({ host: "::1", port: 1 }), "[::1]:1");
    for (const host of ["node", "10.0.0.1", "::1", "fe80::1%eth0", "a-b.example"]) {
      assert.deepEqual(parseAddress(formatAddress({ host, port: 7000 })), { host, port: 7000 });
    }
  });

  it("are read as seeds in all their forms, with the default port where there is none", () => {
    const seeds = [
      "node",
      "node:1",
      "redis://node:1",
      "valkey://[::1]/",
      new URL("redis://node:7000"),
      {},
      { host: "a" },
      { port: 2 },
    ];
    assert.deepEqual(readSeeds(seeds, "seeds", 26_379).map(formatAddress), [
      "node:26379",
      "node:1",
      "node:1",
      "[::1]:26379",
      "node:7000",
      "localhost:26379",
      "a:26379",
      "localhost:2",
    ]);
    for (
      const wrong of ["", "a:b", "rediss://node", "redis://:secret@node", "unix:/x", 1, { hots: "a" }, null]
    ) {
      assert.throws(() => readSeeds([wrong], "seeds", 1), (error) => {
        assert.ok(error instanceof TypeError || error instanceof RangeError);
        assert.match(error.message, /`seeds\[0\]/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    }
    assert.throws(() => readSeeds([], "seeds", 1), RangeError);
    assert.throws(() => readSeeds("node", "seeds", 1), TypeError);
  });
});

describe("addressMap", () => {
  const map = (rules: readonly AddressRule[]) =>
    toAddressFunction(addressMap.check(rules, "addressMap") as AddressRule[]);

  it("takes the host and the port each from the first rule that matches and sets it; rules do not chain", () => {
    const mapped = map([
      { fromHost: "172.17.0.2", fromPort: 6379, toPort: 7001 },
      { fromHost: "172.17.0.2", toHost: "localhost", toPort: 7002 },
      { fromHost: "LOCALHOST", toHost: "wrong" },
      { fromPort: 6380, toPort: 7003 },
    ]);
    assert.deepEqual(mapped({ host: "172.17.0.2", port: 6379 }), { host: "localhost", port: 7001 });
    assert.deepEqual(mapped({ host: "172.17.0.2", port: 6380 }), { host: "localhost", port: 7002 });
    assert.deepEqual(mapped({ host: "::1", port: 6380 }), { host: "::1", port: 7003 });
    assert.deepEqual(mapped({ host: "other", port: 1 }), { host: "other", port: 1 });
    assert.deepEqual(mapped({ host: "localhost", port: 1 }), { host: "wrong", port: 1 });
  });

  it("may be a function, whose result is checked", () => {
    const plusOne = toAddressFunction(({ port }) => ({ host: "h", port: port + 1 }));
    assert.deepEqual(plusOne({ host: "a", port: 1 }), { host: "h", port: 2 });
    for (
      const wrong of [undefined, null, {}, { host: "", port: 1 }, { host: "a", port: 0 }, {
        host: "a",
        port: "1",
      }]
    ) {
      assert.throws(() => toAddressFunction(() => wrong as never)({ host: "a", port: 1 }), (error) => {
        return error instanceof RedisError && error.code === "ADDRESS_MAP" && /a:1/.test(error.message);
      });
    }
  });

  it("is checked by name", () => {
    assert.throws(() => map([{}]), /neither `toHost` nor `toPort`/);
    assert.throws(() => map([{ from_host: "a" } as AddressRule]), /addressMap\[0\]\.from_host/);
    assert.throws(() => map([{ toPort: 70_000 }]), RangeError);
    assert.throws(() => map({} as never), TypeError);
  });
});
