/** Scripts that do not end: BUSY, SCRIPT KILL, FUNCTION KILL. @module */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { TestServer } from "../../testing.ts";

const LIMIT = { "busy-reply-threshold": "20" };

/** A server, a client whose script loops, and another client; resolves when the server is busy. */
async function withBusy(
  start: (redis: Redis) => Promise<unknown>,
  use: (other: Redis, running: Promise<unknown>, server: TestServer) => Promise<void>,
): Promise<void> {
  await using server = new TestServer({ config: LIMIT });
  await using redis = new Redis({ transport: server.transport, retry: false });
  await using other = new Redis({ transport: server.transport, retry: false });
  await redis.ping();
  await other.ping();
  const running = start(redis);
  running.catch(() => {});
  for (;;) {
    const error = await other.get("k").then(() => undefined, (reason) => reason);
    if (error?.code === "BUSY") break;
  }
  await use(other, running, server);
  assert.equal(await other.ping(), "PONG");
}

describe("a script that keeps the test server busy", () => {
  it("is killed by SCRIPT KILL, and other commands are refused until then", () =>
    withBusy(
      (redis) => redis.eval("while true do end"),
      async (other, running) => {
        await assert.rejects(other.set("k", "v"), {
          message: /BUSY Redis is busy running a script\. You can only call SCRIPT KILL or SHUTDOWN NOSAVE\./,
        });
        await assert.rejects(other.functionKill(), { code: "BUSY" });
        assert.equal(await other.scriptKill(), "OK");
        await assert.rejects(running, /Script killed by user with SCRIPT KILL.*on @user_script:1\./);
        await assert.rejects(other.scriptKill(), { code: "NOTBUSY" });
      },
    ));

  it("is killed even if it catches errors", () =>
    withBusy(
      (redis) => redis.eval("while true do\npcall(function() while true do end end)\nend"),
      async (other, running) => {
        assert.equal(await other.scriptKill(), "OK");
        await assert.rejects(running, /Script killed by user/);
      },
    ));

  it("is a function: FUNCTION STATS shows it, FUNCTION KILL ends it", () =>
    withBusy(
      async (redis) => {
        await redis.functionLoad(
          "#!lua name=b\nredis.register_function('b', function()\nwhile true do end end)",
        );
        return await redis.fcall("b", []);
      },
      async (other, running) => {
        const { running_script: shown } = await other.functionStats() as { running_script: { name: string } };
        assert.equal(shown.name, "b");
        await assert.rejects(other.scriptKill(), { code: "BUSY" });
        assert.equal(await other.functionKill(), "OK");
        await assert.rejects(running, /Script killed by user.*script: b, on @user_function:3\./);
      },
    ));

  it("has written, so it cannot be killed, and ends by itself", () =>
    withBusy(
      (redis) =>
        redis.eval(
          "redis.call('SET', KEYS[1], 1) local n = 0 for i = 1, 2e7 do n = n + 1 end return redis.call('INCRBY', KEYS[1], n)",
          ["n"],
        ),
      async (other, running) => {
        await assert.rejects(other.scriptKill(), { code: "UNKILLABLE" });
        assert.equal(await running, 20_000_001);
        assert.equal(await other.get("n"), "20000001");
      },
    ));

  it("is left by its client, and killed all the same", () =>
    withBusy(
      (redis) => redis.eval("while true do end"),
      async (other, running, server) => {
        assert.equal(server.kill({ id: 1 }), 1);
        await assert.rejects(running);
        assert.equal(await other.scriptKill(), "OK");
        for (;;) {
          const free = await other.get("k").then(() => true, (error) => error.code !== "BUSY");
          if (free) break;
        }
      },
    ));

  it("ends with an error where it cannot be interrupted: in pcall, and within EXEC", async () => {
    await using server = new TestServer({ config: LIMIT });
    await using redis = new Redis({ transport: server.transport });
    const inner = "local ok, why = pcall(function()\nwhile true do\nend end)\nreturn why";
    assert.match(await redis.eval(inner) as string, /ran longer than 20 ms/);
    const [error] = await redis.multi().eval("while true do end").exec({ errors: "return" } as never).catch(
      (reason) => [reason.cause ?? reason],
    );
    assert.match(String(error), /ran longer than 20 ms/);
    assert.equal(await redis.ping(), "PONG");
  });

  it("is gone with its server", async () => {
    const server = new TestServer({ config: LIMIT });
    await using redis = new Redis({ transport: server.transport, retry: false });
    const running = redis.eval("while true do end");
    running.catch(() => {});
    await using other = new Redis({ transport: server.transport, retry: false });
    for (;;) if ((await other.get("k").then(() => undefined, (reason) => reason))?.code === "BUSY") break;
    await server.close();
    await assert.rejects(running);
  });
});
