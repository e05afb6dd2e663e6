import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ConnectionOptions, resolveOptions } from "../../src/options.ts";

/** An option as an object gives it, as a URL spells it, and what it comes to where that differs. */
const GOOD: readonly [object: ConnectionOptions, query: string][] = [
  [{ host: "db.example.com" }, "host=db.example.com"],
  [{ host: "::1" }, "host=%3A%3A1"],
  [{ port: 1 }, "port=1"],
  [{ port: 65_535 }, "port=65535"],
  [{ db: 15 }, "db=15"],
  [{ username: "bob", password: "" }, "username=bob&password=%"],
  [{ username: "bob" }, "username=bob"],
  [{ password: "p@ss/w?rd#100%+" }, "password=p%40ss%2Fw%3Frd%23100%25+"],
  [{ protocol: 2 }, "protocol=2"],
  [{ protocol: 3 }, "protocol=3"],
  [{ clientName: "worker-1" }, "clientName=worker-1"],
  [{ libName: "mine", libVersion: "9.1" }, "libName=mine&libVersion=9.1"],
  [{ libName: false }, "libName=none"],
  [{ libName: false }, "libName=off"],
  [{ connectTimeout: 1_500 }, "connectTimeout=1500"],
  [{ connectTimeout: 0 }, "connectTimeout=none"],
  [{ commandTimeout: 0 }, "commandTimeout=0"],
  [{ socketTimeout: 250 }, "socketTimeout=250"],
  [{ socketTimeout: 0 }, "socketTimeout=off"],
  [{ blockingGrace: 10 }, "blockingGrace=10"],
  [{ healthCheckInterval: 0 }, "healthCheckInterval=None"],
  [{ keepAlive: false }, "keepAlive=off"],
  [{ keepAlive: true }, "keepAlive=yes"],
  [
    { keepAlive: { idle: 1_000, interval: 3_000, count: 5 } },
    "keepAlive.idle=1000&keepAlive.interval=3000&keepAlive.count=5",
  ],
  [{ noDelay: false }, "noDelay=no"],
  [{ readBufferSize: 4_096 }, "readBufferSize=4096"],
  [{ encoding: "bytes" }, "encoding=bytes"],
  [{ encoding: "latin1" }, "encoding=latin1"],
  [{ encodingErrors: "replace" }, "encodingErrors=replace"],
  [{ retry: false }, "retry=false"],
  [{ retry: false }, "retry=none"],
  [
    { retry: { attempts: 5, backoff: "constant:20", on: ["ConnectionError", "LOADING"], unsafe: true } },
    "retry.attempts=5&retry.backoff=constant:20&retry.on=ConnectionError,LOADING&retry.unsafe=on",
  ],
  [{ retry: { backoff: "exponential" } }, "retry.backoff=exponential"],
  [{ retryOnTimeout: true }, "retryOnTimeout=True"],
  [{ retryOnTimeout: false }, "retryOnTimeout=0"],
  [{ retryOnError: ["ConnectionError", "TimeoutError"] }, "retryOnError=ConnectionError,TimeoutError"],
  [
    { reconnect: { attempts: Infinity, backoff: "exponential:10:100:decorrelated" } },
    "reconnect.attempts=Infinity&reconnect.backoff=exponential:10:100:decorrelated",
  ],
  [{ offlineQueue: { maxCommands: 2, maxBytes: 1 } }, "offlineQueue.maxCommands=2&offlineQueue.maxBytes=1"],
  [{ offlineQueue: false }, "offlineQueue=false"],
  [{ sendQueue: { maxBytes: 5 } }, "sendQueue.maxBytes=5"],
  [
    { limits: { maxDepth: 4, maxLineLength: 100, maxBulkLength: 1_000, maxElements: 50 } },
    "limits.maxDepth=4&limits.maxLineLength=100&limits.maxBulkLength=1000&limits.maxElements=50",
  ],
];

/** A value that is refused in an object, the same in a URL (if it can be spelt), the error, and what it says. */
const BAD: readonly [
  object: Record<string, unknown>,
  query: string | undefined,
  kind: string,
  says: RegExp,
][] = [
  [{ port: 0 }, "port=0", "RangeError", /`port`.*from 1 to 65535.* 0$/],
  [{ port: 65_536 }, "port=65536", "RangeError", /`port`.*65536$/],
  [{ port: "6379" }, undefined, "TypeError", /`port`.*whole number.*"6379"$/],
  [{ port: NaN }, "port=6e3", "Error", /`port`/],
  [{ port: 63.5 }, "port=63.5", "RangeError", /`port`.*63\.5$/],
  [{ port: null }, "port=0x10", "TypeError", /`port`/],
  [{ db: -1 }, "db=-1", "RangeError", /`db`.*-1$/],
  [{ db: [] }, "db=01", "TypeError", /`db`/],
  [{ host: "" }, undefined, "RangeError", /`host`.*""$/],
  [{ host: "a b" }, "host=a%20b", "RangeError", /`host`/],
  [{ host: "a\r\nSET x y" }, "host=a%0D%0ASET%20x%20y", "RangeError", /`host`.*"a\\r\\nSET x y"$/],
  [{ host: "a\0" }, "host=a%00", "RangeError", /`host`/],
  [{ host: "[::1]" }, "host=%5B::1%5D", "RangeError", /`host`.*without brackets/],
  [{ host: "localhost:6379" }, "host=localhost:6379", "RangeError", /`port`/],
  [{ host: "redis://localhost" }, "host=redis%3A%2F%2Flocalhost", "RangeError", /first argument/],
  [{ path: "a\0b" }, undefined, "RangeError", /`path`/],
  [{ username: "" }, undefined, "RangeError", /`username`/],
  [{ protocol: 4 }, "protocol=4", "RangeError", /`protocol`.*2, 3.*4$/],
  [{ clientName: "two words" }, "clientName=two%20words", "RangeError", /`clientName`/],
  [{ clientName: "a\nb" }, "clientName=a%0Ab", "RangeError", /`clientName`/],
  [{ libName: true }, undefined, "TypeError", /`libName`/],
  [{ connectTimeout: 0.5 }, "connectTimeout=0.5", "RangeError", /a second is 1000.*0\.5$/],
  [{ connectTimeout: -1 }, "connectTimeout=-1", "RangeError", /`connectTimeout`/],
  [{ connectTimeout: Infinity }, "connectTimeout=Infinity", "RangeError", /`connectTimeout`/],
  [{ commandTimeout: "soon" }, "commandTimeout=soon", "TypeError", /`commandTimeout`.*"soon"$/],
  [{ keepAlive: "off" }, "keepAlive=maybe", "TypeError", /`keepAlive`/],
  [{ keepAlive: { idle: 0 } }, "keepAlive.idle=0", "RangeError", /`keepAlive\.idle`/],
  [{ keepAlive: { idel: 1 } }, "keepAlive.idel=1", "TypeError", /`keepAlive\.idel`.*`keepAlive\.idle`/],
  [{ noDelay: 1 }, "noDelay=2", "TypeError", /`noDelay`/],
  [{ readBufferSize: 1 }, "readBufferSize=1", "RangeError", /`readBufferSize`/],
  [{ encoding: "utf-8" }, "encoding=utf-8", "RangeError", /`encoding`.*"utf8", "latin1", "bytes"/],
  [{ encodingErrors: "ignore" }, "encodingErrors=ignore", "RangeError", /`encodingErrors`/],
  [{ retry: true }, "retry=true", "TypeError", /`retry`/],
  [{ retry: { attempts: -1 } }, "retry.attempts=-1", "RangeError", /`retry\.attempts`/],
  [{ retry: { backoff: "linear" } }, "retry.backoff=linear", "TypeError", /`retry\.backoff`.*"linear"$/],
  [
    { retry: { backoff: "exponential:9:3" } },
    "retry.backoff=exponential:9:3",
    "RangeError",
    /`retry\.backoff`.*`cap` \(3\)/,
  ],
  [{ retry: { on: "ConnectionError" } }, undefined, "TypeError", /`retry\.on`.*list/],
  [{ retryOnError: ["Conection"] }, "retryOnError=Conection", "TypeError", /`retryOnError`.*ConnectionError/],
  [{ retryOnError: [Map] }, undefined, "TypeError", /`retryOnError`.*a function$/],
  [
    { retryOnError: ["AuthenticationError"] },
    "retryOnError=AuthenticationError",
    "TypeError",
    /AuthenticationError is never repeated/,
  ],
  [{ reconnect: false }, "reconnect=false", "TypeError", /`reconnect`/],
  [
    { offlineQueue: { maxCommands: 0 } },
    "offlineQueue.maxCommands=0",
    "RangeError",
    /`offlineQueue.maxCommands`/,
  ],
  [{ sendQueue: { maxBytes: -1 } }, "sendQueue.maxBytes=-1", "RangeError", /`sendQueue.maxBytes`/],
  [{ limits: { maxDepth: 0 } }, "limits.maxDepth=0", "RangeError", /`limits\.maxDepth`/],
  [{ tls: "yes" }, undefined, "TypeError", /`tls`/],
  [{ tls: { verify: "never" } }, undefined, "RangeError", /`tls\.verify`/],
  [{ tls: { key: "", cert: "c" } }, undefined, "RangeError", /`tls\.key`.*empty$/],
  [{ tls: { ca: [] } }, undefined, "TypeError", /`tls\.ca`/],
  [{ tls: { cert: "/c.pem" } }, undefined, "TypeError", /`tls\.cert`.*`tls\.key`/],
  [{ tls: { pfx: "a.pfx", key: "k", cert: "c" } }, undefined, "TypeError", /`tls\.pfx` and `tls\.key`/],
  [{ tls: { checkServerIdentity: true } }, undefined, "TypeError", /a function \(host, certificate\)/],
  [{ family: 5 }, undefined, "RangeError", /one of 4, 6/],
  [{ lookup: "dns" }, undefined, "TypeError", /`lookup`.*a function/],
  [{ tls: { passphrase: "x" } }, undefined, "TypeError", /`tls\.passphrase`.*`tls\.key`/],
  [{ tls: { serverName: "a b" } }, undefined, "RangeError", /`tls\.serverName`/],
  [{ tls: { sessionResumption: "no" } }, undefined, "TypeError", /`tls\.sessionResumption`/],
  [{ tls: { alpn: "redis" } }, undefined, "TypeError", /`tls\.alpn`/],
  [{ parser: {} }, "parser=hiredis", "TypeError", /`parser`/],
  [{ transport: {} }, "transport=node", "TypeError", /`transport`/],
  [{ clock: Date }, "clock=x", "TypeError", /`clock`/],
  [{ credentials: { get() {} } }, "credentials=x", "TypeError", /`credentials`/],
];

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  throw new assert.AssertionError({ message: "nothing was thrown" });
}

describe("option values", () => {
  for (const [object, query] of GOOD) {
    it(`the object ${JSON.stringify(object)} and a URL agree`, () => {
      // "password=%" stands for what a URL can only say in front of the host: a user with an empty password.
      const url = query === "username=bob&password=%" ? "redis://bob:@" : `redis://?${query}`;
      const one = resolveOptions(object);
      const other = resolveOptions(url);
      assert.deepEqual(other.toJSON(), one.toJSON());
      assert.equal(other.password, one.password);
      assert.ok(Object.isFrozen(one));
    });
  }

  for (const [object, query, kind, says] of BAD) {
    it(`refuses ${JSON.stringify(object)}${query === undefined ? "" : ` and ${query}`}`, () => {
      const errors = [errorOf(() => resolveOptions(object as ConnectionOptions))];
      if (query !== undefined) errors.push(errorOf(() => resolveOptions(`redis://?${query}`)));
      for (const error of errors) {
        if (kind !== "Error") assert.equal(error.name, kind, error.message);
        assert.match(error.message, says);
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(error.message, /[\x00-\x1f]/);
      }
    });
  }

  it("fills in the documented defaults", () => {
    const options = resolveOptions();
    assert.deepEqual(options.endpoint, { host: "localhost", port: 6379 });
    assert.equal(options.tls, undefined);
    assert.equal(options.credentials, undefined);
    assert.equal(options.protocol, undefined);
    assert.deepEqual({ ...options, path: null, username: null, protocol: null, clientName: null }, {
      host: "localhost",
      port: 6379,
      path: null,
      db: 0,
      username: null,
      protocol: null,
      clientName: null,
      libName: "keywire",
      libVersion: "0.1.0",
      connectTimeout: 5_000,
      commandTimeout: 5_000,
      socketTimeout: 0,
      blockingGrace: 1_000,
      healthCheckInterval: 30_000,
      keepAlive: true,
      noDelay: true,
      family: undefined,
      readBufferSize: 65_536,
      encoding: "utf8",
      encodingErrors: "strict",
      keyPrefix: "",
      channelPrefix: "",
      callSites: undefined,
      errorArguments: false,
      offlineQueue: { maxCommands: 1_000_000, maxBytes: 64 * 1024 * 1024 },
      sendQueue: { maxCommands: 1_000_000, maxBytes: 64 * 1024 * 1024 },
      maintNotifications: false,
      limits: {
        maxDepth: 128,
        maxLineLength: 1024 ** 2,
        maxBulkLength: 512 * 1024 ** 2,
        maxElements: 100_000_000,
      },
    });
  });

  it("takes undefined for not given", () => {
    assert.deepEqual(resolveOptions({ port: undefined, tls: undefined }).toJSON(), resolveOptions().toJSON());
  });

  it("does not follow later changes of what was given", () => {
    const tls = { ca: ["/a.pem"] };
    const options = resolveOptions({ tls });
    tls.ca.push("/b.pem");
    assert.deepEqual(options.tls, { ca: ["/a.pem"] });
  });

  it("takes only URLs and plain objects", () => {
    class Config {
      host = "example.com";
    }
    for (
      const source of [new Map([["host", "example.com"]]), new Config(), 6379, null, ["redis://"], () => {}]
    ) {
      assert.throws(() => resolveOptions(source as never), TypeError);
    }
    assert.throws(() => resolveOptions({}, "redis://localhost" as never), /URL is the first argument/);
  });
});
