/**
 * Whatever a caller gives: the very bytes arrive, or it is refused before anything is sent.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Connection, Redis, RedisError } from "../../mod.ts";
import { type Server, startServer } from "../harness/server.ts";
import { closeClean, Follower, settleAll, stage } from "./support.ts";

let server: Server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Texts that would damage the protocol if they were not sent as bulk strings. */
const TEXTS: Readonly<Record<string, string>> = {
  "nothing": "",
  "CR LF": "\r\n",
  "an inline command": "\r\nFLUSHALL\r\n",
  "a command": "*1\r\n$8\r\nFLUSHALL\r\n",
  "a NUL": "a\0b",
  "a space": "a b",
  "quotes": `"'\\`,
  "a byte order mark": "\uFEFFa",
  "characters of four bytes": "😀".repeat(40),
  "48 characters of two bytes": "é".repeat(48),
  "49 characters": "x".repeat(49),
  "one less than what is copied": "x".repeat(16_383),
  "what is copied": "x".repeat(16_384),
  "more than what is copied": "x".repeat(16_385),
  "an arena": "x".repeat(65_536),
  "a megabyte of three bytes each": "€".repeat(350_000),
  "__proto__": "__proto__",
  "a number": "1e400",
};

describe("text and bytes arrive as they are", () => {
  for (const [name, text] of Object.entries(TEXTS)) {
    it(`${name}, as key, field and value`, async () => {
      await using redis = new Redis(server.url);
      await redis.set("canary", "alive");
      assert.equal(await redis.set(text, text), "OK");
      assert.equal(await redis.get(text), text);
      assert.deepEqual(await redis.bytes().get(bytes(text)), bytes(text));
      await redis.hset("hash", { [text]: text });
      const all = await redis.hgetall("hash");
      assert.equal(all[text], text);
      assert.equal(await redis.echo(text), text);
      assert.equal(await redis.del("hash"), 1);
      assert.equal(await redis.get("canary"), "alive");
      assert.equal(await redis.del(text), 1);
    });
  }

  it("each byte, alone and among others", async () => {
    await using redis = new Redis(server.url);
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const client = redis.bytes();
    await client.set(all, all);
    assert.deepEqual(await client.get(all), all);
    const calls = [...all].map((byte) => client.set(Uint8Array.of(byte), Uint8Array.of(byte, 13, 10)));
    await Promise.all(calls);
    for (const byte of all) {
      assert.deepEqual(await client.get(Uint8Array.of(byte)), Uint8Array.of(byte, 13, 10));
    }
  });

  it("views into other memory, and of other kinds", async () => {
    await using redis = new Redis(server.url);
    const whole = bytes("....value....");
    await redis.set("view", whole.subarray(4, 9));
    assert.equal(await redis.get("view"), "value");
    const shared = new Uint8Array(new SharedArrayBuffer(4));
    shared.set(bytes("abcd"));
    await redis.set("view", shared as Uint8Array);
    assert.equal(await redis.get("view"), "abcd");
  });

  it("numbers of every kind", async () => {
    await using redis = new Redis(server.url);
    const numbers: [number | bigint, string][] = [
      [0, "0"],
      [-0, "0"],
      [-1, "-1"],
      [2 ** 31, "2147483648"],
      [-(2 ** 31), "-2147483648"],
      [0.1, "0.1"],
      [1e21, "1e+21"],
      [Infinity, "inf"],
      [-Infinity, "-inf"],
      [2n ** 70n, String(2n ** 70n)],
    ];
    for (const [number, text] of numbers) {
      await redis.command("SET", "number", number);
      assert.equal(await redis.get("number"), text);
    }
  });

  it("large values, several at once", async () => {
    await using redis = new Redis(server.url, { commandTimeout: 30_000 });
    const large = new Uint8Array(24 * 1_048_576);
    for (let at = 0; at < large.length; at += 4_099) large[at] = at & 255;
    const [stored, small, again] = await Promise.all([
      redis.set("large", large),
      redis.echo("small"),
      redis.bytes().get("large"),
    ]);
    assert.deepEqual([stored, small], ["OK", "small"]);
    assert.ok(again !== null && again.length === large.length);
    assert.ok(again.every((byte, at) => byte === large[at]), "a byte is another");
    await redis.del("large");
  });
});

describe("names are never more than names", () => {
  it("a command's name cannot carry another command", async () => {
    await using redis = new Redis(server.url);
    await redis.set("canary", "alive");
    for (
      const name of ["GET\r\nFLUSHALL", "FLUSHALL\r\n", "*1\r\n$8\r\nFLUSHALL\r\n", "GET canary", "", " "]
    ) {
      await assert.rejects(redis.command(name, "canary"), RedisError);
    }
    assert.equal(await redis.get("canary"), "alive");
  });

  it("parts of a URL cannot carry a command", async () => {
    await server.cli("SET", "canary", "alive");
    const evil = encodeURIComponent("x\r\nFLUSHALL\r\n");
    const url = `redis://${evil}:${evil}@${server.host}:${server.port}`;
    await using redis = new Redis(url, { commandTimeout: 2_000, retry: false });
    await assert.rejects(redis.get("canary"), RedisError);
    assert.equal(String(await server.cli("GET", "canary")), "alive");
    assert.throws(() => new Redis(`${server.url}?clientName=${evil}`), RangeError);
    assert.throws(() => new Redis(`${server.url}?libName=${evil}`), RangeError);
    assert.throws(() => new Redis(`${server.url}/0%0d%0aFLUSHALL`), TypeError);
  });

  it("whoever shares a connection cannot change its state, however it is spelled", async () => {
    await using redis = new Redis(server.url);
    for (
      const words of [
        ["MULTI"],
        ["multi"],
        ["Select", "1"],
        ["SUBSCRIBE", "a"],
        ["MONITOR"],
        ["RESET"],
        ["HELLO", "2"],
        ["QUIT"],
        ["AUTH", "a"],
        ["CLIENT", "REPLY", "OFF"],
        ["client", "reply", "skip"],
        ["CLIENT", "TRACKING", "ON"],
        ["WATCH", "k"],
        ["SYNC"],
        ["PSYNC", "?", "-1"],
        ["READONLY"],
        ["ASKING"],
      ]
    ) {
      const [name, ...args] = words;
      await assert.rejects(redis.command(name!, ...args), (error: RedisError) => {
        assert.equal(error.code, "STATEFUL", `${words}: ${error.message}`);
        assert.equal(error.executed, "no");
        return true;
      });
    }
    assert.equal(await redis.echo("still mine"), "still mine");
  });

  it("a holder who changes it gives it back clean, words as bytes included", async () => {
    await using redis = new Redis(server.url);
    await redis.set("db", "0");
    for (const words of [["SELECT", 1], ["select", "1"], [bytes("SELECT"), bytes("1")]] as const) {
      const connection = await redis.pool.acquire();
      await connection.send(words);
      connection[Symbol.dispose]();
      using next = await redis.pool.acquire();
      assert.equal(await next.send(["GET", "db"]), "0");
    }
  });
});

describe("what cannot be sent is refused, and nothing is", () => {
  const wrong: readonly unknown[] = [
    undefined,
    null,
    true,
    NaN,
    Symbol("s"),
    {},
    [],
    () => {},
    new Date(0),
    new ArrayBuffer(2),
    new Uint16Array(2),
    new Map(),
  ];

  it("arguments of every wrong kind, alone, behind good ones and in a batch", async () => {
    for (const value of wrong) {
      const set = stage();
      const { clock, peer, redis } = set;
      await settleAll(clock, [new Follower(redis.connect())]);
      const sent = peer.received.length;
      const call = async (run: () => Promise<unknown>): Promise<unknown> => await run();
      const calls = [
        call(() => redis.set("k", value as never)),
        call(() => redis.set(value as never, "v")),
        call(() => redis.command("SET", "k", "v", value as never)),
        call(() => redis.command("SET", "k", "x".repeat(100_000), value as never)),
        call(() => redis.multi().incr("n").set("k", value as never).exec()),
      ].map((one) => new Follower(one));
      for (const outcome of await settleAll(clock, calls)) {
        assert.ok("error" in outcome, `${String(value)} was sent`);
        const { error } = outcome as { error: Error & { cause?: unknown } };
        assert.ok(
          error instanceof TypeError || error.cause instanceof TypeError || error instanceof RangeError,
          String(error),
        );
      }
      assert.deepEqual(peer.received.slice(sent), [], `${String(value)}: something was sent`);
      const next = new Follower(redis.echo("next"));
      assert.deepEqual(await settleAll(clock, [next]), [{ value: "next" }]);
      await closeClean(set);
    }
  });

  it("limits of a call", async () => {
    const set = stage();
    for (
      const options of [{ timeout: -1 }, { timeout: NaN }, { timeout: "1" }, { signal: {} }, { ttl: 1 }, {
        retry: { attempts: -1 },
      }, { retry: 3 }]
    ) {
      assert.throws(
        () => set.redis.with(options as never),
        (error) => error instanceof TypeError || error instanceof RangeError,
        JSON.stringify(options),
      );
    }
    await closeClean(set);
  });

  it("a connection that is used before or after its time", async () => {
    const connection = new Connection(server.url);
    const refused = (error: RedisError): boolean => error.code === "CLOSED" && error.executed === "no";
    await assert.rejects(connection.send(["PING"]), refused);
    await connection.connect();
    await connection.connect();
    await assert.rejects(connection.send([]), TypeError);
    await assert.rejects(connection.sendPacked(bytes("x"), 0), RangeError);
    assert.equal(await connection.send(["PING"]), "PONG");
    await connection.close();
    await assert.rejects(connection.send(["PING"]), refused);
    await assert.rejects(connection.connect(), refused);
  });
});
