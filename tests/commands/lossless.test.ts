/**
 * Silent losses and changes must not occur: repeated fields, text that is not UTF-8, text that cannot be
 * sent, digits.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { EncodingError, type PipelineError, Redis } from "../../mod.ts";
import { streamEntry } from "../../src/commands/replies_data.ts";
import { olderThan } from "../harness/binaries.ts";
import { Dice } from "../harness/dice.ts";
import { hlen } from "../../src/commands/mod.ts";
import { type Server, startServer } from "../harness/server.ts";

const failure = <E = EncodingError>(promise: Promise<unknown>): Promise<E> =>
  promise.then((value) => assert.fail(`it must not resolve: ${value}`), (error) => error);
const BAD = Uint8Array.of(0xff, 0xfe);
const WORSE = Uint8Array.of(0xc0);
/** Numbers from a fixed seed, so that a failure can be repeated. */
function* random(seed: number): Generator<number, never, undefined> {
  for (let state = seed;;) yield (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

describe("an entry of a stream", () => {
  it("has `pairs` exactly if an object loses a name or the order of names", () => {
    const dice = new Dice(5);
    const NAMES = [
      "a",
      "b",
      "A",
      "",
      "0",
      "10",
      "2",
      "01",
      "-1",
      ".5",
      "1e3",
      " 1",
      "é",
      "__proto__",
      "toString",
    ];
    for (let round = 0; round < 3_000; round++) {
      const size = dice.pick([0, 1, 2, 3, 16, 17]);
      const pairs = Array.from({ length: size }, (_, index): [string, string] => [
        size < 9 ? dice.pick(NAMES) : `${dice.pick(NAMES)}${index}`,
        `value ${index}`,
      ]);
      const fields = JSON.parse(`{${pairs.map(([name, value]) => `${JSON.stringify(name)}:"${value}"`)}}`);
      const whole = Object.keys(fields).join("\n") === pairs.map(([name]) => name).join("\n");
      const found = streamEntry(["1-1", pairs.flat()], false) as { readonly fields: object };
      assert.deepEqual(found, { id: "1-1", fields, ...!whole && { pairs } });
      assert.deepEqual(Object.entries(found.fields), Object.entries(fields));
      const read = streamEntry(["1-1", pairs.flat(), 5, 2], false);
      assert.deepEqual(read, { ...found, idle: 5, deliveries: 2 });
    }
  });
});

for (const protocol of [2, 3] as const) {
  describe(`nothing is lost, RESP${protocol}`, () => {
    let server: Server;
    let redis: Redis;
    before(async () => {
      server = await startServer();
      redis = new Redis(server.url, { protocol });
    });
    after(async () => {
      await redis.close();
      await server.stop();
    });

    describe("entries of streams", () => {
      type Pair = [field: string, value: string];
      const REPEATED: Pair[] = [["a", "1"], ["b", "2"], ["a", "3"]];
      const CASES: [what: string, Pair[]][] = [
        ["a repeated field", REPEATED],
        ["a field repeated at once", [["a", "1"], ["a", "1"]]],
        ["names of numbers, which objects put first", [["b", "1"], ["10", "2"], ["2", "3"]]],
        ["__proto__ twice", [["__proto__", "1"], ["__proto__", "2"]]],
      ];
      for (const [what, pairs] of CASES) {
        it(`keep ${what}, whatever reads them`, async () => {
          await redis.del("s");
          await redis.xadd("s", "1-1", pairs);
          await redis.xadd("s", "2-1", { plain: "1" });
          await redis.xgroupCreate("s", "g", "0");
          const fields = JSON.parse(`{${pairs.map(([n, v]) => `${JSON.stringify(n)}:"${v}"`)}}`);
          const entry = { id: "1-1", fields, pairs };
          const simple = { id: "2-1", fields: { plain: "1" } };
          const all = [entry, simple];
          assert.deepEqual(await redis.xrange("s", "-", "+"), all);
          assert.deepEqual(await redis.xrevrange("s", "+", "-"), [simple, entry]);
          assert.deepEqual((await redis.xread({ s: 0 }))!.s, all);
          assert.deepEqual((await redis.xreadgroup("g", "c", { s: ">" }))!.s, all);
          assert.deepEqual(await redis.xclaim("s", "g", "d", 0, "1-1"), [entry]);
          if (!olderThan("6.2", "XAUTOCLAIM")) {
            assert.deepEqual((await redis.xautoclaim("s", "g", "d", 0, "0")).entries, all);
          }
          assert.deepEqual((await redis.xinfoStream("s"))["first-entry"], entry);
          assert.deepEqual((await redis.multi().xrange("s", "-", "+").exec())[0], all);
          assert.deepEqual((await redis.pipeline().xrange("s", "-", "+").exec())[0], all);
          const [binary] = await redis.bytes().xrange("s", "-", "+");
          assert.equal(binary!.fields.size, pairs.length);
          assert.ok(!("pairs" in binary!));
          for await (
            const message of redis.consume({ stream: "s", group: "new", consumer: "c", create: "0" })
          ) {
            assert.deepEqual(message.pairs, pairs);
            assert.deepEqual(message.fields, fields);
            break;
          }
        });
      }
    });

    describe("replies that are no text", () => {
      it("of a command that takes away what it returns: all of it is in the error", async () => {
        await redis.del("jobs");
        await redis.rpush("jobs", "1", BAD, "é", WORSE);
        const error = await failure(redis.lpop("jobs", 4));
        assert.ok(error instanceof EncodingError);
        assert.deepEqual([error.bytes, error.reply], [BAD, ["1", BAD, "é", WORSE]]);
        assert.ok(!Object.keys(error).includes("reply"));
        await redis.rpush("jobs", BAD);
        assert.deepEqual((await failure(redis.lpop("jobs"))).reply, BAD);
      });

      it("of pipelines, transactions and scripts", async () => {
        const take =
          "local all = redis.call('LRANGE', KEYS[1], 0, -1); redis.call('DEL', KEYS[1]); return all";
        const ways: [string, () => Promise<unknown>][] = [
          ["pipeline", () => redis.pipeline().lpop("jobs", 2).exec()],
          ["transaction", () => redis.multi().lpop("jobs", 2).exec()],
          ["script", () => redis.pipeline().eval(take, ["jobs"]).exec()],
          ["script in a transaction", () => redis.multi().eval(take, ["jobs"]).exec()],
        ];
        for (const [what, run] of ways) {
          await redis.del("jobs");
          await redis.rpush("jobs", "x".repeat(2_000), BAD);
          const { cause } = await failure<PipelineError>(run());
          assert.deepEqual((cause as EncodingError).reply, ["x".repeat(2_000), BAD], what);
        }
      });

      it("of maps, streams and pops", async () => {
        await redis.del("h", "s");
        await redis.hset("h", new Map<string | Uint8Array, string | Uint8Array>([["a", BAD], [WORSE, "b"]]));
        const { reply } = await failure(redis.hgetall("h"));
        const flat = reply instanceof Map ? [...reply].flat() : reply;
        assert.deepEqual(flat, ["a", BAD, WORSE, "b"]);
        await redis.xadd("s", "1-1", [["a", BAD], ["b", "c"]]);
        await redis.xgroupCreate("s", "g", "0");
        const read = await failure(redis.xreadgroup("g", "c", { s: ">" }, { noAck: true }));
        assert.match(JSON.stringify(read.reply), /1-1.*"b","c"/);
      });
    });

    describe("what cannot be sent as it is", () => {
      const LONE = ["\ud800", "a\udc00b", "\udc00\ud800", `${"x".repeat(5_000)}\ud800`, "é\ud83d"];
      for (const text of LONE) {
        it(`${JSON.stringify(text.slice(-8))}, of ${text.length}: refused, and nothing of the command is sent`, async () => {
          await redis.flushall();
          const refused = { name: "TypeError", message: /argument \d+ of \w+: .*lone surrogate/ };
          await assert.rejects(redis.set(text, "v"), refused);
          await assert.rejects(redis.set("k", text), refused);
          await assert.rejects(redis.hset("h", { [text]: "1", other: "2" }), refused);
          await assert.rejects(redis.mset({ "x": "y".repeat(70_000), [text]: "2" }), refused);
          await assert.rejects(redis.multi().set("k", "v").set("k", text).exec(), refused);
          await assert.rejects(redis.pipeline().set("p", text).exec());
          await assert.rejects(redis.publish("c", text), refused);
          await assert.rejects(redis.command("SET", "k", text), /lone surrogate/);
          assert.equal(await redis.dbsize(), 0);
          await redis.set("k", text.toWellFormed());
          assert.equal(await redis.get("k"), text.toWellFormed());
        });
      }

      it("pairs of surrogates are characters", async () => {
        for (const text of ["😀", "\ud83d\ude00".repeat(3_000), "\ufffd"]) {
          await redis.set("k", text);
          assert.equal(await redis.get("k"), text);
        }
      });
    });

    describe("digits", () => {
      it("INCRBYFLOAT and HINCRBYFLOAT return what GET returns, digit by digit", async () => {
        await redis.del("n", "h");
        await redis.set("n", "9007199254740993");
        await redis.hset("h", { n: "9007199254740993" });
        assert.equal(await redis.incrbyfloat("n", "0.25"), await redis.get("n"));
        assert.equal(await redis.hincrbyfloat("h", "n", "0.25"), await redis.hget("h", "n"));
        assert.match((await redis.get("n"))!, /^9007199254740993\.25/);
        assert.deepEqual(await redis.bytes().incrbyfloat("n", 0), await redis.bytes().get("n"));
      });

      it("scores are doubles, here and there", async () => {
        const numbers = random(7);
        const scores = [0.1 + 0.2, 1e-7, 5e-324, Number.MAX_VALUE, 2 ** 53 + 2, 1 / 3, -1 / 3];
        for (let i = 0; i < 200; i++) {
          scores.push((numbers.next().value - 0.5) * 10 ** Math.round(numbers.next().value * 40 - 20));
        }
        for (const score of scores) {
          await redis.del("z");
          assert.equal(await redis.zincrby("z", score, "m"), score);
          assert.equal(await redis.zscore("z", "m"), score);
          assert.equal(await redis.zincrby("z", score / 3, "m"), score + score / 3);
        }
      });

      it("-0 is 0, as String(-0) is, so that an offset that was computed can be sent", async () => {
        await redis.set("k", -0);
        assert.equal(await redis.get("k"), "0");
        await redis.del("l");
        await redis.rpush("l", "a", "b");
        assert.deepEqual(await redis.lrange("l", -0, -0), ["a"]);
      });
    });
  });
}

describe("inherited properties", () => {
  it("are not sent, not as fields and not as options", async () => {
    await using server = await startServer();
    await using redis = new Redis(server.url);
    const prototype = Object.prototype as Record<string, unknown>;
    prototype.polluted = "x";
    try {
      await redis.hset("h", { a: 1 });
      await redis.mset({ m: 1 });
      await redis.xadd("s", "1-1", { a: 1 });
      await redis.zadd("z", 1, "m");
      await redis.set("k", 1, { ex: 100 });
      assert.equal(await redis.with({ timeout: 1_000 }).hlen("h"), 1);
      assert.deepEqual(await redis.hkeys("h"), ["a"]);
      assert.deepEqual((await redis.xread({ s: 0 }))!.s, [{ id: "1-1", fields: { a: "1" } }]);
      const [fields] = await redis.multi().hgetall("h").exec();
      assert.deepEqual(Object.keys(fields), ["a"]);
      const { n } = await redis.pipeline({ n: hlen("h") }).exec();
      assert.equal(n, 1);
      assert.equal(await redis.exists("polluted"), 0);
      assert.deepEqual((await redis.keys("*")).sort(), ["h", "k", "m", "s", "z"]);
      class Own {
        a = "1";
        b(): string {
          return "2";
        }
      }
      assert.equal(await redis.hset("own", { ...new Own() } as never), 1);
      const subscription = redis.subscription("c", { buffer: 10 });
      await subscription.return?.();
    } finally {
      delete prototype.polluted;
    }
  });
});
