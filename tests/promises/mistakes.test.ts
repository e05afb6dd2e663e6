/** Typical mistakes of new users: each is refused by a message that says what to write. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis, RedisCluster } from "../../mod.ts";
import { startCluster } from "../harness/cluster.ts";
import { type Server, startServer } from "../harness/server.ts";

// deno-lint-ignore no-explicit-any
type Anything = any;

let server: Server;
let redis: Anything;
before(async () => {
  server = await startServer();
  redis = new Redis(server.url);
});
after(async () => {
  await redis.close();
  await server.stop();
});

/** The call, and the expected message. */
const CALLS: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["a key that is undefined", () => redis.get(undefined), /Cannot send GET: the key is undefined/],
  ["a key that is null", () => redis.hget(null, "f"), /Cannot send HGET: the key is null/],
  [
    "a key that is undefined, with options",
    () => redis.set(undefined, "v", { ex: 1 }),
    /SET: the key is undefined/,
  ],
  [
    "a key that is undefined, in a pipeline",
    () => redis.pipeline().incr(undefined).exec(),
    /Cannot send INCR: the key is undefined/,
  ],
  [
    "a key that is undefined, in a transaction",
    () => redis.multi().incr(undefined).exec(),
    /Cannot send INCR: the key is undefined/,
  ],
  ["a forgotten await", () => redis.set("k", redis.ping()), /did you forget `await`\?/],
  ["a forgotten await, in a list", () => redis.sadd("s", [Promise.resolve(1)]), /did you forget `await`\?/],
  [
    "a field without a value",
    () => redis.hset("h", { a: 1, b: undefined }),
    /HSET: the value of "b" is undefined/,
  ],
  ["a value that is null in MSET", () => redis.mset({ a: null }), /MSET: the value of "a" is null/],
  ["options as words", () => redis.set("k", "v", "EX", 60), /write \{ ex: \.\.\. \}/],
  ["a flag as a word", () => redis.expire("k", 5, "nx"), /write \{ nx: true \}/],
  ["options in capitals", () => redis.set("k", "v", { EX: 60 }), /did you mean ex\?/],
  ["an unknown option", () => redis.set("k", "v", { seconds: 60 }), /there are nx, xx, ifeq, .*, get, ex/],
  ["more arguments than there are", () => redis.get("a", "b"), /GET: it takes 1 argument, and got 2/],
  ["arguments for a command without", () => redis.dbsize("a"), /DBSIZE: it takes no argument, and got 1/],
  ["eval as ioredis has it", () => redis.eval("return 1", 0), /keys and arguments are lists/],
  [
    "a pipeline of arrays",
    () => redis.pipeline([["set", "a", "b"]]).exec(),
    /pipeline\(\)\.set\("key", "value"\)/,
  ],
  ["on()", () => redis.on("error", () => {}), /use addEventListener/],
  ["quit()", () => redis.quit(), /use close\(\)/],
  ["disconnect()", () => redis.disconnect(), /use close\(\)/],
  ["select()", () => redis.select(1), /redis:\/\/localhost:6379\/1/],
  ["hGetAll()", () => redis.hGetAll("h"), /use hgetall\(\)/],
  ["flushAll()", () => redis.flushAll(), /use flushall\(\)/],
  ["getBuffer()", () => redis.getBuffer("k"), /use bytes\(\)\.get/],
  ["a transaction of a function", () => redis.multi((tx: Anything) => tx.incr("n")), /multi\(\)\.incr/],
  ["a pipeline of text", () => redis.pipeline("get k"), /multi\(\)\.incr/],
  ["watch() without a function", () => redis.watch("k"), /watch\(key, async/],
  ["cached() without a loader", () => redis.cached("k", { ttl: 5 }), /function that returns the value/],
  ["cached() with a number", () => redis.cached("k", 5, () => 1), /\{ ttl: 60_000 \}/],
  ["with() a number", () => redis.with(5).get("k"), /write with\(\{ timeout/],
  [
    "xread() of objects",
    () => redis.xread([{ key: "x", id: "0" }]),
    /XREAD: each pair must be a list of two/,
  ],
  ["xread() of text", () => redis.xread("x", "0"), /XREAD: /],
  ["scanIterator() of text", () => redis.scanIterator("a*").next(), /scanIterator\(\{ match/],
  ["a Date", () => redis.set("k", new Date()), /send its getTime\(\) or toISOString/],
  ["a Set", () => redis.sadd("s", new Set(["a"])), /spread it \(\[\.\.\.set\]\)/],
  ["a port for an address", () => new (Redis as Anything)(6379, "localhost"), /write \{ port \}/],
  [
    "a list of nodes as text",
    () => new RedisCluster("a:7000,b:7000" as Anything),
    /give a list of nodes to RedisCluster/,
  ],
  ["setEx()", () => redis.setEx("k", 1, "v"), /use setex\(\)/],
  ["the nodes of a cluster", () => new (Redis as Anything)([{ host: "a" }]), /use RedisCluster/],
  ["an address without a scheme", () => new Redis("localhost:6379"), /write redis:\/\/localhost:6379/],
  ["a number for an address", () => new Redis("127.0.0.1:6379"), /write redis:\/\//],
  [
    "rejectUnauthorized",
    () => new Redis({ tls: { rejectUnauthorized: false } as object }),
    /tls\.verify: "none"/,
  ],
];

describe("a typical mistake is refused by name", () => {
  for (const [name, call, message] of CALLS) {
    it(name, async () => {
      await assert.rejects(async () => await call(), (error: Error) => {
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it("and sends nothing", async () => {
    assert.deepEqual(await redis.keys("*"), []);
  });

  it("while names that commands have stay commands", async () => {
    assert.equal(await redis.set("k", "v", { ex: 60 }), "OK");
    assert.equal(await redis.setex("k", 60, "v"), "OK");
    assert.equal(await redis.get("k"), "v");
  });
});

describe("a wrong way to a server is named", () => {
  it("a password that is missing", async () => {
    await using closed = await startServer({ password: "secret" });
    await using client = new Redis({ host: closed.host, port: closed.port });
    await assert.rejects(client.get("k"), {
      name: "AuthenticationError",
      message: /the server requires a password; none was given$/,
    });
  });

  it("a plain connection to a TLS port", async () => {
    await using secure = await startServer({ tls: true });
    const to = { host: secure.host, port: secure.tlsPort!, retry: { attempts: 0 } };
    await using client = new Redis(to);
    await assert.rejects(client.connect(), {
      executed: "no",
      message: /does this port expect TLS\? Then use rediss:/,
    });
    await assert.rejects(client.with({ timeout: 500 }).get("k"), {
      executed: "no",
      message: /does this port expect TLS\?/,
    });
  });

  it("a TLS connection to a plain port", async () => {
    await using client = new Redis({ host: server.host, port: server.port, tls: {} });
    await assert.rejects(client.with({ timeout: 300 }).get("k"), {
      executed: "no",
      message: /does the server speak TLS at this port\?/,
    });
    await assert.rejects(client.with({ timeout: 300 }).blpop("k", 1), {
      executed: "no",
      message: /does the server speak TLS at this port\?/,
    });
  });

  it("a client of one server at a cluster", async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 0 });
    const { host, port } = cluster.masters[0]!;
    await using client = new Redis({ host, port });
    const results = await Promise.allSettled(["a", "b", "c", "d", "e", "f"].map((key) => client.get(key)));
    const messages = results.flatMap((one) => one.status === "rejected" ? [one.reason.message] : []);
    assert.ok(messages.length > 0);
    for (const message of messages) {
      assert.match(message, /^MOVED .*; this server is part of a cluster: use RedisCluster$/);
    }
    await assert.rejects(client.pipeline().get("a").get("b").get("c").get("d").exec(), /use RedisCluster/);
  });
});
