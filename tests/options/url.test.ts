import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveOptions } from "../../src/options.ts";
import { isSentinelUrl, parseSentinelUrl, parseUrl } from "../../src/url.ts";

const GOOD: readonly [url: string, parts: Record<string, unknown>][] = [
  ["redis://localhost:6379/0", { host: "localhost", port: 6379, db: 0 }],
  ["redis://", {}],
  ["redis:///3", { db: 3 }],
  ["redis://h/", { host: "h" }],
  ["REDIS://Example.COM", { host: "Example.COM" }],
  ["valkey://h", { host: "h" }],
  ["rediss://username:password@redis.example.com:6380/0", {
    tls: true,
    username: "username",
    password: "password",
    host: "redis.example.com",
    port: 6380,
    db: 0,
  }],
  ["valkeys://h", { tls: true, host: "h" }],
  ["redis://[::1]:7000", { host: "::1", port: 7000 }],
  ["redis://[fe80::1%25eth0]", { host: "fe80::1%eth0" }],
  ["redis://:secret@h", { password: "secret", host: "h" }],
  ["redis://bob@h", { username: "bob", host: "h" }],
  ["redis://bob:@h", { username: "bob", password: "", host: "h" }],
  ["redis://bob:a:b@h", { username: "bob", password: "a:b", host: "h" }],
  ["redis://b%40b:p%2540%2F%3F%23+%20@h", { username: "b@b", password: "p%40/?#+ ", host: "h" }],
  ["redis://h?clientName=a+b%2Bc", { host: "h", query: [["clientName", "a+b+c"]] }],
  ["redis://h?a=b=c&d=%26", { host: "h", query: [["a", "b=c"], ["d", "&"]] }],
  ["unix:///var/run/redis/redis.sock?db=0", { path: "/var/run/redis/redis.sock", query: [["db", "0"]] }],
  ["unix://bob:pw@/tmp/s%20p", { username: "bob", password: "pw", path: "/tmp/s p" }],
  ["unix:/tmp/a@b", { path: "/tmp/a@b" }],
];

/** Every "hunter" and "2x" in these is part of what may be a password. */
const BAD: readonly [url: string, says: RegExp][] = [
  ["", /begin with a scheme/],
  ["localhost:6379", /write redis:\/\/localhost:6379/],
  ["h", /begin with a scheme/],
  ["http://bob:hunter2x@h", /"http:" is unknown/],
  ["redis+tls://h", /unknown/],
  ["redis-sentinel://bob:hunter2x@h/s", /Sentinel/],
  ["redis:h", /followed by/],
  ["redis://:hunter/2x@h", /percent-encoded/],
  ["redis://:hunter?2x@h", /percent-encoded/],
  ["redis://:hunter#2x@h", /percent-encoded/],
  ["redis://?:hunter2x@h", /percent-encoded/],
  ["unix://?hunter2x@/s", /percent-encoded/],
  ["unix://:hunter/2x@/s", /percent-encoded/],
  ["redis://bob:hunter@2x@h", /several "@"/],
  ["redis://bob:hun@ter/2x@h", /percent-encoded/],
  ["redis://bob:hunter2x%@h", /"%25"/],
  ["redis://bob:hunter2x%ff@h", /"%25"/],
  ["redis://bob:hunter 2x@h", /blank/],
  ["redis://bob:hunter2x\r\n@h", /control/],
  ["redis://bob:hunter2x@h\0", /control/],
  ["redis://@h", /neither user nor password/],
  ["redis://:@h", /neither user nor password/],
  ["redis://h#hunter2x", /"#"/],
  ["redis://h:", /port/],
  ["redis://h:0", /port/],
  ["redis://h:hunter2x", /port/],
  ["redis://h:65536", /port/],
  ["redis://h:06379", /port/],
  ["redis://::1:6379", /brackets/],
  ["redis://[h]", /no IPv6/],
  ["redis://[::1]x", /brackets/],
  ["redis://a%3Ab", /":"/],
  ["redis://h/hunter2x", /database/],
  ["redis://h/1/2", /database/],
  ["redis://h/01", /database/],
  ["redis://h/-1", /database/],
  ["redis://h?port=", /`port` has no value/],
  ["redis://h?port", /`port` has no value/],
  ["redis://h?=1", /name of an option/],
  ["redis://h?&", /name of an option/],
  ["redis://h?clientName=a&clientName=a", /`clientName` stands there twice/],
  ["redis://h?password=hunter&2x", /behind `password`.*%26/],
  ["redis://h?password=hunter&2x=1", /behind `password`.*%26/],
  ["redis://h?host=i", /`host` stands there twice/],
  ["redis://:hunter2x@h?password=hunter2x", /`password` stands there twice/],
  ["redis://h/1?db=2", /database/],
  ["redis://a%0d%0aSET%20x%20y", /`host`.*a\\r\\nSET x y/],
  ["redis://a%00b", /`host`/],
  ["unix://h/tmp/s", /three slashes/],
  ["unix://", /no path/],
  ["unix:///a%00b", /no path/],
  ["unix:///s?path=/t", /`path` stands there twice/],
];

describe("URLs of servers", () => {
  for (const [url, parts] of GOOD) {
    it(`reads ${url}`, () => {
      assert.deepEqual(parseUrl(url), { tls: false, query: [], ...parts });
    });
  }

  for (const [url, says] of BAD) {
    it(`refuses ${JSON.stringify(url)}`, () => {
      assert.throws(() => resolveOptions(url), (error: Error) => {
        assert.ok(error instanceof TypeError || error instanceof RangeError);
        assert.match(error.message, says);
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(error.message, /hunter|2x|[\x00-\x1f]/);
        assert.equal(error.cause, undefined);
        return true;
      });
    });
  }

  it("takes a URL object as its text", () => {
    assert.equal(resolveOptions(new URL("redis://bob:p%40w@h:7/1")).password, "p@w");
  });

  it("lets the database in path and query agree", () => {
    assert.equal(resolveOptions("redis://h/2?db=2").db, 2);
    assert.equal(resolveOptions("unix:///s?db=2").db, 2);
  });

  it("shows itself without secrets", () => {
    const shown: [string, string][] = [
      ["redis://h", "redis://h:6379/0"],
      ["rediss://bob:hunter2x@[::1]:7/3", "rediss://bob:[redacted]@[::1]:7/3"],
      ["unix://:hunter2x@/tmp/a%20b?db=1", "unix://:[redacted]@/tmp/a%20b?db=1"],
    ];
    for (const [url, text] of shown) assert.equal(String(resolveOptions(url)), text);
  });
});

describe("URLs of sentinels", () => {
  it("name sentinels, service and database", () => {
    const url = "redis-sentinel://bob:p%40w@a:26379,[::1]:26380,c/my%2Fmaster/2?clientName=x";
    assert.ok(isSentinelUrl(url));
    assert.ok(!isSentinelUrl("redis://h"));
    assert.deepEqual(parseSentinelUrl(url), {
      tls: false,
      username: "bob",
      password: "p@w",
      addresses: [{ host: "a", port: 26379 }, { host: "::1", port: 26380 }, { host: "c" }],
      service: "my/master",
      db: 2,
      query: [["clientName", "x"]],
    });
    assert.equal(parseSentinelUrl("rediss-sentinel://a/s").tls, true);
  });

  for (
    const url of [
      "redis://a/s",
      "redis-sentinel://a",
      "redis-sentinel:///s",
      "redis-sentinel://a,,b/s",
      "redis-sentinel://a/s/0/1",
      "redis-sentinel://a/s/x",
    ]
  ) {
    it(`refuses ${url}`, () => {
      assert.throws(() => parseSentinelUrl(url), TypeError);
    });
  }
});
