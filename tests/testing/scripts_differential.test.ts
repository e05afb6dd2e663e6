import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { TestServer } from "../../testing.ts";
import { type RawClient, rawClient } from "../harness/raw_client.ts";
import { type Server, startServer } from "../harness/server.ts";
import { SCRIPT_CASES } from "./script_cases.ts";

describe("Scripts of the test server and of a real one", () => {
  let real: Server;
  let mine: TestServer;
  let a: RawClient;
  let b: RawClient;
  let seven = false;

  before(async () => {
    real = await startServer();
    mine = new TestServer({ logLimit: 0 });
    await mine.listen();
    a = await rawClient({ port: real.port });
    b = await rawClient({ port: Number(new URL(mine.url).port) });
    const info = String(await a.call("INFO", "server"));
    seven = /redis_version:7\.0\./.test(info) && !/valkey/.test(info);
  });

  after(async () => {
    a.close();
    b.close();
    await mine.close();
    await real.stop();
  });

  const ask = async (client: RawClient, words: readonly string[]): Promise<unknown> => {
    try {
      return await client.call(...words);
    } catch (error) {
      return `-${(error as Error).message}`;
    }
  };

  it("reply alike", async (t) => {
    if (!seven) return t.skip("the real server is no Redis 7.0");
    for (const each of SCRIPT_CASES) {
      const words = typeof each === "string" ? ["EVAL", each, "1", "key", "arg"] : each;
      const [expected, actual] = await Promise.all([ask(a, words), ask(b, words)]);
      assert.deepEqual(actual, expected, JSON.stringify(words));
    }
  });
});
