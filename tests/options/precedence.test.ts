import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveOptions } from "../../src/options.ts";

describe("precedence", () => {
  it("is object over URL over default", () => {
    const options = resolveOptions("redis://bob:one@a.example:1/1?connectTimeout=1&socketTimeout=1", {
      port: 2,
      password: "two",
      connectTimeout: 2,
    });
    assert.deepEqual(options.endpoint, { host: "a.example", port: 2 });
    assert.equal(options.username, "bob");
    assert.equal(options.password, "two");
    assert.equal(options.connectTimeout, 2);
    assert.equal(options.socketTimeout, 1);
    assert.equal(options.commandTimeout, 5_000);
  });

  it("goes field by field where both give an object", () => {
    const options = resolveOptions(
      "rediss://h?tls.ca=/ca.pem&tls.serverName=a&keepAlive.idle=5&retry.attempts=9",
      {
        tls: { serverName: "b" },
        keepAlive: { count: 2 },
        retry: { unsafe: true },
      },
    );
    assert.deepEqual(options.tls, { ca: "/ca.pem", serverName: "b" });
    assert.deepEqual(options.keepAlive, { idle: 5, count: 2 });
    assert.equal(options.retry.attempts, 9);
    assert.equal(options.retry.unsafe, true);
  });

  it("replaces as a whole where one gives a switch", () => {
    assert.equal(resolveOptions("redis://h?keepAlive.idle=5", { keepAlive: false }).keepAlive, false);
    assert.deepEqual(resolveOptions("redis://h?keepAlive=off", { keepAlive: { idle: 5 } }).keepAlive, {
      idle: 5,
    });
    assert.deepEqual(resolveOptions("rediss://h?tls.ca=/ca.pem", { tls: true }).tls, { ca: "/ca.pem" });
  });

  it("lets an object add TLS to a URL, and never take it away", () => {
    assert.deepEqual(resolveOptions("redis://h", { tls: true }).tls, {});
    assert.throws(() => resolveOptions("rediss://h", { tls: false }), /`tls`.*scheme/);
  });

  it("takes options that were resolved before as the ground of others", () => {
    const ground = resolveOptions("redis://bob:secret@h?retryOnTimeout=true&keepAlive.idle=5");
    const other = resolveOptions(ground, { db: 3, keepAlive: { count: 1 } });
    assert.equal(other.db, 3);
    assert.equal(ground.db, 0);
    assert.equal(other.password, "secret");
    assert.deepEqual(other.keepAlive, { idle: 5, count: 1 });
    assert.deepEqual(other.retry.on, ["TimeoutError"]);
  });
});

describe("options that contradict each other are named", () => {
  const credentials = () => ({ password: "x" });
  const pairs: [source: string | undefined, object: Record<string, unknown>, names: RegExp][] = [
    [undefined, { path: "/s", host: "h" }, /`path` and `host`/],
    [undefined, { path: "/s", port: 1 }, /`path` and `port`/],
    [undefined, { path: "/s", tls: true }, /`path` and `tls`/],
    ["unix:///s", { tls: {} }, /`path` and `tls`/],
    ["redis://h", { path: "/s" }, /`path` and `host`/],
    [undefined, { credentials, password: "p" }, /`credentials` and `password`/],
    ["redis://bob@h", { credentials }, /`credentials` and `username`/],
    [undefined, { retry: false, retryOnTimeout: true }, /`retry` and `retryOnTimeout`/],
    ["redis://h?retry=off", { retryOnError: ["ConnectionError"] }, /`retry` and `retryOnError`/],
    ["redis://h?retry=off&retry.attempts=1", {}, /`retry` and `retry.attempts`/],
    ["redis://h?retry.attempts=1&retry=off", {}, /`retry`/],
    ["redis://h?keepAlive.idle=1&keepAlive=on", {}, /`keepAlive`/],
    [undefined, { libName: false, libVersion: "1" }, /`libName` and `libVersion`/],
    [undefined, { password: "" }, /`password`.*empty/],
    ["redis://h?tls.ca=/c", {}, /`tls\.ca`.*rediss:/],
    ["rediss://h?tls=off", {}, /`tls`.*scheme/],
  ];
  for (const [source, object, names] of pairs) {
    it(`${source ?? ""} ${Object.keys(object).join(", ")}`, () => {
      assert.throws(() => resolveOptions(source, object), names);
    });
  }

  it("but a switch that is off contradicts nothing", () => {
    assert.deepEqual(resolveOptions({ path: "/s", tls: false }).endpoint, { path: "/s" });
    assert.equal(resolveOptions({ retry: false, retryOnTimeout: false }).retry.attempts, 0);
  });
});
