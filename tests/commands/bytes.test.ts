/**
 * Replies to clients of bytes: bytes for data, text for names of the server; the same under RESP2 and RESP3.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as c from "../../src/commands/mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";
import { SocketExecutor } from "./executor.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const binary = new Uint8Array([0xff, 0x00, 0x0a, 0x0d]);

describe("replies as bytes", () => {
  let server: Server;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.stop());

  for (const protocol of [2, 3] as const) {
    it(`RESP${protocol}`, { skip: olderThan("7.0.0", "ZMPOP") }, async () => {
      const executor = await SocketExecutor.open(server.port, { protocol, bytes: true });
      const is = async <B>(command: c.Command<unknown, B>, expected: B) => {
        assert.deepEqual(await executor.execute(command as c.Command<B>), expected, command.spec.name);
      };
      try {
        await is(c.flushall(), "OK");
        await is(c.set(binary, binary), "OK");
        await is(c.get(binary), binary);
        await is(c.mget(binary, "none"), [binary, null]);
        await is(c.type(binary), "string");
        await is(c.hset("h", new Map([[binary, binary]])), 1);
        await is(c.hgetall("h"), new Map([[binary, binary]]));
        await is(c.hgetall("none"), new Map());
        await is(c.hscan("h", 0), { cursor: "0", entries: [[binary, binary]] });
        await is(c.hrandfield("h", 1, { withValues: true }), [[binary, binary]]);
        await is(c.zadd("z", 1.5, binary), 1);
        await is(c.zrange("z", 0, -1, { withScores: true }), [[binary, 1.5]]);
        await is(c.zscore("z", binary), 1.5);
        await is(c.zmpop("z", "MIN"), [bytes("z"), [[binary, 1.5]]]);
        await is(c.rpush("l", binary), 1);
        await is(c.blpop("l", 1), [bytes("l"), binary]);
        await is(c.sadd("s", binary), 1);
        await is(c.smembers("s"), [binary]);
        await is(c.scan(0, { type: "set" }), { cursor: "0", keys: [bytes("s")] });
        await is(c.xadd("x", "1-0", [["f", binary]]), bytes("1-0"));
        const entries = [{ id: "1-0", fields: new Map([[bytes("f"), binary]]) }];
        await is(c.xrange("x", "-", "+"), entries);
        await is(c.xread({ x: 0 }), new Map([[bytes("x"), entries]]));
        await is(c.xread({ x: "$" }), null);
        await is(c.pubsubNumsub("a"), new Map([[bytes("a"), 0]]));
        await is(c.pubsubNumsub(), new Map());
        const config = await executor.execute(c.configGet("port"));
        assert.deepEqual({ ...config }, { port: bytes(String(server.port)) });
        await is(c.objectEncoding("h"), bytes("listpack"));
        assert.ok((await executor.execute(c.info("server")) as unknown) instanceof Uint8Array);
        assert.ok(await executor.execute(c.dump("h")) instanceof Uint8Array);
      } finally {
        executor.close();
      }
    });
  }

  for (const protocol of [2, 3] as const) {
    for (const size of [4, 40]) {
      it(`returns plain objects of ${size} fields as JSON.parse does, RESP${protocol}`, async () => {
        const executor = await SocketExecutor.open(server.port, { protocol, bytes: false });
        try {
          const names = [
            "__proto__",
            "constructor",
            "toString",
            ...Array.from({ length: size - 3 }, (_, i) => `f${i}`),
          ];
          await executor.execute(c.del("proto"));
          await executor.execute(c.hset("proto", new Map(names.map((name) => [name, `v of ${name}`]))));
          const got = await executor.execute(c.hgetall("proto"));
          const wanted = JSON.parse(`{${names.map((name) => `"${name}": "v of ${name}"`).join()}}`);
          assert.deepStrictEqual(got, wanted);
          assert.equal(Object.getPrototypeOf(got), Object.prototype);
          assert.equal(`${await executor.execute(c.configGet("port"))}`, "[object Object]");
          assert.equal(({} as Record<string, unknown>).f0, undefined);
        } finally {
          executor.close();
        }
      });
    }
  }
});
